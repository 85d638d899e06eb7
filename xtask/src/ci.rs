//! The pipeline, the same here and in continuous integration: `cargo xtask ci [STEP…]`.
//! Every step runs; the names of those that failed close the run.

use std::process::Command;
use std::time::Instant;

use anyhow::{Result, bail};

struct Step {
    name: &'static str,
    program: &'static str,
    arguments: &'static [&'static str],
}

const STEPS: &[Step] = &[
    Step { name: "fmt", program: "cargo", arguments: &["fmt", "--all", "--check"] },
    Step { name: "tidy", program: "cargo", arguments: &["run", "-q", "-p", "xtask", "--", "tidy"] },
    Step { name: "licences", program: "cargo", arguments: &["run", "-q", "-p", "xtask", "--", "licences"] },
    Step {
        name: "clippy",
        program: "cargo",
        arguments: &["clippy", "-q", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"],
    },
    Step { name: "doc", program: "cargo", arguments: &["doc", "-q", "--workspace", "--no-deps", "--locked"] },
    // One build of the whole workspace: the binary that the end-to-end tests start is among its targets,
    // and a build of one crate alone would compile what it needs again with other features.
    Step { name: "test", program: "cargo", arguments: &["nextest", "run", "--workspace", "--locked"] },
    Step { name: "doctest", program: "cargo", arguments: &["test", "-q", "--doc", "--workspace", "--locked"] },
];

/// Runs the steps named, or all.
pub fn run(only: &[String]) -> Result<()> {
    if let Some(unknown) = only.iter().find(|name| STEPS.iter().all(|step| step.name != **name)) {
        let known: Vec<_> = STEPS.iter().map(|step| step.name).collect();
        bail!("no step {unknown:?}; there are {}", known.join(", "));
    }
    let mut failed = Vec::new();
    let mut times = Vec::new();
    for step in STEPS.iter().filter(|step| only.is_empty() || only.iter().any(|name| name == step.name)) {
        println!("── {} ──", step.name);
        let start = Instant::now();
        let status = Command::new(step.program).args(step.arguments).env("RUSTDOCFLAGS", "-D warnings").status()?;
        times.push(format!("{} {:.0} s", step.name, start.elapsed().as_secs_f64()));
        if !status.success() {
            failed.push(step.name);
        }
    }
    println!("── times: {} ──", times.join(" · "));
    if failed.is_empty() {
        println!("every check passed");
        Ok(())
    } else {
        bail!("failed: {}", failed.join(", "))
    }
}
