//! Settings: one table of names serves flags (`--behind-proxy`), environment (`TEJIDO_BEHIND_PROXY`)
//! and the TOML file (`behind_proxy`). A flag wins over the environment, the environment over the
//! file. An unknown name is an error in all three.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use anyhow::{Context, Result, bail, ensure};
use ipnet::IpNet;
use store::Location;

/// One setting: its name in the TOML file (flag and variable follow from it), what its value is
/// called in Spanish and English (`None`: it stands alone), and its help in both.
pub struct Setting {
    pub name: &'static str,
    pub value: Option<(&'static str, &'static str)>,
    pub es: &'static str,
    pub en: &'static str,
}

const fn setting(
    name: &'static str,
    value: Option<(&'static str, &'static str)>,
    es: &'static str,
    en: &'static str,
) -> Setting {
    Setting { name, value, es, en }
}

const DIR: Option<(&str, &str)> = Some(("DIR", "DIR"));
const FILE: Option<(&str, &str)> = Some(("ARCHIVO", "FILE"));

/// Every setting.
pub const SETTINGS: &[Setting] = &[
    setting(
        "data",
        DIR,
        "Carpeta del almacén (SQLite); se crea si no existe",
        "Folder of the store (SQLite); made if missing",
    ),
    setting(
        "store",
        Some(("URL", "URL")),
        "Almacén en PostgreSQL: postgres://usuario@servidor/base",
        "Store in PostgreSQL: postgres://user@host/base",
    ),
    setting(
        "blobs",
        DIR,
        "Carpeta de los archivos adjuntos, con --store (por omisión ./blobs)",
        "Folder of the blobs, with --store (./blobs if not said)",
    ),
    setting(
        "listen",
        Some(("DIRECCIÓN", "ADDRESS")),
        "Dirección y puerto (por omisión 127.0.0.1:8080)",
        "Address and port (127.0.0.1:8080 if not said)",
    ),
    setting("tls_cert", FILE, "Certificado TLS en PEM, con su cadena", "TLS certificate in PEM, with its chain"),
    setting("tls_key", FILE, "Llave privada TLS en PEM", "TLS private key in PEM"),
    setting(
        "behind_proxy",
        Some(("CIDR", "CIDR")),
        "Redes de los proxys de confianza, separadas por comas; solo de ellos se lee X-Forwarded-*",
        "Networks of trusted proxies, comma separated; X-Forwarded-* is read from these only",
    ),
    setting(
        "i_know_it_is_insecure",
        None,
        "Permite http sin cifrar o cuentas de demostración fuera de este equipo",
        "Allows plain http or demonstration accounts beyond this machine",
    ),
    setting(
        "log",
        Some(("FILTRO", "FILTER")),
        "Qué se anota: error, warn, info, debug (por omisión info)",
        "What is logged: error, warn, info, debug (info if not said)",
    ),
    setting(
        "log_format",
        Some(("FORMATO", "FORMAT")),
        "json o text (por omisión text)",
        "json or text (text if not said)",
    ),
];

impl Setting {
    /// `behind-proxy`.
    pub fn flag(&self) -> String {
        self.name.replace('_', "-")
    }

    /// `TEJIDO_BEHIND_PROXY`.
    pub fn variable(&self) -> String {
        format!("TEJIDO_{}", self.name.to_uppercase())
    }
}

/// How log lines look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LogFormat {
    /// For people.
    Text,
    /// For machines.
    Json,
}

/// The settings of one run.
#[derive(Clone, Debug)]
pub struct Settings {
    pub data: Option<PathBuf>,
    pub store: Option<String>,
    pub blobs: Option<PathBuf>,
    pub listen: SocketAddr,
    pub tls: Option<(PathBuf, PathBuf)>,
    pub proxies: Vec<IpNet>,
    pub insecure: bool,
    pub log: String,
    pub log_format: LogFormat,
}

/// Where values come from, by setting name.
pub type Values = BTreeMap<String, String>;

impl Settings {
    /// Joins flags, environment and file.
    ///
    /// # Errors
    /// An unknown name or a value that can't be read; the message names it and where it stands.
    pub fn read(flags: Values, environment: Values, file: Option<&Path>) -> Result<Self> {
        let mut values = match file {
            Some(path) => file_values(path)?,
            None => Values::new(),
        };
        values.extend(environment);
        values.extend(flags);
        Self::typed(&values)
    }

    fn typed(values: &Values) -> Result<Self> {
        let text = |name: &str| values.get(name).map(String::as_str).filter(|text| !text.is_empty());
        let path = |name: &str| text(name).map(PathBuf::from);
        let listen = text("listen").unwrap_or("127.0.0.1:8080");
        let proxies = text("behind_proxy").unwrap_or_default().split(',').map(str::trim).filter(|net| !net.is_empty());
        let tls = match (path("tls_cert"), path("tls_key")) {
            (Some(certificate), Some(key)) => Some((certificate, key)),
            (None, None) => None,
            _ => bail!("tls_cert and tls_key go together"),
        };
        ensure!(text("data").is_none() || text("store").is_none(), "--data and --store exclude each other");
        Ok(Self {
            data: path("data"),
            store: text("store").map(str::to_owned),
            blobs: path("blobs"),
            listen: listen.parse().with_context(|| format!("listen: {listen:?} is not ADDRESS:PORT"))?,
            tls,
            proxies: proxies.map(network).collect::<Result<_>>()?,
            insecure: text("i_know_it_is_insecure").is_some_and(|flag| flag == "true"),
            log: text("log").unwrap_or("info").to_owned(),
            log_format: match text("log_format").unwrap_or("text") {
                "text" => LogFormat::Text,
                "json" => LogFormat::Json,
                other => bail!("log_format: {other:?} is neither json nor text"),
            },
        })
    }

