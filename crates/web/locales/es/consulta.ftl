linea-anulada = Anulada
linea-anulada-por = Motivo: { $razon }
