tejido = Tejido
ir-al-contenido = Ir al contenido
nav-principal = Principal
nav-inicio = Inicio
nav-personas = Personas
nav-cuenta = Mi cuenta
impreso-el = Impreso el { $fecha }
salir = Salir
aviso = Aviso
sintetico = SINTÉTICO
demo = Red de demostración. Las personas y sus datos son inventados.
pie = Tejido, software libre para la red de servicios de salud.
accesibilidad = Accesibilidad
privacidad = Privacidad
ayuda = Ayuda
volver-inicio = Volver a Inicio
paginas = Páginas
anterior = Anterior
siguiente = Siguiente
prioridad = P{ $n }

hace-un-momento = hace un momento
hace-minutos = hace { $n ->
    [one] { $n } minuto
   *[other] { $n } minutos
}
hace-horas = hace { $n ->
    [one] { $n } hora
   *[other] { $n } horas
}
hace-dias = hace { $n ->
    [one] { $n } día
   *[other] { $n } días
}
hace-meses = hace { $n ->
    [one] { $n } mes
   *[other] { $n } meses
}
dia-en-palabras = { $semana } { $dia } de { $mes }
fecha-en-palabras = { $dia } de { $anio }
lunes = lunes
martes = martes
miercoles = miércoles
jueves = jueves
viernes = viernes
sabado = sábado
domingo = domingo
enero = enero
febrero = febrero
marzo = marzo
abril = abril
mayo = mayo
junio = junio
julio = julio
agosto = agosto
septiembre = septiembre
octubre = octubre
noviembre = noviembre
diciembre = diciembre

vencio-hoy = Venció hoy
vencio-hace-dias = Venció hace { $n ->
    [one] { $n } día
   *[other] { $n } días
}
vence-hoy = Vence hoy { $hora }
vence-este-dia = Vence hoy
vence-manana = Vence mañana
quedan-dias = { $n ->
    [one] Queda { $n } día
   *[other] Quedan { $n } días
}

errores-titulo = { $n ->
    [one] Falta corregir { $n } respuesta
   *[other] Falta corregir { $n } respuestas
}
campo-largo = Escriba { $n } caracteres o menos
campo-fecha = Escriba un día que exista, por ejemplo 24/11/2026

rol-enfermeria = Enfermería
rol-medico = Medicina
rol-especialista = Especialista
rol-enlace = Enlace comunitario
rol-trabajo-social = Trabajo social
rol-interprete = Intérprete
rol-gestor = Coordinación de red
rol-supervision = Supervisión de distrito
rol-direccion = Dirección
rol-citas = Citas
rol-administrador = Administración
rol-auditor = Auditoría
rol-asesoria = Asesoría
rol-sistema = Sistema

no-esta-titulo = No encontramos esa página
no-esta = Revise la dirección. Si llegó desde un enlace, puede que ya no exista o que no le corresponda verla.
borrado-titulo = Ya no está
borrado = Lo que busca fue eliminado. Su historia la conserva auditoría.
no-puede-titulo = Su función no permite esto
no-puede = Si lo necesita para su trabajo, pídalo a su supervisión o entre con la función que corresponde.
sin-sello-titulo = Vuelva a abrir la página
sin-sello = No guardamos nada: la página estaba abierta desde hace mucho o se entró con otro usuario. Ábrala de nuevo y envíe otra vez.
dos-veces-titulo = Ya lo estamos guardando
dos-veces = Recibimos este envío hace un momento. Espere y vuelva a abrir la página para ver cómo quedó.
ya-enviada-titulo = Esta hoja ya se envió
ya-enviada = Usted la envió antes y volvió atrás. Lo que cambió después no se guardó. Vea lo que quedó y, si falta algo, agréguelo allí.
cambio-titulo = Alguien lo cambió antes
cambio = Mientras usted escribía, otra persona guardó un cambio. No se guardó lo suyo. Revise cómo quedó y decida de nuevo.
regla-titulo = Esto no se puede hacer ahora
regla = No guardamos nada. { $razon }
regla-senales = Hay una señal de peligro o no se preguntó por ellas: primero el traslado urgente.
regla-tarea-abierta = Una tarea del plan no está terminada: el puesto la anota primero como hecha o dice por qué no se pudo.
regla-objecion = Lo que el puesto no pudo espera la respuesta de quien atendió o de la coordinación.
regla-sin-acuerdo = No hay un acuerdo vigente con la institución de ese lugar, y allí nadie vería la referencia. Elija un lugar de su institución, o pida a su dirección que haga o reanude el acuerdo. Si hay peligro, llame al lugar por teléfono y mande la hoja impresa.
regla-funcion = Ese paso lo da otra función, o quien está en otro establecimiento.
regla-temprano = Todavía no es la hora: se atiende desde el día de la cita, y la falta se anota cuando la cita ha pasado.
regla-cita = La cita o su lugar ya no están como se veían. Vuelva a la referencia y revise.
regla-paso = La referencia no puede pasar de su estado a ese. Vuelva a ella y vea qué se puede hacer.
regla-otra = Una regla del expediente no lo permite. Revise lo escrito o pida ayuda a quien administra Tejido.
muy-grande-titulo = Lo que envió es demasiado grande
muy-grande = No guardamos nada. Acorte el texto o envíe un archivo más pequeño.
ilegible-titulo = No pudimos leer lo que envió
ilegible = No guardamos nada. Vuelva a abrir la página y envíe otra vez.
problema-ver = Ver todo como está ahora
problema-enviar = Enviar lo que escribí
tarde-titulo = Tardó demasiado
tarde = No llegó completo a tiempo, o no pudimos responderle. Abra la página, revise si quedó guardado y, si no, envíe otra vez.
ocupado-titulo = Espere un momento
ocupado = No guardamos nada. Intente de nuevo en { $n ->
    [one] { $n } segundo
   *[other] { $n } segundos
}.
sin-rastro-titulo = Por ahora no se puede ver ninguna historia
sin-rastro = Tejido anota quién ve los datos de cada persona y en este momento no puede anotarlo, así que no los muestra. Avise ya a quien administra Tejido: el disco del servidor puede estar lleno.
falla-titulo = Algo falló aquí
falla = No es culpa suya. Intente de nuevo; si sigue fallando, avise a quien administra Tejido.
