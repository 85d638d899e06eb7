//! House rules as a test (HOUSE §7): crate edges, file length, module docs, SQL and environment
//! in their own crates, every crate named in the architecture page, every data file listed.
//! Function length and banned calls are clippy's (`clippy.toml`).

use std::fs;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::metadata::{self, Package};

const MAX_FILE_LINES: usize = 800;
const MAX_ADR_LINES: usize = 40;
const MAX_ARCHITECTURE_LINES: usize = 250;

/// Who may use whom inside the house; HOUSE §1, "Direction".
const EDGES: &[(&str, &[&str])] = &[
    ("fhir", &[]),
    ("store", &["fhir"]),
    ("access", &["fhir", "store"]),
    ("identity", &["fhir", "store", "access"]),
    ("network", &["fhir", "store", "access"]),
    ("care", &["fhir", "store", "access"]),
    ("api", &["fhir", "store", "access", "identity", "network", "care"]),
    ("web", &["fhir", "store", "access", "identity", "network", "care"]),
    ("server", &["fhir", "store", "access", "identity", "network", "care", "api", "web"]),
    ("testkit", &["fhir", "store", "access"]),
    ("e2e", &["fhir", "access", "web"]),
    ("xtask", &["fhir"]),
];

/// Crates that bring HTTP or SQL, and who may use them.
const GUARDED: &[(&str, &[&str])] = &[
    ("axum", &["api", "web", "server"]),
    ("hyper", &["server"]),
    ("rusqlite", &["store"]),
    ("tokio-postgres", &["store"]),
    ("serde_json", &["e2e"]),
];

/// Runs every rule and lists what breaks one.
pub fn run() -> Result<()> {
    let root = metadata::root();
    let members = metadata::packages(false)?;
    let mut findings = Vec::new();
    edges(&members, &mut findings);
    let sources = files(&root, &["crates", "xtask", "tests", "bench"], "rs");
    for path in &sources {
        source_file(&root, path, &mut findings);
    }
    documents(&root, &members, &mut findings);
    println!("tidy: {} crates, {} source files", members.len(), sources.len());
    if findings.is_empty() { Ok(()) } else { bail!("{} findings\n{}", findings.len(), findings.join("\n")) }
}

fn edges(members: &[Package], findings: &mut Vec<String>) {
    let names: Vec<&str> = members.iter().map(|package| package.name.as_str()).collect();
    for package in members {
        let Some((_, allowed)) = EDGES.iter().find(|(name, _)| *name == package.name) else {
            findings.push(format!("crate {} is not in the plan (xtask/src/tidy.rs, HOUSE §1)", package.name));
            continue;
        };
        for (dependency, dev) in &package.dependencies {
            let inside = names.contains(&dependency.as_str());
            if inside && !dev && !allowed.contains(&dependency.as_str()) {
                findings.push(format!("{} must not depend on {dependency}", package.name));
            }
            if dependency == "testkit" && !dev && package.name != "e2e" {
                findings.push(format!("{}: testkit is only ever a dev-dependency", package.name));
            }
            let guard = GUARDED.iter().find(|(name, _)| name == dependency);
            if !dev && guard.is_some_and(|(_, users)| !users.contains(&package.name.as_str())) {
                findings.push(format!("{} must not use {dependency}", package.name));
            }
        }
    }
}

fn source_file(root: &Path, path: &Path, findings: &mut Vec<String>) {
    let Ok(text) = fs::read_to_string(path) else { return };
    let name = path.strip_prefix(root).unwrap_or(path).display().to_string();
    let tests_only = name.contains("/tests/") || name.starts_with("tests/");
    let body = text.split("#[cfg(test)]").next().unwrap_or_default();
    let lines = body.lines().count();
    if lines > MAX_FILE_LINES && !tests_only {
        findings.push(format!("{name}: {lines} lines, at most {MAX_FILE_LINES}"));
    }
    if !text.trim_start().starts_with("//!") {
        findings.push(format!("{name}: no //! line says what the module is for"));
    }
    let itself = name == "xtask/src/tidy.rs";
    for (number, line) in text.lines().enumerate().filter(|_| !itself) {
        for mark in ["TODO", "FIXME", "XXX", "todo!(", "unimplemented!("] {
            if line.contains(mark) {
                findings.push(format!("{name}:{}: {mark}", number + 1));
            }
        }
    }
    let sql = ["SELECT ", "INSERT INTO ", "DELETE FROM ", "CREATE TABLE "];
    if !name.starts_with("crates/store/") && !itself && sql.iter().any(|word| body.contains(word)) {
        findings.push(format!("{name}: SQL lives in store"));
    }
    let environment = ["server", "xtask", "testkit"].iter().any(|part| name.contains(&format!("{part}/")));
    if !environment && !tests_only && !itself && body.contains("env::var") {
        findings.push(format!("{name}: environment variables are read in server only"));
    }
}

fn documents(root: &Path, members: &[Package], findings: &mut Vec<String>) {
    let architecture = fs::read_to_string(root.join("docs/architecture.md")).unwrap_or_default();
    if architecture.lines().count() > MAX_ARCHITECTURE_LINES {
        findings.push(format!("docs/architecture.md: over {MAX_ARCHITECTURE_LINES} lines"));
    }
    for package in members {
        if !architecture.contains(&format!("`{}`", package.name)) {
            findings.push(format!("docs/architecture.md does not name `{}`", package.name));
        }
    }
    for path in files(root, &["docs/adr"], "md") {
        let lines = fs::read_to_string(&path).unwrap_or_default().lines().count();
        if lines > MAX_ADR_LINES {
            findings.push(format!("{}: {lines} lines, at most {MAX_ADR_LINES}", path.display()));
        }
    }
    let list = fs::read_to_string(root.join("data/README.md")).unwrap_or_default();
    for path in files(root, &["data"], "") {
        let name = path.strip_prefix(root.join("data")).unwrap_or(&path).display().to_string();
        if name != "README.md" && !list.contains(&name) {
            findings.push(format!("data/README.md does not list {name}"));
        }
    }
}

/// Files under the folders with that extension (any, if empty), in order.
fn files(root: &Path, folders: &[&str], extension: &str) -> Vec<PathBuf> {
    let mut todo: Vec<PathBuf> = folders.iter().map(|folder| root.join(folder)).collect();
    let mut found = Vec::new();
    while let Some(path) = todo.pop() {
        let hidden = path.file_name().is_some_and(|name| name == "target" || name == "node_modules");
        if path.is_dir() && !hidden {
            todo.extend(fs::read_dir(&path).into_iter().flatten().flatten().map(|entry| entry.path()));
        } else if path.is_file() && (extension.is_empty() || path.extension().is_some_and(|end| end == extension)) {
            found.push(path);
        }
    }
    found.sort();
    found
}
