//! `tejido load codes`: a table of codes (CSV or FHIR CodeSystem, gzip too) into one CodeSystem.
//!
//! What was loaded before stays; a code that comes again takes the new words. Rows that can't be
//! used are told with their line and left out. Nothing is written where nothing changed, so the
//! same file may be loaded again.

use std::collections::BTreeMap;
use std::io::Read;
use std::path::Path;
use std::sync::Arc;

use access::{Access, Act, Cx, system};
use anyhow::{Context, Result, bail, ensure};
use fhir::{Value, json};
use store::{Change, Expect, Key, Visibility, Write as Put};

use super::document::open;
use super::{Report, hex};
use sha2::{Digest, Sha256};

/// The longest file that is read, unpacked, in bytes.
const MAX_BYTES: u64 = 64 << 20;
/// The most codes of one system; a CodeSystem is one resource.
const MAX_CODES: usize = 60_000;
const MAX_WORDS: usize = 400;
const CODE: [&str; 4] = ["code", "codigo", "código", "clave"];
const WORDS: [&str; 8] =
    ["display", "description_es", "descripcion", "descripción", "nombre", "name", "description", "label"];

/// What came of it.
#[derive(Debug, Default)]
pub struct Loaded {
    /// Codes that are new or have new words.
    pub written: usize,
    /// Codes that were there as they are.
    pub same: usize,
    /// Rows left out.
    pub refused: u64,
}

/// Loads a file; `url` names the code system where the file does not (ICD-10 if not said).
///
/// # Errors
/// What keeps the whole from going on: a file that can't be read or is no table of codes, more
/// codes than one resource should hold, a store that does not answer.
pub async fn run(access: &Access, cx: &Cx, path: &Path, url: Option<&str>, report: Option<&Path>) -> Result<Loaded> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let mut bytes = Vec::new();
    let reader = open(path).with_context(|| format!("can't read {}", path.display()))?;
    reader.take(MAX_BYTES + 1).read_to_end(&mut bytes).with_context(|| format!("can't read {}", path.display()))?;
    ensure!(bytes.len() as u64 <= MAX_BYTES, "{name}: more than {} MB of codes", MAX_BYTES >> 20);
    let mut table = Table { name, report: Report::to(report)?, rows: BTreeMap::new(), icd10: false };
    let url = match bytes.trim_ascii_start().first() {
        Some(b'{') => table.code_system(&bytes, url)?,
        _ => table.csv(&bytes, url.unwrap_or(system::ICD10))?,
    };
    eprintln!("\r{}: {}", table.name, table.rows.len());
    let refused = table.report.finish()?;
    let loaded = write(access, cx, &url, table.rows).await?;
    Ok(Loaded { refused, ..loaded })
}

/// The rows that were read: words by code.
struct Table {
    name: String,
    report: Report,
    rows: BTreeMap<String, String>,
    icd10: bool,
}

impl Table {
    fn csv(&mut self, bytes: &[u8], url: &str) -> Result<String> {
        self.icd10 = url == system::ICD10;
        let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
        let first = bytes.split(|byte| *byte == b'\n').next().unwrap_or_default();
        let count = |mark: &u8| first.iter().filter(|byte| *byte == mark).count();
        let delimiter = [b',', b';', b'\t'].into_iter().max_by_key(count).unwrap_or(b',');
        let mut reader = csv::ReaderBuilder::new().delimiter(delimiter).flexible(true).from_reader(bytes);
        let header = reader.byte_headers().context("the first line")?.clone();
        let column = |known: &[&str]| {
            header.iter().position(|cell| known.contains(&String::from_utf8_lossy(cell).trim().to_lowercase().as_str()))
        };
        let (Some(code), Some(words)) = (column(&CODE), column(&WORDS)) else {
            bail!("{}:1: the first line names a column {} and a column {}", self.name, CODE[0], WORDS[0]);
        };
        let mut record = csv::ByteRecord::new();
        loop {
            let line = reader.position().line();
            let more = reader.read_byte_record(&mut record).with_context(|| format!("{}:{line}", self.name))?;
            if !more {
                return Ok(url.to_owned());
            }
            let line = record.position().map_or(line, csv::Position::line);
            let place = format!("{}:{line}", self.name);
            let cell = |at: usize| std::str::from_utf8(record.get(at).unwrap_or_default());
            match (cell(code), cell(words)) {
                (Ok(code), Ok(words)) => self.row(&place, code, words)?,
                _ => self.report.refuse(&place, "", "the text is not UTF-8; save the table as UTF-8")?,
            }
        }
    }

