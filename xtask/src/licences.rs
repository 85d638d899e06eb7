//! Licences: everything in the shipped program is permissive, as `deny.toml` lists, and comes
//! from crates.io. (`cargo deny check` reads the same file; this needs no extra tool.)

use anyhow::{Result, bail};

use crate::metadata;

/// Fails on a licence that `deny.toml` does not allow.
pub fn run() -> Result<()> {
    let rules = std::fs::read_to_string(metadata::root().join("deny.toml"))?;
    let allowed = quoted(&rules, "allow = [");
    let banned = quoted(&rules, "deny = [");
    let shipped = metadata::shipped()?;
    let mut findings = Vec::new();
    for package in metadata::packages(true)?.iter().filter(|package| shipped.contains(&package.id)) {
        let licence = package.licence.as_deref().unwrap_or("none stated");
        if !permitted(licence, &allowed) {
            findings.push(format!("{} {}: licence {licence}", package.name, package.version));
        }
        if banned.contains(&package.name) {
            findings.push(format!("{} is banned", package.name));
        }
        if package.source.as_deref().is_some_and(|source| !source.contains("crates.io-index")) {
            findings.push(format!("{} does not come from crates.io", package.name));
        }
    }
    println!("licences: {} packages in the program, {} allowed licences", shipped.len(), allowed.len());
    if findings.is_empty() { Ok(()) } else { bail!("{}", findings.join("\n")) }
}

/// An SPDX expression holds if one alternative of each `AND` part is allowed.
fn permitted(expression: &str, allowed: &[String]) -> bool {
    let plain = expression.replace(['(', ')'], " ").replace('/', " OR ");
    if expression.contains('(') {
        // `(A OR B) AND C`: every part between ANDs needs an allowed alternative.
        return plain
            .split(" AND ")
            .all(|part| part.split(" OR ").any(|name| allowed.iter().any(|ok| ok == name.trim())));
    }
    plain.split(" OR ").any(|option| option.split(" AND ").all(|name| allowed.iter().any(|ok| ok == name.trim())))
}

fn quoted(text: &str, from: &str) -> Vec<String> {
    let Some(start) = text.find(from) else { return Vec::new() };
    let body = &text[start + from.len()..];
    let body = &body[..body.find(']').unwrap_or(body.len())];
    body.split('"').skip(1).step_by(2).map(str::to_owned).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_copyleft_alternative_does_not_help() {
        let allowed = vec!["MIT".to_owned(), "Apache-2.0".to_owned(), "Unicode-3.0".to_owned()];
        assert!(permitted("MIT OR Apache-2.0", &allowed));
        assert!(permitted("MIT/Apache-2.0", &allowed));
        assert!(permitted("(MIT OR Apache-2.0) AND Unicode-3.0", &allowed));
        assert!(permitted("GPL-3.0 OR MIT", &allowed));
        assert!(!permitted("GPL-3.0", &allowed));
        assert!(!permitted("MIT AND GPL-3.0", &allowed));
        assert!(!permitted("none stated", &allowed));
    }
}
