lote = Varias a la vez
lote-titulo = Cuentas por tabla
lote-que = Cree, reinicie o termine varias cuentas con un libro XLSX. Primero verá qué haría; nada se hace hasta que usted confirme.
lote-plantilla = Descargar la plantilla con sus cuentas (XLSX)
lote-archivo-ayuda = XLSX o CSV en UTF-8, hasta 300 filas con acción
lote-col-accion = crear, reiniciar o terminar. Vacía: la cuenta queda como está.
lote-col-nombre = Nombres y apellidos; solo para crear
lote-col-lugar = Nombre o código de un establecimiento de los suyos; solo para crear
lote-col-entrada = enlace (invitación de un solo uso, 7 días) o clave (contraseña temporal). Vacía: enlace.
lote-col-entregar = Al terminar: el establecimiento que recibe las tareas abiertas
lote-lugares = Establecimientos por los que usted responde
lote-accion-mal = Escriba crear, reiniciar o terminar, o deje vacía la acción
lote-entrada-mal = Escriba enlace o clave, o déjela vacía
lote-funcion-mal = Escriba una función de las que usted puede dar, como en la lista
lote-lugar-mal = Escriba el nombre o el código de un establecimiento de los suyos; si varios se llaman igual, el código
lote-usuario-no = No hay una cuenta suya con ese usuario
lote-propia = Es su propia cuenta: otra persona tiene que cambiarla
lote-repetido = El usuario está repetido en el archivo
lote-vacio = Ninguna fila tiene acción. Escriba crear, reiniciar o terminar en al menos una.
lote-muchas = El archivo pide más de { $n } acciones. Divídalo en dos.
lote-crear = Crear
lote-reiniciar = Reiniciar
lote-terminar = Terminar
lote-revise = { $n ->
    [one] Revise { $n } fila antes de confirmar
   *[other] Revise { $n } filas antes de confirmar
}
lote-confirmar-que = Todavía no se ha hecho nada. Cada fila se hace por separado: si una no se puede, las demás sí.
lote-confirmar = Hacer todo
lote-filas = Filas
lote-hecho = Las cuentas quedaron hechas
lote-nada = Ninguna cuenta cambió
lote-a-medias = Las tareas se entregaron; la cuenta sigue
lote-entrega = entrega sus tareas a { $lugar }
lote-aviso = Imprima esta página desde el menú de su navegador o con Ctrl + P, y entregue a cada persona lo suyo en un medio seguro.
lote-rechazadas = { $n ->
    [one] { $n } fila no se pudo hacer.
   *[other] { $n } filas no se pudieron hacer.
}
lote-rechazadas-que = Corrija solo las que faltan y súbalas otra vez.
lote-resultado = Resultado
lote-no = No se hizo
lote-regla = No se puede: si tiene tareas abiertas, escriba a quién se entregan
lote-fallo = Algo falló. Inténtelo otra vez con esta fila.