    /// Where the store lies; `default` is the folder when nothing is said.
    pub fn location(&self, default: &str) -> Location {
        match &self.store {
            Some(url) => Location::Postgres {
                url: url.clone(),
                blobs: self.blobs.clone().unwrap_or_else(|| PathBuf::from("blobs")),
            },
            None => Location::Directory(self.data.clone().unwrap_or_else(|| PathBuf::from(default))),
        }
    }

    /// Refuses to speak plainly to the world.
    ///
    /// # Errors
    /// Plain http beyond this machine without a proxy or TLS, or demonstration accounts there,
    /// unless it is said that this is known.
    pub fn safe(&self, demonstration: bool) -> Result<()> {
        if self.insecure || self.listen.ip().is_loopback() {
            return Ok(());
        }
        ensure!(!demonstration, "demonstration accounts beyond this machine need --i-know-it-is-insecure");
        ensure!(
            self.tls.is_some() || !self.proxies.is_empty(),
            "plain http on {} needs --tls-cert and --tls-key, --behind-proxy CIDR, or --i-know-it-is-insecure",
            self.listen
        );
        Ok(())
    }
}

fn network(text: &str) -> Result<IpNet> {
    let single = text.parse::<std::net::IpAddr>().map(IpNet::from);
    single
        .or_else(|_| text.parse())
        .with_context(|| format!("behind_proxy: {text:?} is not a network such as 10.0.0.0/8"))
}

/// The `TEJIDO_…` variables among these.
///
/// # Errors
/// One that is no setting.
pub fn environment(variables: impl Iterator<Item = (String, String)>) -> Result<Values> {
    let mut values = Values::new();
    for (name, value) in variables {
        let Some(_) = name.strip_prefix("TEJIDO_") else { continue };
        if name == "TEJIDO_CONFIG" {
            continue;
        }
        let setting = SETTINGS.iter().find(|setting| setting.variable() == name);
        let setting =
            setting.with_context(|| format!("{name} is no setting; known are {}", known(Setting::variable)))?;
        values.insert(setting.name.to_owned(), value);
    }
    Ok(values)
}

fn file_values(path: &Path) -> Result<Values> {
    let place = path.display();
    let text = std::fs::read_to_string(path).with_context(|| format!("can't read {place}"))?;
    let table: toml::Table = text.parse().with_context(|| format!("{place} is not TOML"))?;
    let mut values = Values::new();
    for (name, value) in table {
        ensure!(
            SETTINGS.iter().any(|setting| setting.name == name),
            "{place}: {name:?} is no setting; known are {}",
            known(|setting| setting.name.to_owned())
        );
        let value = match value {
            toml::Value::String(text) => text,
            toml::Value::Boolean(flag) => flag.to_string(),
            toml::Value::Integer(number) => number.to_string(),
            toml::Value::Array(items) => items.iter().filter_map(toml::Value::as_str).collect::<Vec<_>>().join(","),
            other => bail!("{place}: {name:?} can't be a {}", other.type_str()),
        };
        values.insert(name, value);
    }
    Ok(values)
}

fn known(name: impl Fn(&Setting) -> String) -> String {
    SETTINGS.iter().map(name).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn values(pairs: &[(&str, &str)]) -> Values {
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    #[test]
    fn a_flag_wins_over_the_environment_and_the_environment_over_the_file() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tejido.toml");
        std::fs::write(&file, "listen = \"127.0.0.1:1\"\nlog = \"warn\"\nbehind_proxy = [\"10.0.0.0/8\", \"::1\"]\n")
            .unwrap();
        let environment =
            environment([("TEJIDO_LISTEN".into(), "127.0.0.1:2".into()), ("HOME".into(), "/".into())].into_iter())
                .unwrap();
        let settings = Settings::read(values(&[("log", "debug")]), environment, Some(&file)).unwrap();
        assert_eq!((settings.listen.port(), settings.log.as_str(), settings.proxies.len()), (2, "debug", 2));
    }

    #[test]
    fn an_unknown_name_is_an_error_wherever_it_stands() {
        let wrong = environment([("TEJIDO_LISTN".into(), "x".into())].into_iter()).unwrap_err();
        assert!(wrong.to_string().contains("TEJIDO_LISTEN"), "{wrong}");
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("tejido.toml");
        std::fs::write(&file, "lisen = \"x\"").unwrap();
        let wrong = Settings::read(Values::new(), Values::new(), Some(&file)).unwrap_err();
        assert!(wrong.to_string().contains("lisen"), "{wrong}");
    }

    #[test]
    fn plain_http_to_the_world_is_refused() {
        let open = |pairs: &[(&str, &str)]| Settings::typed(&values(pairs)).unwrap();
        assert!(open(&[]).safe(true).is_ok());
        assert!(open(&[("listen", "0.0.0.0:80")]).safe(false).is_err());
        assert!(open(&[("listen", "0.0.0.0:80"), ("behind_proxy", "10.0.0.0/8")]).safe(false).is_ok());
        assert!(open(&[("listen", "0.0.0.0:80"), ("behind_proxy", "10.0.0.0/8")]).safe(true).is_err());
        assert!(open(&[("listen", "0.0.0.0:80"), ("i_know_it_is_insecure", "true")]).safe(true).is_ok());
    }
}
