impreso-titulo = Referencia impresa
impreso-codigo = Código o número de la hoja
impreso-ayuda = El código de 8 letras y números está bajo el cuadro QR; el número empieza con REF.
impreso-boton = Abrir la referencia
impreso-desconocido = No conocemos ese código, o la referencia no le corresponde a usted.
impreso-que-hacer = Compárelo con la hoja y escríbalo otra vez. Si está bien escrito, entre con la función que la atiende o llame al establecimiento que la envió: su nombre está en la hoja.
