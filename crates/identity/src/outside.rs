//! Finds the research note's files beside the repository, also from a git worktree. Tests only.

use std::path::Path;
use std::process::Command;

/// A file of `../shared`, if it is there.
pub fn read(name: &str) -> Option<String> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let common = Command::new("git")
        .args(["rev-parse", "--path-format=absolute", "--git-common-dir"])
        .current_dir(&root)
        .output();
    let main = common.ok().map(|output| Path::new(String::from_utf8_lossy(&output.stdout).trim()).join(".."));
    let roots = [Some(root), main];
    roots.into_iter().flatten().find_map(|root| std::fs::read_to_string(root.join("../shared").join(name)).ok())
}
