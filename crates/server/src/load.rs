//! `tejido load`: FHIR Bundles and NDJSON, gzip too, through the same gate as every other write.
//!
//! It may be stopped and started again: how far a file has come is committed with each batch. What
//! is refused does not stop the rest; each refusal is told with its place and reason.

pub mod codes;

use std::fs::File;
use std::io::{BufRead, BufReader, BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use access::{Access, AccessError, Act, Cx};
use anyhow::{Context, Result, bail, ensure};
use fhir::{Value, json};
use flate2::read::MultiGzDecoder;
use sha2::{Digest, Sha256};
use store::{Change, Expect, Key, PrivateExpect, PrivateWrite, Write as Put};

/// The longest line or Bundle that is read, in bytes: a zip bomb ends here.
const MAX_DOCUMENT: u64 = 256 << 20;
const BATCH: usize = 200;
const KIND: &str = "load";

/// What came of a load.
#[derive(Debug, Default)]
pub struct Outcome {
    pub written: u64,
    pub refused: u64,
    pub skipped: u64,
}

/// Loads a file, or every `.json`, `.ndjson`, `.jsonl` (and `.gz` of these) of a folder in order of name.
///
/// # Errors
/// What keeps the whole from going on: files that can't be read, a store that does not answer.
pub async fn run(access: &Access, cx: &Cx, what: &Path, report: Option<&Path>) -> Result<Outcome> {
    let mut files = Vec::new();
    match what.is_dir() {
        true => files.extend(folder(what)?),
        false => files.push(what.to_owned()),
    }
    ensure!(!files.is_empty(), "{} holds no .json, .ndjson or .gz file", what.display());
    let mut loader = Loader { access, cx, report: Report::to(report)?, outcome: Outcome::default() };
    for file in &files {
        loader.file(file).await.with_context(|| format!("while loading {}", file.display()))?;
    }
    let refused = loader.report.finish()?;
    Ok(Outcome { refused, ..loader.outcome })
}

/// What was refused, where and why: lines of NDJSON in a file, or told to whoever watches.
struct Report {
    file: Option<BufWriter<File>>,
    refused: u64,
}

impl Report {
    fn to(path: Option<&Path>) -> Result<Self> {
        let create = |path: &Path| File::create(path).with_context(|| format!("can't write {}", path.display()));
        Ok(Self { file: path.map(create).transpose()?.map(BufWriter::new), refused: 0 })
    }

    fn refuse(&mut self, place: &str, key: &str, problem: &str) -> Result<()> {
        self.refused += 1;
        match &mut self.file {
            Some(file) => writeln!(file, "{}", json!({ "place": place, "resource": key, "problem": problem }))?,
            None => eprintln!("\r{place} {key}: {problem}"),
        }
        Ok(())
    }

    fn finish(mut self) -> Result<u64> {
        if let Some(file) = &mut self.file {
            file.flush()?;
        }
        Ok(self.refused)
    }
}

fn folder(path: &Path) -> Result<Vec<PathBuf>> {
    let known = |path: &Path| {
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        [".json", ".ndjson", ".jsonl"].iter().any(|ending| name.ends_with(ending))
    };
    let entries = std::fs::read_dir(path).with_context(|| format!("can't read {}", path.display()))?;
    let mut files: Vec<PathBuf> =
        entries.flatten().map(|entry| entry.path()).filter(|path| path.is_file() && known(path)).collect();
    files.sort();
    Ok(files)
}

/// The text of a file, unpacked where it is gzip.
fn open(path: &Path) -> Result<Box<dyn BufRead + Send>> {
    let mut reader = BufReader::new(File::open(path)?);
    let packed = reader.fill_buf()?.starts_with(&[0x1f, 0x8b]);
    Ok(match packed {
        true => Box::new(BufReader::new(MultiGzDecoder::new(reader))),
        false => Box::new(reader),
    })
}

/// A name for the file's content, under which its progress is kept.
fn fingerprint(path: &Path) -> Result<String> {
    let mut hash = Sha256::new();
    let mut reader = File::open(path)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let count = reader.read(&mut buffer)?;
        if count == 0 {
            return Ok(hex(hash));
        }
        hash.update(&buffer[..count]);
    }
}

fn hex(hash: Sha256) -> String {
    hash.finalize().iter().map(|byte| format!("{byte:02x}")).collect()
}

struct Loader<'a> {
    access: &'a Access,
    cx: &'a Cx,
    report: Report,
    outcome: Outcome,
}

/// A resource and where it stood.
struct Item {
    place: String,
    key: Key,
    bytes: Arc<[u8]>,
}

