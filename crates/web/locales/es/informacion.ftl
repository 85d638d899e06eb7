acc-que = Tejido debe servirle a toda persona que atiende, con la vista, el pulso y el teléfono que tenga.
acc-puede-titulo = Lo que puede hacer
acc-teclado = Usar todo con el teclado. La tecla Tab avanza; el marco amarillo y azul dice dónde está.
acc-zoom = Agrandar hasta 400 % sin que la página se corra hacia los lados.
acc-lector = Leer con un lector de pantalla: cada campo dice su nombre, su ayuda y su error.
acc-sin-js = Trabajar sin JavaScript y con señal lenta.
acc-papel = Imprimir las listas y leerlas en blanco y negro.
acc-falta-titulo = Lo que falta
acc-falta = Todavía no hay audio ni texto en idiomas mayas. Si algo le cuesta, dígalo a su supervisión de distrito para que llegue a quienes hacen Tejido.

priv-que = Tejido guarda la historia de salud de las personas. Aquí dice quién la ve y qué queda escrito.
priv-ve-titulo = Quién ve una historia
priv-ve = La ve el equipo que atiende a la persona, el servicio al que fue referida y, solo lo de la referencia, quien la coordina. Para buscar a una persona basta su nombre; para abrir su historia hace falta una razón de atención.
priv-queda-titulo = Qué queda escrito
priv-queda = Cada vez que alguien abre o cambia una historia queda escrito quién fue, cuándo y desde dónde. La persona puede pedir esa lista y una copia de su historia.
priv-urgencia-titulo = En una urgencia
priv-urgencia = Si usted no atiende a la persona y necesita abrir su historia, escriba la razón. La historia se abre y auditoría revisa la razón.
priv-navegador-titulo = En este navegador
priv-navegador = Usamos solo las cookies que hacen falta para entrar y para avisarle qué se guardó. Nadie más recibe datos de su visita.

ayu-entrar-titulo = No puedo entrar
ayu-entrar = Revise que el usuario esté bien escrito. Tras varios intentos fallidos la cuenta espera unos minutos antes de aceptar otro. Si olvidó su contraseña, pida una nueva a su supervisión de distrito o a quien administra las cuentas.
ayu-codigo-titulo = Perdí el teléfono de los códigos
ayu-codigo = Entre con uno de sus códigos de recuperación, los que guardó en papel; cada uno sirve una vez. Si no los tiene, pida ayuda a quien administra las cuentas.
ayu-telefono-titulo = Compartimos un teléfono
ayu-telefono = Toque “Salir” al terminar y que la otra persona entre con su propio usuario. Lo que se guarda queda a nombre de quien entró.
ayu-sesion-titulo = La sesión terminó mientras escribía
ayu-sesion = Lo que escribió no se pierde: entre otra vez y confirme el envío.
