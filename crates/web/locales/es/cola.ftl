cola-ir-lista = Ir a la lista
cola-donde = { $n } de { $total } en «{ $vista }»
cola-ya-no = Ya no está en «{ $vista }»: quedan { $total }
cola-hecha = Fue en la referencia { $numero }: verla
cola-hecha-anterior = Fue en la referencia anterior, que ya no le toca: ver la lista
