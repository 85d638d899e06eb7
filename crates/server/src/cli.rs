//! The command line, in Spanish or English by the caller's locale.

use std::path::PathBuf;

use clap::{Arg, ArgAction, ArgMatches, Command, value_parser};

use crate::settings::{SETTINGS, Values};

/// The language of help and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Language {
    /// Spanish.
    Es,
    /// English.
    En,
}

impl Language {
    /// From `LC_ALL`, `LC_MESSAGES`, `LANG`, the first that says something.
    pub fn of(variable: impl Fn(&str) -> Option<String>) -> Self {
        let locale = ["LC_ALL", "LC_MESSAGES", "LANG"]
            .into_iter()
            .find_map(|name| variable(name).filter(|text| !text.is_empty()));
        if locale.is_some_and(|locale| locale.to_lowercase().starts_with("es")) { Self::Es } else { Self::En }
    }

    /// One of two texts.
    pub fn say<'a>(self, es: &'a str, en: &'a str) -> &'a str {
        match self {
            Self::Es => es,
            Self::En => en,
        }
    }
}

/// The whole grammar.
pub fn command(language: Language) -> Command {
    let say: Say<'_> = &|es, en| language.say(es, en);
    let mut root = Command::new("tejido")
        .version(env!("CARGO_PKG_VERSION"))
        .about(say(
            "Tejido: el expediente de la red de servicios de salud y sus dos circuitos.",
            "Tejido: the record of a health-service network and its two loops.",
        ))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .disable_help_subcommand(true)
        .arg(
            Arg::new("config")
                .long("config")
                .global(true)
                .help_heading(say("Ajustes", "Settings"))
                .value_name(say("ARCHIVO", "FILE"))
                .value_parser(value_parser!(PathBuf))
                .help(say(
                    "Archivo TOML con los ajustes (o TEJIDO_CONFIG)",
                    "TOML file with the settings (or TEJIDO_CONFIG)",
                )),
        );
    for setting in SETTINGS {
        let arg = Arg::new(setting.name)
            .long(setting.flag())
            .global(true)
            .help_heading(say("Ajustes", "Settings"))
            .help(say(setting.es, setting.en));
        root = root.arg(match setting.value {
            None => arg.action(ArgAction::SetTrue),
            Some((es, en)) => arg.value_name(say(es, en)),
        });
    }
    root.subcommand(demo(say))
        .subcommand(Command::new("serve").about(say("Atiende por HTTP", "Serves over HTTP")))
        .subcommand(user(say))
        .subcommand(token(say))
        .subcommand(load(say))
        .subcommand(network(say))
        .subcommand(jobs(say))
        .subcommand(
            Command::new("backup")
                .about(say(
                    "Copia consistente en un archivo, aun sirviendo",
                    "Consistent copy to one file, while serving",
                ))
                .arg(file(say)),
        )
        .subcommand(
            Command::new("restore")
                .about(say("Llena un almacén vacío desde una copia", "Fills an empty store from a backup"))
                .arg(file(say))
                .arg(
                    Arg::new("force")
                        .long("force")
                        .action(ArgAction::SetTrue)
                        .help(say("Reemplaza lo que haya", "Replaces what is there")),
                ),
        )
        .subcommand(
            Command::new("rebuild")
                .about(say("Rehace las vistas desde la bitácora", "Makes the views anew from the log")),
        )
        .subcommand(Command::new("check").about(say(
            "Revisa el almacén; el código de salida dice si está sano",
            "Checks the store; the exit code says whether it is sound",
        )))
}

type Say<'a> = &'a dyn Fn(&'static str, &'static str) -> &'static str;

fn file(say: Say<'_>) -> Arg {
    Arg::new("file").required(true).value_name(say("ARCHIVO", "FILE")).value_parser(value_parser!(PathBuf))
}

fn demo(say: Say<'_>) -> Command {
    Command::new("demo")
        .about(say("La red de demostración, sembrada y servida", "The demonstration network, seeded and served"))
        .arg(Arg::new("fresh").long("fresh").action(ArgAction::SetTrue).help(say("Empieza de nuevo", "Begins anew")))
        .arg(Arg::new("people").long("people").hide(true).value_parser(value_parser!(usize)))
        .arg(Arg::new("referrals-percent").long("referrals-percent").hide(true).value_parser(value_parser!(usize)))
        .arg(
            Arg::new("seed-only")
                .long("seed-only")
                .action(ArgAction::SetTrue)
                .help(say("Siembra y termina, sin servir", "Seeds and ends, without serving")),
        )
}

