terr-titulo = Territorio
terr-que = { $n ->
    [one] Responde por { $n } establecimiento además del suyo.
   *[other] Responde por { $n } establecimientos además del suyo.
}
terr-nada = Responde solo por su propio establecimiento.
terr-funcion = Función
terr-funcion-falta = Elija la función
terr-area = Departamento, DDRISS, distrito o municipio
terr-area-falta = Elija el lugar
terr-area-ya = Ya responde por todos los establecimientos de ese lugar
terr-area-no = No responde por ningún otro establecimiento de ese lugar
terr-aviso = Se agregan o se quitan los establecimientos que hoy están en ese lugar. La persona lo ve desde su próxima página. Si después se abre otro establecimiento ahí, agregue el lugar otra vez.
terr-agregar = Agregar
terr-quitar = Quitar
terr-departamento = { $nombre } (departamento)
terr-municipio = { $nombre }, { $departamento }
terr-sin-municipio = Sin municipio conocido
hecho-territorio = El territorio quedó guardado. Para deshacerlo, agregue o quite el lugar otra vez.
