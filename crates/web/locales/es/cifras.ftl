# Lo que ve la asesoría: números, nunca personas.
nav-cifras = Cifras
cifras-titulo = Cifras de las referencias
cifras-que = Cuántas referencias hay y qué pasó con ellas. Las cantidades se redondean de cinco en cinco, y de una a cuatro se dice «menos de 5», para que nadie pueda ser reconocido.
cifras-al = Contadas el { $hora }.
cifras-pais = Todo el país
cifras-meses = Los últimos seis meses
cifras-meses-que = Según el mes en que se enviaron; no importa cuándo se atendieron o cerraron.
cifras-desde = Enviadas desde el
cifras-enviadas = Enviadas
cifras-atendidas = Ya atendidas
cifras-cerradas = Circuito cerrado
cifras-estados = En qué están hoy
cifras-estado = Estado
cifras-cuantas = Cuántas
cifras-ninguna = Ninguna
cifras-pocas = Menos de 5
cifras-unas = { $n }
