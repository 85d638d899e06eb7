# Las funciones de una cuenta
funciones-titulo = Funciones
funciones-que = Una persona puede tener varias; al entrar elige con cuál trabaja.
funciones-cual = Función que termina
funciones-terminar = Terminar esta función
funciones-terminar-que = Lo pendiente que lleva a su nombre en ella pasa al establecimiento.
funciones-dar = Dar otra función
funciones-ya = Ya tiene esa función ahí
funciones-unica = Es su única función: termine la cuenta
funciones-falta = Elija una función que tenga ahora
hecho-funcion-dada = La función está dada. Vale desde la próxima vez que entre o cambie de función.
hecho-funcion-terminada = La función terminó. Lo pendiente pasó al establecimiento.
