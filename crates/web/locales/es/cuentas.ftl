nav-cuentas = Cuentas
cuentas-titulo = Cuentas
cuentas-que = { $n ->
    [one] Usted responde por { $n } cuenta.
   *[other] Usted responde por { $n } cuentas.
}
cuentas-buscar = Buscar por nombre, usuario o establecimiento
cuentas-buscar-boton = Buscar
cuentas-nueva = Agregar una cuenta
cuentas-nadie-titulo = Ninguna cuenta coincide
cuentas-nadie = Escriba menos palabras, o agregue la cuenta que falta.
cuentas-persona = Persona
cuentas-funcion = Función y establecimiento
cuentas-estado = Estado
cuentas-activa = Activa
cuentas-desactivada = Desactivada
cuentas-segundo = Segundo paso activo
cuentas-sin-segundo = Sin segundo paso
cuentas-volver = Volver a Cuentas
cuentas-funcion-en = { $rol }, { $lugar }

nueva-nombre = Nombres y apellidos
nueva-nombre-falta = Escriba los nombres y apellidos de la persona
nueva-usuario = Usuario
nueva-usuario-ayuda = De 3 a 64 letras o números, sin espacios. Por ejemplo: ixmucane.caal
nueva-usuario-falta = Escriba el usuario
nueva-usuario-mal = Use de 3 a 64 letras, números, puntos o guiones
nueva-usuario-tomado = Ese usuario ya existe. Escriba otro.
nueva-rol = Función
nueva-rol-falta = Elija la función
nueva-lugar = Establecimiento
nueva-lugar-falta = Elija el establecimiento
nueva-elija = Elija
nueva-entrada = Cómo entrará la primera vez
nueva-invitacion = Con una invitación: un enlace que sirve una vez, durante 7 días
nueva-clave = Con una contraseña temporal, que cambiará al entrar
nueva-no-puede = Usted no responde por esa función en ese establecimiento
nueva-boton = Agregar la cuenta

secreto-titulo = Entregue esto a { $nombre }
secreto-aviso = No lo volveremos a mostrar.
secreto-aviso2 = Entréguelo en persona o por un medio seguro. Si se pierde, dé uno nuevo desde la cuenta.
secreto-usuario = Usuario
secreto-enlace = Enlace de invitación
secreto-clave = Contraseña temporal
secreto-listo = Ya lo entregué

gestion-propia = Esta es su propia cuenta. Otra persona que administra tiene que cambiarla.
gestion-reiniciar = Dar otra entrada
gestion-reiniciar-que = Cierra sus sesiones. La invitación también quita la contraseña, el PIN y el segundo paso.
gestion-invitacion = Dar una invitación nueva
gestion-clave = Dar una contraseña temporal
gestion-suspender = Suspender
gestion-suspender-que = No podrá entrar hasta que alguien la active otra vez. Nada se borra.
gestion-desactivar = Desactivar
gestion-activar = Activar
gestion-terminar = Terminar la cuenta
gestion-terminar-que = Cuando la persona deja el servicio. Sus funciones se cierran; lo que hizo queda a su nombre.
gestion-pendiente = { $n ->
    [one] Tiene { $n } tarea abierta a su nombre. Entréguela a un establecimiento antes de terminar.
   *[other] Tiene { $n } tareas abiertas a su nombre. Entréguelas a un establecimiento antes de terminar.
}
gestion-entregar-a = Entregar a
gestion-entregar = Entregar las tareas
gestion-terminar-boton = Terminar la cuenta
hecho-desactivada = La cuenta quedó desactivada y sus sesiones se cerraron.
hecho-activada = La cuenta está activa otra vez.
hecho-terminada = La cuenta terminó y sus funciones se cerraron.
hecho-entregada = Las tareas quedaron a cargo del establecimiento.
