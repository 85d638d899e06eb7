inicio-titulo = Lo que espera por usted
inicio-nada-titulo = Nada espera por usted
inicio-nada = Cuando algo espere por su función, aparecerá aquí; lo más atrasado primero.
inicio-sin-lista = Su función no lleva lista de trabajo.
inicio-ir-referencias = Ver las referencias de su territorio
inicio-ir-lista = Ver las referencias
inicio-ir-agenda = Ver la agenda
inicio-ir-horarios = Ver los horarios
inicio-ir-cuentas = Ver las cuentas
inicio-ir-auditoria = Ver la auditoría
inicio-ir-cifras = Ver las cifras
inicio-ir-red = Ver la red
inicio-salidas = Salidas por confirmar
inicio-hacer-revisar = Revisar
inicio-traslados = Traslados urgentes
inicio-acusar = Contrarreferencias por leer y confirmar
inicio-buscar = Personas por buscar
inicio-completar = Referencias por completar
inicio-tareas = Tareas de seguimiento
inicio-borradores = Borradores
inicio-revisar = Referencias por revisar
inicio-agenda = Citas de hoy
inicio-fila = { $servicio } · { $numero } · { $desde }
inicio-antes-de = Antes del { $fecha }
inicio-de = { $n } de { $total }

entrar-titulo = Entrar
entrar-usuario = Usuario
entrar-clave = Contraseña
entrar-boton = Entrar
entrar-no-puedo = No puedo entrar
entrar-guardado-titulo = Su sesión terminó. Lo que escribió está guardado.
entrar-guardado = Entre otra vez y confirme el envío.
entrar-falta-usuario = Escriba su usuario
entrar-falta-clave = Escriba su contraseña
entrar-no-coincide = El usuario o la contraseña no coinciden. Escriba los dos otra vez.
entrar-espere = Hubo varios intentos. Espere { $n ->
    [one] { $n } minuto
   *[other] { $n } minutos
} y pruebe otra vez.
entrar-de-nuevo = Pasó mucho tiempo. Entre otra vez.

codigo-titulo = Escriba su código
codigo-campo = Código
codigo-ayuda = Los 6 números de la aplicación en su teléfono, o un código de recuperación.
codigo-boton = Entrar
codigo-perdi = Perdí el teléfono de los códigos
codigo-falta = Escriba el código
codigo-no-coincide = Ese código no coincide. Escriba el que se ve ahora.

funcion-titulo = ¿Con qué función trabaja hoy?
funcion-que = Verá lo que espera por esa función. Puede cambiarla en Mi cuenta.

seguir-titulo = Falta enviar lo que escribió
seguir-que = Entró como { $nombre }. Se guardará a su nombre. Si lo escribió otra persona, descártelo.
seguir-boton = Enviar lo que escribí
seguir-descartar = Descartar

cuenta-titulo = Mi cuenta
cuenta-clave-titulo = Cambiar la contraseña
cuenta-clave-actual = Contraseña de ahora
cuenta-clave-nueva = Contraseña nueva
cuenta-clave-repetida = Contraseña nueva otra vez
cuenta-clave-boton = Cambiar la contraseña
cuenta-funcion = Cambiar de función
clave-ayuda = 10 letras o más. Puede ser una frase que solo usted recuerde.
clave-falta-actual = Escriba la contraseña que usa ahora
clave-falta-nueva = Escriba la contraseña nueva
clave-corta = Escriba 10 letras o más, y que no sea una contraseña común ni su usuario
clave-distinta = Escriba dos veces la misma contraseña
clave-no-es = Esa no es su contraseña de ahora

segundo-titulo = Segundo paso al entrar
segundo-que = Además de la contraseña, un código de su teléfono. Nadie entra con solo saber su contraseña.
segundo-activar = Activar el segundo paso
segundo-como = Abra en su teléfono la aplicación de códigos y lea este cuadro. Después escriba el código que aparece.
segundo-qr = Código QR para su aplicación de códigos
segundo-a-mano = Si no puede leerlo, escriba esta clave en la aplicación:
segundo-codigo = Código de la aplicación
segundo-codigo-ayuda = 6 números
segundo-confirmar = Activar
codigos-titulo = Guarde estos códigos en papel
codigos-aviso = No los volveremos a mostrar.
codigos-aviso2 = Si pierde el teléfono, cada código sirve para entrar una vez.
codigos-listo = Ya los guardé

sesiones-titulo = Dónde está abierta su cuenta
sesiones-que = Si no reconoce una, ciérrela y cambie su contraseña.
sesion-desde = Abierta el { $desde } · usada { $usada }
sesion-esta = Este navegador
sesion-cerrar = Cerrar
sesion-sin-lugar = Lugar desconocido

cambio-forzado-titulo = Elija una contraseña nueva
cambio-forzado-que = La que usó era para una sola vez.

hecho-salio = Salió. Ya puede entrar otra persona.
hecho-clave = Su contraseña cambió. Las demás sesiones se cerraron.
hecho-segundo-paso = El segundo paso está activo. La próxima vez le pediremos un código.
hecho-sesion = Esa sesión se cerró.

cuenta-turno-titulo = Cambiar de persona o de función
cuenta-turno-que = Bloquee si presta el teléfono un momento; salga si terminó su turno.
cuenta-seguridad = Cómo entra
volver-cuenta = Volver a Mi cuenta
invitacion-titulo = Elija su contraseña
invitacion-que = Con ella y su usuario entrará a Tejido.
invitacion-boton = Guardar la contraseña
invitacion-vencida = La invitación ya se usó o venció. Pida una nueva a quien administra las cuentas.
hecho-elegida = Su contraseña está guardada. Entre con ella.
inicio-hacer-traslado = Ver el traslado
inicio-hacer-acusar = Leer y confirmar
inicio-hacer-buscar = Anotar que apareció
inicio-hacer-completar = Completar y reenviar
inicio-hacer-tarea = Anotar lo hecho
