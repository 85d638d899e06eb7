# Información sensible
sensible-titulo = Información sensible
sensible-ayuda = Lo marcado no lo ven citas, dirección ni otros servicios. Se marca solo según el diagnóstico y el servicio; una vez guardado no se quita.
sensible-campo = ¿Hay algo de esto?
sensible-opcion = { $clase }: { $ven }
sensible-tratante = sólo la ve el equipo tratante
sensible-tratante-y = sólo la ven el equipo tratante y { $quienes }
sensible-marca = Confidencial: { $clases }
sensible-cuide = Sólo la ve el equipo tratante y los roles que la política nombra. No la comente ni la muestre a nadie más.
