//! What `cargo metadata` says, read once for the checks.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use fhir::Value;

/// One package of the build.
pub struct Package {
    pub name: String,
    pub version: String,
    pub licence: Option<String>,
    pub source: Option<String>,
    pub id: String,
    /// Direct dependencies: name and whether only for tests.
    pub dependencies: Vec<(String, bool)>,
}

/// The root of the repository.
pub fn root() -> PathBuf {
    PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("..").canonicalize().expect("the repository is there")
}

/// All packages; `members` alone when `deep` is false.
pub fn packages(deep: bool) -> Result<Vec<Package>> {
    let document = document(deep)?;
    Ok(document.items("packages").iter().map(package).collect())
}

/// Ids of the packages that the program itself is made of: reachable from `server` without
/// development dependencies.
pub fn shipped() -> Result<Vec<String>> {
    let document = document(true)?;
    let nodes = document.get("resolve").map(|resolve| resolve.items("nodes")).unwrap_or_default();
    let server = document.items("packages").iter().find(|package| package.text_at(&["name"]) == Some("server"));
    let mut todo = vec![server.and_then(Value::id).context("no package server")?.to_owned()];
    let mut seen: Vec<String> = Vec::new();
    while let Some(id) = todo.pop() {
        if seen.contains(&id) {
            continue;
        }
        let node = nodes.iter().find(|node| node.id() == Some(&id)).context("a package is not resolved")?;
        for dependency in node.items("deps") {
            let ships = dependency.items("dep_kinds").iter().any(|kind| kind.text_at(&["kind"]) != Some("dev"));
            if let Some(id) = dependency.text_at(&["pkg"]).filter(|_| ships) {
                todo.push(id.to_owned());
            }
        }
        seen.push(id);
    }
    Ok(seen)
}

fn document(deep: bool) -> Result<Value> {
    let mut command = Command::new("cargo");
    command.args(["metadata", "--format-version", "1", "--locked"]).current_dir(root());
    if !deep {
        command.arg("--no-deps");
    }
    let output = command.output()?;
    anyhow::ensure!(output.status.success(), "cargo metadata: {}", String::from_utf8_lossy(&output.stderr));
    Ok(fhir::json::parse(&output.stdout)?)
}

fn package(value: &Value) -> Package {
    let text = |name: &str| value.text_at(&[name]).map(str::to_owned);
    let dependencies = value.items("dependencies").iter().map(|dependency| {
        let name = dependency.text_at(&["name"]).unwrap_or_default().to_owned();
        (name, dependency.text_at(&["kind"]) == Some("dev"))
    });
    Package {
        name: text("name").unwrap_or_default(),
        version: text("version").unwrap_or_default(),
        licence: text("license"),
        source: text("source"),
        id: text("id").unwrap_or_default(),
        dependencies: dependencies.collect(),
    }
}
