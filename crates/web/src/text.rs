//! Everything that people read comes from `locales/es/*.ftl`, by key. A key is always a literal in
//! `t("…")`, in Rust and in templates alike, so that a test can hold every key used against every
//! key there is.

use std::fmt;
use std::sync::LazyLock;

use fluent_bundle::concurrent::FluentBundle;
use fluent_bundle::{FluentArgs, FluentResource, FluentValue};
use unic_langid::LanguageIdentifier;

use crate::format::number;

/// The resources of the Spanish bundle, by file.
pub const SPANISH: &[(&str, &str)] = &[
    ("acuerdos", include_str!("../locales/es/acuerdos.ftl")),
    ("avisos", include_str!("../locales/es/avisos.ftl")),
    ("cifras", include_str!("../locales/es/cifras.ftl")),
    ("citas", include_str!("../locales/es/citas.ftl")),
    ("impreso", include_str!("../locales/es/impreso.ftl")),
    ("cola", include_str!("../locales/es/cola.ftl")),
    ("horarios", include_str!("../locales/es/horarios.ftl")),
    ("contrarreferencia", include_str!("../locales/es/contrarreferencia.ftl")),
    ("auditoria", include_str!("../locales/es/auditoria.ftl")),
    ("comun", include_str!("../locales/es/comun.ftl")),
    ("cuenta", include_str!("../locales/es/cuenta.ftl")),
    ("cuentas", include_str!("../locales/es/cuentas.ftl")),
    ("informacion", include_str!("../locales/es/informacion.ftl")),
    ("personas", include_str!("../locales/es/personas.ftl")),
    ("referencia", include_str!("../locales/es/referencia.ftl")),
    ("consulta", include_str!("../locales/es/consulta.ftl")),
    ("referencias", include_str!("../locales/es/referencias.ftl")),
    ("puesto", include_str!("../locales/es/puesto.ftl")),
    ("piezas", include_str!("../locales/es/piezas.ftl")),
    ("registro", include_str!("../locales/es/registro.ftl")),
    ("funciones", include_str!("../locales/es/funciones.ftl")),
    ("turno", include_str!("../locales/es/turno.ftl")),
    ("sensible", include_str!("../locales/es/sensible.ftl")),
    ("red", include_str!("../locales/es/red.ftl")),
    ("cuentas-lote", include_str!("../locales/es/cuentas-lote.ftl")),
    ("territorio", include_str!("../locales/es/territorio.ftl")),
    ("importar", include_str!("../locales/es/importar.ftl")),
    ("red-editar", include_str!("../locales/es/red-editar.ftl")),
];

static BUNDLE: LazyLock<FluentBundle<FluentResource>> = LazyLock::new(|| {
    let mut bundle =
        FluentBundle::new_concurrent(vec![LanguageIdentifier::from_bytes(b"es").expect("es is a language")]);
    bundle.set_use_isolating(false);
    bundle.set_formatter(Some(|value, _| match value {
        FluentValue::Number(n) => Some(number(n.value)),
        _ => None,
    }));
    for (name, source) in SPANISH {
        let resource = FluentResource::try_new((*source).to_owned())
            .unwrap_or_else(|(_, errors)| panic!("locales/es/{name}.ftl can't be read: {errors:?}"));
        bundle.add_resource(resource).unwrap_or_else(|errors| panic!("locales/es/{name}.ftl: {errors:?}"));
    }
    bundle
});

/// A text by its key, with its values; shows itself in Spanish.
#[derive(Clone, Debug)]
pub struct Text {
    key: &'static str,
    values: Vec<(&'static str, FluentValue<'static>)>,
}

/// The text of that key.
pub fn t(key: &'static str) -> Text {
    Text { key, values: Vec::new() }
}

impl Text {
    /// Gives it a value that the message names.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: impl Value) -> Self {
        self.values.push((name, value.fluent()));
        self
    }
}

impl fmt::Display for Text {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Some(pattern) = BUNDLE.get_message(self.key).and_then(|message| message.value()) else {
            debug_assert!(false, "no text for {}", self.key);
            return f.write_str(self.key);
        };
        let args: FluentArgs<'_> = self.values.iter().map(|(name, value)| (*name, value.clone())).collect();
        let mut errors = Vec::new();
        let text = BUNDLE.format_pattern(pattern, Some(&args), &mut errors);
        debug_assert!(errors.is_empty(), "{}: {errors:?}", self.key);
        f.write_str(&text)
    }
}

impl From<Text> for String {
    fn from(text: Text) -> Self {
        text.to_string()
    }
}

/// What a message can be given: words, or a number that its plural follows.
pub trait Value {
    /// As Fluent takes it.
    fn fluent(self) -> FluentValue<'static>;
}

impl Value for String {
    fn fluent(self) -> FluentValue<'static> {
        FluentValue::from(self)
    }
}