fn user(say: Say<'_>) -> Command {
    let name = || Arg::new("user").required(true).value_name(say("USUARIO", "USER"));
    Command::new("user")
        .about(say("Cuentas de personas", "People's accounts"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("add")
                .about(say(
                    "Agrega una cuenta; pide la contraseña o la lee de la entrada",
                    "Adds an account; the password is read from standard input",
                ))
                .arg(name())
                .arg(
                    Arg::new("name")
                        .long("name")
                        .required(true)
                        .value_name(say("NOMBRE", "NAME"))
                        .help(say("Nombre de la persona", "The person's name")),
                )
                .arg(
                    Arg::new("role").long("role").required(true).value_name(say("ROL", "ROLE")).help(say(
                        "Rol: administrador, enfermeria, medico…",
                        "Role: administrador, enfermeria, medico…",
                    )),
                )
                .arg(
                    Arg::new("facility")
                        .long("facility")
                        .value_name("ID")
                        .help(say("Establecimiento (id de Organization)", "Facility (id of its Organization)")),
                )
                .arg(
                    Arg::new("institution")
                        .long("institution")
                        .value_name(say("CÓDIGO", "CODE"))
                        .help("MSPAS, IGSS, …"),
                ),
        )
        .subcommand(Command::new("password").about(say("Cambia la contraseña", "Changes the password")).arg(name()))
        .subcommand(Command::new("disable").about(say("Cierra la cuenta", "Closes the account")).arg(name()))
        .subcommand(territory(say).arg(name()))
        .subcommand(
            Command::new("role")
                .about(say("Da o termina funciones de una cuenta", "Gives or ends roles of an account"))
                .subcommand_required(true)
                .arg_required_else_help(true)
                .subcommand(Command::new("add").about(say("Da una función más", "Gives one more role")).args(at(say)))
                .subcommand(
                    Command::new("end").about(say("Termina una de varias", "Ends one of several")).args(at(say)),
                ),
        )
}

/// Whose role, which, and where.
fn at(say: Say<'_>) -> [Arg; 3] {
    let facility = say("Establecimiento (id de Organization)", "Facility (id of its Organization)");
    [
        Arg::new("user").required(true).value_name(say("USUARIO", "USER")),
        Arg::new("role")
            .long("role")
            .required(true)
            .value_name(say("ROL", "ROLE"))
            .help(say("Rol: enfermeria, medico, gestor-red…", "Role: enfermeria, medico, gestor-red…")),
        Arg::new("facility").long("facility").required(true).value_name("ID").help(facility),
    ]
}

fn territory(say: Say<'_>) -> Command {
    let area = |id: &'static str, help: &'static str| {
        Arg::new(id).long(id).action(ArgAction::Append).value_name(say("LUGAR", "AREA")).help(help)
    };
    Command::new("territory")
        .about(say(
            "Dice por qué establecimientos responde, y los cambia",
            "Tells the facilities that somebody answers for, and changes them",
        ))
        .arg(area(
            "add",
            say(
                "Agrega los de un lugar: gt-16, gt-1601, ddriss-220, o el id de uno",
                "Adds those of an area: gt-16, gt-1601, ddriss-220, or the id of one",
            ),
        ))
        .arg(area("remove", say("Quita los de un lugar", "Takes those of an area away")))
        .arg(
            Arg::new("facility")
                .long("facility")
                .value_name("ID")
                .help(say("Cuál función, por su establecimiento", "Which role, by its facility")),
        )
}

fn token(say: Say<'_>) -> Command {
    Command::new("token")
        .about(say("Fichas para máquinas", "Tokens for machines"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("create")
                .about(say("Crea una ficha; en la salida, solo la ficha", "Makes a token; prints the token alone"))
                .arg(Arg::new("role").long("role").required(true).value_name(say("ROL", "ROLE")).help("sistema, …"))
                .arg(Arg::new("scopes").long("scopes").value_name(say("PERMISOS", "SCOPES")).help(say(
                    "Permisos (por omisión system/*.cruds tejido/sensible)",
                    "Scopes (system/*.cruds tejido/sensible if not said)",
                )))
                .arg(
                    Arg::new("label")
                        .long("label")
                        .value_name(say("TEXTO", "TEXT"))
                        .help(say("Para qué es", "What it is for")),
                )
                .arg(
                    Arg::new("institution")
                        .long("institution")
                        .value_name(say("CÓDIGO", "CODE"))
                        .help("MSPAS, IGSS, …"),
                )
                .arg(Arg::new("facility").long("facility").value_name("ID").help(say("Establecimiento", "Facility")))
                .arg(
                    Arg::new("days")
                        .long("days")
                        .value_parser(value_parser!(u32))
                        .value_name("N")
                        .help(say("Días de vigencia (por omisión 365)", "Days it is good for (365 if not said)")),
                ),
        )
        .subcommand(
            Command::new("revoke")
                .about(say("Revoca una ficha", "Revokes a token"))
                .arg(Arg::new("id").required(true).value_name("ID")),
        )
        .subcommand(Command::new("list").about(say("Lista las fichas", "Lists the tokens")))
}

fn jobs(say: Say<'_>) -> Command {
    let number = Arg::new("number").required(true).value_name("N").value_parser(value_parser!(u64));
    Command::new("jobs")
        .about(say("Trabajos que fallaron del todo", "Jobs that failed for good"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(Command::new("list").about(say(
            "Los lista: número, clase, clave, intentos y el último error",
            "Lists them: number, kind, key, tries and the last error",
        )))
        .subcommand(Command::new("retry").about(say("Intenta uno otra vez", "Tries one again")).arg(number))
}

fn load(say: Say<'_>) -> Command {
    Command::new("load")
        .about(say(
            "Carga FHIR (Bundle, NDJSON; también .gz) de un archivo o carpeta",
            "Loads FHIR (Bundle, NDJSON; .gz too) from a file or folder",
        ))
        .arg(
            Arg::new("what")
                .required(true)
                .value_name(say("ARCHIVO|CARPETA", "FILE|DIR"))
                .value_parser(value_parser!(PathBuf)),
        )
        .arg(report(say))
        .arg(Arg::new("custodian").long("custodian").value_name(say("CÓDIGO", "CODE")).help(say(
            "Institución que guarda lo que no dice quién lo guarda: MSPAS, IGSS, …",
            "Institution that keeps what does not say who keeps it: MSPAS, IGSS, …",
        )))
        .args_conflicts_with_subcommands(true)
        .subcommand_negates_reqs(true)
        .subcommand(
            Command::new("codes")
                .about(say(
                    "Carga códigos (CIE-10 u otros) de un CSV o CodeSystem de FHIR, también .gz",
                    "Loads codes (ICD-10 or others) from a CSV or FHIR CodeSystem, .gz too",
                ))
                .arg(file(say).help(say(
                    "CSV en UTF-8; la primera línea nombra las columnas codigo y descripcion",
                    "CSV in UTF-8; the first line names the columns code and display",
                )))
                .arg(Arg::new("system").long("system").value_name("URI").help(say(
                    "Sistema de códigos del CSV (por omisión, CIE-10)",
                    "Code system of the CSV (ICD-10 if not said)",
                )))
                .arg(report(say)),
        )
}

fn network(say: Say<'_>) -> Command {
    Command::new("network")
        .about(say("La red: territorio y mapa", "The network: territory and map"))
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommand(
            Command::new("outlines")
                .about(say(
                    "Carga contornos de departamentos y municipios; el mapa los muestra de inmediato",
                    "Loads outlines of departments and municipalities; the map shows them at once",
                ))
                .arg(file(say).help(say(
                    "GeoJSON (FeatureCollection, WGS84) con el código INE en properties.code",
                    "GeoJSON (FeatureCollection, WGS84) with the INE code in properties.code",
                ))),
        )
}

fn report(say: Say<'_>) -> Arg {
    Arg::new("report")
        .long("report")
        .value_name(say("ARCHIVO", "FILE"))
        .value_parser(value_parser!(PathBuf))
        .help(say("Lo rechazado y por qué, en NDJSON", "What was refused and why, as NDJSON"))
}

/// The settings given as flags, wherever in the line they stood.
pub fn flags(matches: &ArgMatches) -> Values {
    let mut values = Values::new();
    for setting in SETTINGS {
        match setting.value {
            None if matches.get_flag(setting.name) => {
                values.insert(setting.name.to_owned(), "true".to_owned());
            }
            Some(_) => {
                if let Some(value) = matches.get_one::<String>(setting.name) {
                    values.insert(setting.name.to_owned(), value.clone());
                }
            }
            None => {}
        }
    }
    values
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_grammar_holds_in_both_languages() {
        command(Language::Es).debug_assert();
        command(Language::En).debug_assert();
    }

    #[test]
    fn help_follows_the_locale() {
        let of = |locale: &str| Language::of(|name| (name == "LANG").then(|| locale.to_owned()));
        assert_eq!((of("es_GT.UTF-8"), of("C.UTF-8")), (Language::Es, Language::En));
        assert!(command(Language::Es).render_help().to_string().contains("Revisa el almacén"));
        assert!(command(Language::En).render_help().to_string().contains("Checks the store"));
    }

    #[test]
    fn a_setting_may_stand_after_the_command() {
        let matches = command(Language::En).try_get_matches_from(["tejido", "check", "--data", "x"]).unwrap();
        let (_, inner) = matches.subcommand().unwrap();
        assert_eq!(flags(inner).get("data").map(String::as_str), Some("x"));
    }
}
