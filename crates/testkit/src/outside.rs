//! Finds the outside cases beside the repository, also from a git worktree.

use std::path::{Path, PathBuf};
use std::process::Command;

/// `../shared/conformance`, if it is there.
pub fn conformance() -> Option<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let common = Command::new("git")
        .args(["rev-parse", "--path-format=absolute", "--git-common-dir"])
        .current_dir(&root)
        .output();
    let main = common.ok().map(|output| PathBuf::from(String::from_utf8_lossy(&output.stdout).trim()).join(".."));
    let beside = |checkout: PathBuf| checkout.join("../shared/conformance");
    [Some(root), main].into_iter().flatten().map(beside).find(|folder| folder.is_dir())
}

/// The files of a folder that end so, in order.
///
/// # Panics
/// If there are none: a suite that runs nothing proves nothing.
pub fn files(folder: &Path, ending: &str) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = std::fs::read_dir(folder)
        .expect("the folder can be read")
        .flatten()
        .map(|entry| entry.path())
        .filter(|path| path.to_string_lossy().ends_with(ending))
        .collect();
    files.sort();
    assert!(!files.is_empty(), "{} holds no {ending}", folder.display());
    files
}