impl Value for &str {
    fn fluent(self) -> FluentValue<'static> {
        FluentValue::from(self.to_owned())
    }
}

impl Value for &String {
    fn fluent(self) -> FluentValue<'static> {
        FluentValue::from(self.clone())
    }
}

impl Value for Text {
    fn fluent(self) -> FluentValue<'static> {
        FluentValue::from(self.to_string())
    }
}

macro_rules! numbers {
    ($($number:ty),*) => {$(
        impl Value for $number {
            fn fluent(self) -> FluentValue<'static> {
                FluentValue::from(self)
            }
        }
        impl Value for &$number {
            fn fluent(self) -> FluentValue<'static> {
                FluentValue::from(*self)
            }
        }
    )*};
}
numbers!(i32, i64, u32, u64, usize, f64);

/// Every key of the Spanish bundle.
#[cfg(test)]
pub(crate) fn keys() -> Vec<String> {
    SPANISH
        .iter()
        .flat_map(|(_, source)| source.lines())
        .filter_map(|line| line.split_once(" ="))
        .filter(|(key, _)| key.starts_with(|c: char| c.is_ascii_lowercase()))
        .map(|(key, _)| key.to_owned())
        .collect()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;
    use std::fs;
    use std::path::{Path, PathBuf};

    use super::*;

    fn files(folder: &Path, found: &mut Vec<PathBuf>) {
        for entry in fs::read_dir(folder).unwrap().flatten() {
            if entry.path().is_dir() { files(&entry.path(), found) } else { found.push(entry.path()) }
        }
    }

    fn sources(folders: &[&str]) -> Vec<(PathBuf, String)> {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let mut found = Vec::new();
        folders.iter().for_each(|folder| files(&root.join(folder), &mut found));
        found.into_iter().map(|path| (path.clone(), fs::read_to_string(path).unwrap())).collect()
    }

    fn used() -> BTreeSet<String> {
        let mut used = BTreeSet::new();
        for (_, text) in sources(&["src", "templates"]) {
            let code: Vec<&str> = text.lines().filter(|line| !line.trim_start().starts_with("//")).collect();
            let code = code.join("\n");
            let product = code.split("#[cfg(test)]\nmod tests").next().unwrap();
            for (start, call) in product.match_indices("t(\"") {
                let before = product[..start].chars().next_back();
                if before.is_none_or(|c| !c.is_alphanumeric() && c != '_') {
                    let rest = &product[start + call.len()..];
                    used.insert(rest[..rest.find('"').unwrap()].to_owned());
                }
            }
        }
        used
    }

    #[test]
    fn every_key_used_exists_and_every_key_is_used() {
        let there: BTreeSet<String> = keys().into_iter().collect();
        let used = used();
        assert_eq!(used.difference(&there).collect::<Vec<_>>(), Vec::<&String>::new(), "used but not in locales/es");
        assert_eq!(there.difference(&used).collect::<Vec<_>>(), Vec::<&String>::new(), "in locales/es but not used");
        assert_eq!(keys().len(), there.len(), "a key stands twice");
    }

    /// The text without what stands between `open` and `close`.
    fn strip(text: &str, open: &str, close: &str) -> String {
        let mut parts = text.split(open);
        let first = parts.next().unwrap_or_default().to_owned();
        parts.fold(first, |bare, part| bare + part.split_once(close).map_or("", |(_, rest)| rest))
    }

    #[test]
    fn templates_hold_no_words_of_their_own() {
        for (path, text) in sources(&["templates"]) {
            let text = text.replace("{% block density %}wide dense", "");
            let bare = strip(&strip(&strip(&text, "{{", "}}"), "{%", "%}"), "<", ">");
            assert!(!bare.chars().any(char::is_alphabetic), "{}: {:?}", path.display(), bare.trim());
            for attribute in ["aria-label=\"", "title=\"", "alt=\"", "placeholder=\""] {
                let literal = text.split(attribute).skip(1).find(|tail| !tail.starts_with("{{"));
                assert!(literal.is_none(), "{}: {attribute}{:.20}", path.display(), literal.unwrap_or_default());
            }
        }
    }

    #[test]
    fn rust_holds_no_words_for_people() {
        for (path, text) in sources(&["src"]) {
            let product = text.split("#[cfg(test)]\nmod tests").next().unwrap();
            for (number, line) in product.lines().enumerate() {
                let code = line.split("//").next().unwrap();
                assert!(!code.contains(['á', 'é', 'í', 'ó', 'ú', 'ñ', '¿']), "{}:{}", path.display(), number + 1);
            }
        }
    }

    #[test]
    fn numbers_and_plurals_read_as_people_write_them() {
        assert_eq!(t("hace-minutos").with("n", 1).to_string(), "hace 1 minuto");
        assert_eq!(t("hace-minutos").with("n", 12).to_string(), "hace 12 minutos");
    }
}
