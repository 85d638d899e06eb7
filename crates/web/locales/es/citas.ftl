cita-dar = Dar cita
cita-cambiar = Cambiar la cita
cita-ahora = Tiene cita:
cita-desde = Desde el día
cita-como = Modalidad
cita-todas = Todas
cita-buscar = Buscar
cita-lugares = Lugares libres
cita-cuando = { $dia }, { $hora }
cita-primero = El más próximo
cita-fecha = Fecha
cita-distancia = Distancia desde quien refiere: { $distancia }.
cita-mostrados = { $desde } a { $hasta } de { $total } lugares
cita-elija = Elija un lugar
cita-ocupado = Alguien tomó ese lugar antes. Elija otro: ahora están libres { $libres }
cita-ocupado-nada = Alguien tomó ese lugar antes y no queda otro libre
cita-por-que = Motivo del cambio
cita-motivo = ¿Por qué se cambia?
cita-motivo-ayuda = Por ejemplo: la persona pidió otro día.
cita-motivo-falta = Escriba por qué se cambia la cita
cita-boton-dar = Dar esta cita
cita-boton-cambiar = Cambiar a este lugar
cita-nada-titulo = No hay lugares libres en { $lugar }
cita-nada = Pida a citas de ese lugar que abra horarios, o busque desde otro día. La persona sigue en la lista con su fecha de espera.
cita-quitar-filtros = Quitar los filtros
cita-dos-faltas = Ya faltó a dos citas.
cita-dos-faltas-que = Antes de otra cita, alguien busca a la persona y decide: vuelve a la lista o sale de ella.
cita-sin-formulario = Todavía no se le puede dar cita
cita-otros = También atienden
cita-otros-que = Para ir a otro lugar, la coordinación redirige la referencia.

comprobante-titulo = Su cita
comprobante-hora = A las { $hora }. Llegue media hora antes.
comprobante-lugar = Lugar
comprobante-direccion = Dirección
comprobante-telefono = Teléfono
comprobante-servicio = Servicio
comprobante-refiere = La refiere
comprobante-numero = Referencia
comprobante-traiga = Traiga
comprobante-dpi = DPI o partida de nacimiento
comprobante-hoja = Esta hoja y la hoja de referencia
comprobante-resultados = Resultados de exámenes y los medicamentos que toma
comprobante-lengua = Alguien que la acompañe, si lo necesita. Si habla otro idioma, pida intérprete en su puesto
comprobante-no-puede = Si no puede ir, avise en su puesto antes de ese día: otra persona puede usar el lugar.
comprobante-imprimir = Para imprimir, use el menú de su navegador o Ctrl + P.

hecho-citada = Cita dada. Entregue esta hoja a la persona.
hecho-cita-cambiada = Cita cambiada. Entregue la hoja nueva; el lugar anterior quedó libre.

nav-agenda = Agenda
agenda-titulo = Agenda
agenda-cuantas = { $n ->
    [0] Sin citas
    [one] 1 cita, { $atendidas } atendida
   *[other] { $n } citas, { $atendidas } atendidas
  }
agenda-dias = Días
agenda-anterior = Día anterior
agenda-hoy = Hoy
agenda-siguiente = Día siguiente
agenda-dia = Día
agenda-servicio = Servicio
agenda-estado = Estado
agenda-todos = Todos
agenda-ver = Ver
agenda-tabla = Citas del día, por hora
agenda-hora = Hora
agenda-horas = { $de } a { $a }
agenda-persona = Persona
agenda-que = Servicio y motivo
agenda-de = Refiere
agenda-hacer = Qué hacer
agenda-senales = Señales de peligro
agenda-espera = Por atender
agenda-atendida = Atendida
agenda-no-asistio = No asistió
agenda-propuesta = Propuesta
agenda-atender = Atender
agenda-contrarreferir = Contrarreferir
agenda-anotar-falta = No asistió
agenda-cambiar = Cambiar la cita
agenda-volver = Volver a la agenda
agenda-nada-titulo = No hay citas
agenda-nada = El { $dia } no hay citas en su establecimiento.
agenda-nada-mas = El { $dia } no hay citas en su establecimiento, ni después.
agenda-ver-dia = Ver el { $dia }
agenda-nada-filtros = Ninguna cita de ese día coincide con los filtros.
agenda-quitar-filtros = Quitar los filtros
agenda-ver-hoy = Ver hoy
agenda-corte = Se muestran las primeras { $n } citas del día.


