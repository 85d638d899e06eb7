horarios-titulo = Horarios de la agenda
horarios-ir = Horarios
horarios-volver = Volver a los horarios
horarios-nuevo = Abrir horarios
horarios-sin-servicios = Su establecimiento no tiene servicios anotados
horarios-sin-servicios-que = Pida a quien administra la red que los anote.
horarios-nada-titulo = No hay horarios abiertos en estas fechas
horarios-nada = Abra horarios para que se puedan dar citas.
horarios-mostrados = Del { $desde } al { $hasta }
horarios-tabla = Lugares por día
horarios-libres = Libres
horarios-citas = Con cita
horarios-cerrados = Cerrados
horarios-cambiar = Cerrar o abrir
horarios-que = Qué se abre
horarios-cuando = Cuándo
horarios-cuando-ayuda = Los asuetos se saltan solos. Lo que ya está abierto no se repite.
horarios-dias = Días de la semana
horarios-dias-falta = Marque al menos un día
horarios-de = De las
horarios-a = A las
horarios-hora-ayuda = Por ejemplo 8:00
horarios-hora-mal = Escriba la hora, por ejemplo 8:00
horarios-al-reves = Escriba una hora después de la primera
horarios-minutos = Minutos por persona
horarios-minutos-mal = Escriba de 5 a 240 minutos
horarios-hasta = Hasta el día
horarios-fecha-falta = Escriba la fecha, por ejemplo 01/12/2026
horarios-largo = Escriba una fecha después de la primera y a no más de { $n } días
horarios-modalidad-falta = Elija la modalidad
horarios-muchos = Son más de { $n } lugares: acorte las fechas
horarios-ver = Ver antes de abrir
horarios-vista = Lo que se abrirá
horarios-otros = Lo que se abriría ya no es lo que usted vio.
horarios-otros-que = No se abrió nada. Revise los lugares de abajo y confirme.
horarios-total = { $n ->
    [0] Nada nuevo
    [one] 1 lugar en { $dias } día
   *[other] { $n } lugares en { $dias } días
  }
horarios-ya-estan = { $n ->
    [one] 1 lugar ya está en la agenda y no se repite
   *[other] { $n } lugares ya están en la agenda y no se repiten
  }
horarios-dia-lugares = { $dia }: { $n }, de { $de } a { $a }
horarios-abrir = { $n ->
    [one] Abrir 1 lugar
   *[other] Abrir { $n } lugares
  }
horarios-dia-titulo = Cerrar o abrir un día
horarios-dia-hay = { $libres } libres, { $citas } con cita, { $cerrados } cerrados
horarios-con-citas = Ese día ya hay citas.
horarios-con-citas-que = Cerrar el día no las toca. Cámbielas o cancélelas una por una.
horarios-ver-citas = Ver las citas de ese día
horarios-cerrar-titulo = Cerrar lo que está libre
horarios-motivo = Por qué
horarios-motivo-ayuda = Por ejemplo: capacitación del personal.
horarios-motivo-falta = Escriba por qué se cierra
horarios-cerrar = { $n ->
    [one] Cerrar 1 lugar
   *[other] Cerrar { $n } lugares
  }
horarios-reabrir = { $n ->
    [one] Abrir otra vez 1 lugar
   *[other] Abrir otra vez { $n } lugares
  }

cita-boton-proponer = Proponer: falta que la persona confirme

hecho-lugares = { $n ->
    [one] Se abrió 1 lugar.
   *[other] Se abrieron { $n } lugares.
  }
hecho-dia-cerrado = { $n ->
    [0] No había lugares libres que cerrar.
    [one] Se cerró 1 lugar: nadie más puede tomarlo.
   *[other] Se cerraron { $n } lugares: nadie más puede tomarlos.
  }
hecho-dia-abierto = { $n ->
    [0] No había lugares cerrados que abrir.
    [one] Se abrió otra vez 1 lugar.
   *[other] Se abrieron otra vez { $n } lugares.
  }
hecho-propuesta = Cita propuesta. El lugar está apartado hasta que la persona responda.
