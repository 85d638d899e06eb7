//! What the command line answers instead of running: help, version, and what was wrong with the
//! line. The parser speaks English only; this says the same in Spanish.

use std::process::ExitCode;

use clap::Error;
use clap::error::{ContextKind, ContextValue, ErrorKind};

use crate::cli::Language;

/// The parser's own words in a help text.
const HELP: &[(&str, &str)] = &[
    ("Usage:", "Uso:"),
    ("[OPTIONS]", "[OPCIONES]"),
    ("[COMMAND]", "[ORDEN]"),
    ("<COMMAND>", "<ORDEN>"),
    ("\nCommands:", "\nÓrdenes:"),
    ("\nArguments:", "\nArgumentos:"),
    ("\nOptions:", "\nOpciones:"),
    ("Print help", "Muestra esta ayuda"),
    ("Print version", "Muestra la versión"),
];

/// Prints what the line asked for or what is wrong with it; the exit code is the parser's.
pub fn tell(language: Language, error: &Error) -> ExitCode {
    let text = match language {
        Language::En => error.render().to_string(),
        Language::Es => spanish(error),
    };
    match error.use_stderr() {
        true => eprintln!("{}", text.trim_end()),
        false => println!("{}", text.trim_end()),
    }
    ExitCode::from(u8::try_from(error.exit_code()).unwrap_or(2))
}

fn spanish(error: &Error) -> String {
    let about = |kind| match error.get(kind) {
        Some(ContextValue::String(text)) => text.clone(),
        Some(ContextValue::Strings(texts)) => texts.join(", "),
        _ => String::new(),
    };
    let argument = about(ContextKind::InvalidArg);
    let told = match error.kind() {
        ErrorKind::DisplayVersion => return error.render().to_string(),
        ErrorKind::DisplayHelp | ErrorKind::DisplayHelpOnMissingArgumentOrSubcommand => {
            return HELP.iter().fold(error.render().to_string(), |text, (en, es)| text.replace(en, es));
        }
        ErrorKind::UnknownArgument => format!("no existe «{argument}»"),
        ErrorKind::InvalidSubcommand => format!("no hay ninguna orden «{}»", about(ContextKind::InvalidSubcommand)),
        ErrorKind::MissingSubcommand => "falta la orden".to_owned(),
        ErrorKind::MissingRequiredArgument => format!("falta {argument}"),
        ErrorKind::ArgumentConflict => {
            format!("«{argument}» está repetido o no va junto con «{}»", about(ContextKind::PriorArg))
        }
        ErrorKind::InvalidValue if about(ContextKind::InvalidValue).is_empty() => {
            format!("falta el valor de «{argument}»")
        }
        ErrorKind::InvalidUtf8 => "hay texto que no es UTF-8".to_owned(),
        _ => format!("«{}» no sirve como «{argument}»", about(ContextKind::InvalidValue)),
    };
    let near = [ContextKind::SuggestedArg, ContextKind::SuggestedSubcommand].map(about).concat();
    let near = if near.is_empty() { near } else { format!(" ¿Quiso decir «{near}»?") };
    format!("tejido: {told}.{near}\nLa ayuda: tejido --help")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cli;

    fn told(line: &[&str]) -> String {
        spanish(&cli::command(Language::Es).try_get_matches_from(line).unwrap_err())
    }

    #[test]
    fn help_has_no_english_word_left() {
        for line in [&["tejido", "--help"][..], &["tejido"], &["tejido", "user", "add", "--help"], &["tejido", "token"]]
        {
            let help = told(line);
            assert!(help.contains("Uso: tejido") && help.contains("Muestra esta ayuda"), "{help}");
            for word in ["Usage", "OPTIONS", "COMMAND", "Commands", "Options", "Arguments", "Print"] {
                assert!(!help.contains(word), "{word} in {help}");
            }
        }
    }

    #[test]
    fn a_wrong_line_is_told_with_its_word() {
        for (line, words) in [
            (&["tejido", "chek"][..], &["ninguna orden «chek»", "¿Quiso decir «check»?"][..]),
            (&["tejido", "check", "--dato", "x"], &["no existe «--dato»", "¿Quiso decir «--data»?"]),
            (&["tejido", "backup"], &["falta <ARCHIVO>"]),
            (&["tejido", "check", "--data"], &["falta el valor de «--data"]),
            (&["tejido", "token", "create", "--role", "sistema", "--days", "x"], &["«x» no sirve como «--days <N>»"]),
        ] {
            let told = told(line);
            for word in words {
                assert!(told.contains(word), "{told}");
            }
        }
    }
}
