//! `tejido load`: FHIR Bundles and NDJSON, gzip too, through the same gate as every other write.
//!
//! A transaction Bundle is done whole or not at all, a batch entry by entry; the resources of any
//! other Bundle are written as they are. It may be stopped and started again: how far a file has
//! come is committed with what was written. What is refused does not stop the rest; each refusal
//! is told with its place and reason.
//!
//! Every record of a person has an institution that keeps it (`meta.security`): where a file does not
//! say which, `--custodian` does, and without that it is refused. What is of no person may be the
//! whole network's.

pub mod codes;
mod document;

use std::fs::File;
use std::io::{BufWriter, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use access::{Access, AccessError, Act, Cx, TejidoProjector};
use anyhow::{Context, Result, bail, ensure};
use fhir::outcome::Issue;
use fhir::{Value, json};
use sha2::{Digest, Sha256};
use store::{Change, Expect, Key, Kind, PrivateExpect, PrivateWrite, Projector, Write as Put};

use document::Documents;

const BATCH: usize = 200;
const KIND: &str = "load";
const UNKEPT: &str = "the institution that keeps it is not said: load with --custodian CODE, or give it in meta.security \
    (urn:tejido:cs:custodio)";

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

    /// The code of the rule that was broken stands beside the words, where there is one.
    fn refuse(&mut self, place: &str, key: &str, why: impl Into<Why>) -> Result<()> {
        let Why { problem, rule } = why.into();
        self.refused += 1;
        match &mut self.file {
            Some(file) => {
                let line = json!({ "place": place, "resource": key, "problem": problem.as_str(), "rule": rule });
                writeln!(file, "{line}")?;
            }
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

/// Why something was refused.
struct Why {
    problem: String,
    rule: Option<&'static str>,
}

impl From<&str> for Why {
    fn from(problem: &str) -> Self {
        Self { problem: problem.to_owned(), rule: None }
    }
}

impl From<&[Issue]> for Why {
    fn from(found: &[Issue]) -> Self {
        Self { problem: issues(found), rule: found.first().and_then(|issue| issue.details).map(|(_, code)| code) }
    }
}

impl From<&AccessError> for Why {
    fn from(error: &AccessError) -> Self {
        match error {
            AccessError::Invalid(found) | AccessError::Rule(found) => found.as_slice().into(),
            other => other.to_string().as_str().into(),
        }
    }
}

fn folder(path: &Path) -> Result<Vec<PathBuf>> {
    let known = |path: &Path| {
        let name = path.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
        let name = name.strip_suffix(".gz").unwrap_or(&name);
        [".json", ".ndjson", ".jsonl"].iter().any(|ending| name.ends_with(ending))
    };
    let cant = || format!("can't read {}", path.display());
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).with_context(cant)? {
        let entry = entry.with_context(cant)?;
        let inside = entry.path();
        // A link to a folder is not followed: it may lead back here.
        if entry.file_type().with_context(cant)?.is_dir() {
            files.extend(folder(&inside)?);
        } else if inside.is_file() && known(&inside) {
            files.push(inside);
        }
    }
    files.sort();
    Ok(files)
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

/// What one document, or one entry of it, asks for.
enum Step {
    /// To be written as it is.
    Put(Item),
    /// Entries with a request, to be done together.
    Together { place: String, bundle: Value, writes: u64 },
    /// Refused on reading.
    Nothing,
}

impl Loader<'_> {
    async fn file(&mut self, path: &Path) -> Result<()> {
        let print = fingerprint(path)?;
        let done = self.done(&print).await?;
        let mut documents = Documents::open(path)?;
        let name = documents.name.clone();
        let mut number = 0_u64;
        let mut batch = Vec::new();
        loop {
            let (place, text) = match documents.read() {
                Ok(Some(found)) => found,
                Ok(None) => break,
                // What follows can't be read either.
                Err(problem) => {
                    self.report.refuse(&documents.place(), "", problem.as_str())?;
                    break;
                }
            };
            for step in self.steps(&place, text)? {
                number += 1;
                if number <= done {
                    self.outcome.skipped += 1;
                    continue;
                }
                match step {
                    Step::Put(item) => batch.push(item),
                    Step::Together { place, bundle, writes } => {
                        self.write(std::mem::take(&mut batch), &print, number - 1).await?;
                        self.together(&place, bundle, writes, progress(&print, number)).await?;
                    }
                    Step::Nothing => {}
                }
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

    /// What a document asks for.
    fn steps(&mut self, place: &str, text: Vec<u8>) -> Result<Vec<Step>> {
        let value = match json::parse(&text) {
            Ok(value) => value,
            Err(error) => {
                self.report.refuse(place, "", error.to_string().as_str())?;
                return Ok(vec![Step::Nothing]);
            }
        };
        if value.resource_type() != Some("Bundle") || value.items("entry").is_empty() {
            return Ok(vec![self.item(place, &value, text)?]);
        }
        let entries = value.items("entry");
        let place_of = |at: usize| format!("{place} Bundle.entry[{at}]");
        match value.text_at(&["type"]) {
            Some("transaction") => {
                let resources = entries.iter().enumerate().filter_map(|(at, entry)| Some((at, entry.get("resource")?)));
                if let Some((at, _)) = resources.into_iter().find(|(_, resource)| self.is_unkept(resource)) {
                    self.report.refuse(&place_of(at), "", UNKEPT)?;
                    return Ok(vec![Step::Nothing]);
                }
                let writes = entries.iter().map(writes).sum();
                Ok(vec![Step::Together { place: place.to_owned(), bundle: value, writes }])
            }
            Some("batch") => {
                let one = |(at, entry): (usize, &Value)| {
                    if entry.get("resource").is_some_and(|resource| self.is_unkept(resource)) {
                        self.report.refuse(&place_of(at), "", UNKEPT)?;
                        return Ok(Step::Nothing);
                    }
                    Ok(alone(place_of(at), entry))
                };
                entries.iter().enumerate().map(one).collect()
            }
            _ => {
                let resource = |(at, entry): (usize, &Value)| match entry.get("resource") {
                    Some(resource) => self.item(&place_of(at), resource, resource.to_bytes()),
                    None => Ok(Step::Nothing),
                };
                entries.iter().enumerate().map(resource).collect()
            }
        }
    }

    fn item(&mut self, place: &str, value: &Value, bytes: Vec<u8>) -> Result<Step> {
        let (Some(kind), Some(id)) = (value.resource_type(), value.id().filter(|id| fhir::is_id(id))) else {
            self.report.refuse(place, "", "a resource to load has a resourceType and a valid id")?;
            return Ok(Step::Nothing);
        };
        if self.is_unkept(value) {
            self.report.refuse(place, &format!("{kind}/{id}"), UNKEPT)?;
            return Ok(Step::Nothing);
        }
        Ok(Step::Put(Item { place: place.to_owned(), key: Key::new(kind, id), bytes: bytes.into() }))
    }

    /// Whether a resource is of a person and neither it nor the caller says who keeps it.
    fn is_unkept(&self, value: &Value) -> bool {
        self.cx.institution.is_empty()
            && access::custodian(value).is_none()
            && (value.resource_type() == Some("Patient")
                || TejidoProjector.project(value).patient.is_some()
                || later(value))
    }

    /// Does the entries of a transaction or none of them.
    async fn together(&mut self, place: &str, bundle: Value, writes: u64, progress: PrivateWrite) -> Result<()> {
        match api::transact(self.access, self.cx, bundle, vec![progress.clone()]).await {
            Ok(()) => self.outcome.written += writes,
            Err(refused) if stops(refused.kind) => {
                bail!("{place}: {}", issues(&refused.issues))
            }
            Err(refused) => {
                self.report.refuse(place, "", refused.issues.as_slice())?;
                let act = Act { name: "load", private: vec![progress], ..Act::default() };
                self.access.commit(self.cx, act).await?;
            }
        }
        Ok(())
    }

    /// Writes a batch with the progress it makes; what the batch refuses is tried one by one.
    async fn write(&mut self, batch: Vec<Item>, print: &str, number: u64) -> Result<()> {
        let act = |items: &[&Item]| Act {
            name: "load",
            changes: items.iter().map(|item| change(item)).collect(),
            private: vec![progress(print, number)],
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
                Err(error) if stops(error.kind()) => return Err(error.into()),
                Err(error) => self.report.refuse(&item.place, &item.key.to_string(), &error)?,
            }
        }
        self.access.commit(self.cx, act(&[])).await?;
        Ok(())
    }
}

/// Whether a failure says nothing of the data: the load stops and is started again later.
fn stops(kind: Kind) -> bool {
    matches!(kind, Kind::Fault | Kind::Busy | Kind::Timeout)
}

/// How far a file has come.
fn progress(print: &str, number: u64) -> PrivateWrite {
    let value = Some(number.to_string().into_bytes());
    PrivateWrite { kind: KIND, key: print.to_owned(), expect: PrivateExpect::Any, value, owner: None, expires: None }
}

/// An entry of a batch, which stands alone.
fn alone(place: String, entry: &Value) -> Step {
    let bundle = json!({ "resourceType": "Bundle", "type": "transaction", "entry": [entry.clone()] });
    Step::Together { place, bundle, writes: writes(entry) }
}

fn writes(entry: &Value) -> u64 {
    u64::from(entry.text_at(&["request", "method"]).is_some_and(|method| method != "GET" && method != "HEAD"))
}

fn change(item: &Item) -> Change {
    Change { key: item.key.clone(), expect: Expect::Any, write: Put::Put(item.bytes.clone()) }
}

fn issues(found: &[Issue]) -> String {
    let told = |issue: &Issue| format!("{}: {}", issue.expression.as_deref().unwrap_or("-"), issue.diagnostics);
    found.iter().map(told).collect::<Vec<_>>().join("; ")
}

/// Whether whom it is about is only known once the bundle is resolved: an entry of the same
/// transaction, or a search.
fn later(value: &Value) -> bool {
    let about = ["subject", "patient", "for", "beneficiary", "individual"].into_iter();
    let mut about = about.filter_map(|member| value.text_at(&[member, "reference"]));
    about.any(|reference| reference.starts_with("urn:") || reference.contains('?'))
}

#[cfg(test)]
mod tests;