    fn code_system(&mut self, bytes: &[u8], url: Option<&str>) -> Result<String> {
        let value = fhir::json::parse(bytes).map_err(|error| anyhow::anyhow!("{}: {error}", self.name))?;
        ensure!(value.resource_type() == Some("CodeSystem"), "{}: not a CodeSystem", self.name);
        let own =
            value.text_at(&["url"]).or(url).with_context(|| format!("{}: CodeSystem.url is missing", self.name))?;
        ensure!(url.is_none_or(|url| url == own), "{}: CodeSystem.url is {own}", self.name);
        self.icd10 = own == system::ICD10;
        self.concepts("CodeSystem", &value)?;
        Ok(own.to_owned())
    }

    /// The concepts inside a CodeSystem or a concept: Spanish words where there are some.
    fn concepts(&mut self, path: &str, of: &Value) -> Result<()> {
        for (at, concept) in of.items("concept").iter().enumerate() {
            let path = format!("{path}.concept[{at}]");
            let spanish = concept.items("designation").iter().find(|one| {
                one.text_at(&["language"]).is_some_and(|language| language == "es" || language.starts_with("es-"))
            });
            let words = spanish.and_then(|one| one.text_at(&["value"])).or_else(|| concept.text_at(&["display"]));
            let code = concept.text_at(&["code"]).unwrap_or_default();
            self.row(&format!("{} {path}", self.name), code, words.unwrap_or_default())?;
            self.concepts(&path, concept)?;
        }
        Ok(())
    }

    fn row(&mut self, place: &str, code: &str, words: &str) -> Result<()> {
        let words = words.split_whitespace().collect::<Vec<_>>().join(" ");
        let code = code.split_whitespace().collect::<Vec<_>>().join(" ");
        let code = if self.icd10 { care::icd10::plain(&code) } else { code };
        if let Some(problem) = self.problem(&code, &words) {
            return self.report.refuse(place, &code, problem);
        }
        self.rows.insert(code, words);
        ensure!(self.rows.len() <= MAX_CODES, "{place}: more than {MAX_CODES} codes");
        if self.rows.len().is_multiple_of(1000) {
            eprint!("\r{}: {}", self.name, self.rows.len());
        }
        Ok(())
    }

    /// Why a row can't be used.
    fn problem(&self, code: &str, words: &str) -> Option<&'static str> {
        if code.is_empty() {
            Some("the code is missing")
        } else if self.icd10 && !is_icd10(code) {
            Some("not a code of ICD-10, such as E119 or E11.9")
        } else if words.is_empty() {
            Some("the words are missing")
        } else if words.chars().count() > MAX_WORDS {
            Some("more than 400 characters; a quotation mark may be missing")
        } else if self.rows.contains_key(code) {
            Some("the code stands above already")
        } else {
            None
        }
    }
}

/// A letter, two digits (the second may be a letter in national tables), and what follows.
fn is_icd10(code: &str) -> bool {
    let bytes = code.as_bytes();
    (3..=7).contains(&bytes.len())
        && bytes[0].is_ascii_uppercase()
        && bytes[1].is_ascii_digit()
        && bytes[2..].iter().all(u8::is_ascii_alphanumeric)
}

/// Joins the rows with what is there, and writes the CodeSystem if that changed it.
async fn write(access: &Access, cx: &Cx, url: &str, rows: BTreeMap<String, String>) -> Result<Loaded> {
    let key = Key::new("CodeSystem", format!("codes-{}", &hex(Sha256::new_with_prefix(url))[..16]));
    let stored = access.store().read(&key, &Visibility::All).await?;
    let expect = stored.as_ref().map_or(Expect::Absent, |one| Expect::Version(one.version));
    let mut all = stored.filter(|one| !one.deleted).map(|one| known(&one.value())).unwrap_or_default();
    let total = rows.len();
    let mut loaded = Loaded::default();
    for (code, words) in rows {
        if all.get(&code) != Some(&words) {
            loaded.written += 1;
            all.insert(code, words);
        }
    }
    loaded.same = total - loaded.written;
    ensure!(all.len() <= MAX_CODES, "more than {MAX_CODES} codes of {url} with those loaded before");
    if loaded.written > 0 {
        let bytes: Arc<[u8]> = code_system(&key.id, url, &all).to_bytes().into();
        let changes = vec![Change { key, expect, write: Put::Put(bytes) }];
        access.commit(cx, Act { name: "load-codes", changes, ..Act::default() }).await?;
    }
    Ok(loaded)
}

fn known(code_system: &Value) -> BTreeMap<String, String> {
    let text = |concept: &Value, name: &str| concept.text_at(&[name]).unwrap_or_default().to_owned();
    code_system.items("concept").iter().map(|one| (text(one, "code"), text(one, "display"))).collect()
}

fn code_system(id: &str, url: &str, all: &BTreeMap<String, String>) -> Value {
    let concepts: Vec<Value> = all.iter().map(|(code, words)| json!({ "code": code, "display": words })).collect();
    json!({
        "resourceType": "CodeSystem", "id": id, "url": url, "status": "active", "language": "es",
        "content": "fragment", "concept": concepts,
    })
}