impl Loader<'_> {
    async fn file(&mut self, path: &Path) -> Result<()> {
        let print = fingerprint(path)?;
        let done = self.done(&print).await?;
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let mut reader = open(path)?;
        let mut number = 0_u64;
        let mut batch = Vec::new();
        while let Some(text) = document(&mut reader, &name)? {
            let place = format!("{name}:{}", number + 1);
            for item in self.items(&place, text)? {
                number += 1;
                if number <= done {
                    self.outcome.skipped += 1;
                    continue;
                }
                batch.extend(item);
                if batch.len() >= BATCH {
                    self.write(std::mem::take(&mut batch), &print, number).await?;
                    eprint!("\r{name}: {number}");
                }
            }
        }
        self.write(batch, &print, number).await?;
        eprintln!("\r{name}: {number}");
        Ok(())
    }

    async fn done(&self, print: &str) -> Result<u64> {
        let record = self.access.store().private(KIND, print).await?;
        let text = record.and_then(|record| String::from_utf8(record.value).ok());
        Ok(text.and_then(|text| text.parse().ok()).unwrap_or(0))
    }

    /// The resources of a document; `None` for one that was refused on reading.
    fn items(&mut self, place: &str, text: Vec<u8>) -> Result<Vec<Option<Item>>> {
        let value = match json::parse(&text) {
            Ok(value) => value,
            Err(error) => {
                self.report.refuse(place, "", &error.to_string())?;
                return Ok(vec![None]);
            }
        };
        if value.resource_type() != Some("Bundle") || value.items("entry").is_empty() {
            let item = self.item(place, &value, text)?;
            return Ok(vec![item]);
        }
        if let Some("batch" | "transaction") = value.text_at(&["type"]) {
            bail!("{place}: a {} Bundle is sent to /fhir, not loaded", value.text_at(&["type"]).unwrap_or_default());
        }
        let mut items = Vec::new();
        for (at, entry) in value.items("entry").iter().enumerate() {
            let place = format!("{place} Bundle.entry[{at}]");
            items.push(match entry.get("resource") {
                Some(resource) => self.item(&place, resource, resource.to_bytes())?,
                None => None,
            });
        }
        Ok(items)
    }

    fn item(&mut self, place: &str, value: &Value, bytes: Vec<u8>) -> Result<Option<Item>> {
        let (Some(kind), Some(id)) = (value.resource_type(), value.id().filter(|id| fhir::is_id(id))) else {
            self.report.refuse(place, "", "a resource to load has a resourceType and a valid id")?;
            return Ok(None);
        };
        Ok(Some(Item { place: place.to_owned(), key: Key::new(kind, id), bytes: bytes.into() }))
    }

    /// Writes a batch with the progress it makes; what the batch refuses is tried one by one.
    async fn write(&mut self, batch: Vec<Item>, print: &str, number: u64) -> Result<()> {
        let act = |items: &[&Item]| Act {
            name: "load",
            changes: items.iter().map(|item| change(item)).collect(),
            private: vec![PrivateWrite {
                kind: KIND,
                key: print.to_owned(),
                expect: PrivateExpect::Any,
                value: Some(number.to_string().into_bytes()),
                owner: None,
                expires: None,
            }],
            ..Act::default()
        };
        let all: Vec<&Item> = batch.iter().collect();
        if !all.is_empty() && self.access.commit(self.cx, act(&all)).await.is_ok() {
            self.outcome.written += all.len() as u64;
            return Ok(());
        }
        for item in &batch {
            let single = Act { name: "load", changes: vec![change(item)], ..Act::default() };
            match self.access.commit(self.cx, single).await {
                Ok(_) => self.outcome.written += 1,
                Err(error) if error.kind() == store::Kind::Fault => return Err(error.into()),
                Err(error) => self.report.refuse(&item.place, &item.key.to_string(), &told(&error))?,
            }
        }
        self.access.commit(self.cx, act(&[])).await?;
        Ok(())
    }
}

fn change(item: &Item) -> Change {
    Change { key: item.key.clone(), expect: Expect::Any, write: Put::Put(item.bytes.clone()) }
}

fn told(error: &AccessError) -> String {
    match error {
        AccessError::Invalid(issues) | AccessError::Rule(issues) => {
            let all = issues
                .iter()
                .map(|issue| format!("{}: {}", issue.expression.as_deref().unwrap_or("-"), issue.diagnostics));
            all.collect::<Vec<_>>().join("; ")
        }
        other => other.to_string(),
    }
}

/// The next document: a line of NDJSON, or the whole of a `.json` file.
fn document(reader: &mut Box<dyn BufRead + Send>, name: &str) -> Result<Option<Vec<u8>>> {
    let whole = name.to_lowercase().trim_end_matches(".gz").ends_with(".json");
    loop {
        let mut text = Vec::new();
        let mut bounded = reader.take(MAX_DOCUMENT + 1);
        let count = match whole {
            true => bounded.read_to_end(&mut text)?,
            false => bounded.read_until(b'\n', &mut text)?,
        };
        ensure!(count as u64 <= MAX_DOCUMENT, "{name}: a document of more than {} MB", MAX_DOCUMENT >> 20);
        if count == 0 {
            return Ok(None);
        }
        if !text.trim_ascii().is_empty() {
            return Ok(Some(text.trim_ascii().to_vec()));
        }
    }
}
