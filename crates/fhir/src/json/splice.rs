//! Stamping: the server's `id`, `meta.versionId` and `meta.lastUpdated` are written into the
//! bytes a client sent, and every other byte stays as it was (numbers, escapes, white space).

use super::{Value, parse};

/// What the server writes into a resource it stores (R4 §2.27, `Meta`).
#[derive(Clone, Copy, Debug)]
pub struct Stamp<'a> {
    /// The logical id.
    pub id: &'a str,
    /// The version, from 1.
    pub version: u64,
    /// `meta.lastUpdated` as an instant.
    pub last_updated: &'a str,
}

/// Gives `source` (the text of a JSON object that [`parse`](super::parse()) accepts) with the
/// stamp's three values set in place; all other bytes are kept.
///
/// # Panics
/// If `source` is not a JSON object: callers have parsed it.
pub fn stamp(source: &[u8], stamp: Stamp<'_>) -> Vec<u8> {
    let source = trim(source);
    let meta_members =
        [("versionId", format!("\"{}\"", stamp.version)), ("lastUpdated", format!("\"{}\"", stamp.last_updated))];
    let mut edits: Vec<(usize, usize, Vec<u8>)> = Vec::new();
    let members = members(source, 0);
    let id = Value::from(stamp.id).to_string();
    if members.is_empty() {
        let [(_, version), (_, updated)] = &meta_members;
        return format!("{{\"id\":{id},\"meta\":{{\"versionId\":{version},\"lastUpdated\":{updated}}}}}").into_bytes();
    }
    let after_type = members.iter().find(|member| member.name == "resourceType").or(members.first());
    match members.iter().find(|member| member.name == "id") {
        Some(member) => edits.push((member.start, member.end, id.into_bytes())),
        None => edits.push(insertion(after_type, format!("\"id\":{id}"))),
    }
    match members.iter().find(|member| member.name == "meta") {
        Some(meta) => edit_meta(source, meta, &meta_members, &mut edits),
        None => {
            let body: Vec<String> = meta_members.iter().map(|(name, value)| format!("\"{name}\":{value}")).collect();
            let anchor = members.iter().find(|member| member.name == "id").or(after_type);
            edits.push(insertion(anchor, format!("\"meta\":{{{}}}", body.join(","))));
        }
    }
    apply(source, edits)
}

fn edit_meta(source: &[u8], meta: &Member, values: &[(&str, String)], edits: &mut Vec<(usize, usize, Vec<u8>)>) {
    let inside = members(source, meta.start);
    let mut new = Vec::new();
    for (name, value) in values {
        match inside.iter().find(|member| member.name == *name) {
            Some(member) => edits.push((member.start, member.end, value.clone().into_bytes())),
            None => new.push(format!("\"{name}\":{value}")),
        }
    }
    if !new.is_empty() {
        let comma = if inside.is_empty() { "" } else { "," };
        edits.push((meta.start + 1, meta.start + 1, format!("{}{comma}", new.join(",")).into_bytes()));
    }
}

/// Adds codings to `meta.security` of `source` (the text of a JSON object); all other bytes are kept.
///
/// # Panics
/// If `source` is not a JSON object: callers have parsed it.
pub fn add_security(source: &[u8], codings: &[Value]) -> Vec<u8> {
    let source = trim(source);
    let text = codings.iter().map(Value::to_string).collect::<Vec<_>>().join(",");
    let all = members(source, 0);
    let Some(meta) = all.iter().find(|member| member.name == "meta") else {
        let anchor = all.iter().find(|member| member.name == "resourceType").or(all.first());
        return apply(source, vec![insertion(anchor, format!("\"meta\":{{\"security\":[{text}]}}"))]);
    };
    let inside = members(source, meta.start);
    let (at, text) = match inside.iter().find(|member| member.name == "security") {
        Some(security) => {
            let empty = source[security.start + 1..security.end - 1].trim_ascii().is_empty();
            (security.start + 1, format!("{text}{}", if empty { "" } else { "," }))
        }
        None => (meta.start + 1, format!("\"security\":[{text}]{}", if inside.is_empty() { "" } else { "," })),
    };
    apply(source, vec![(at, at, text.into_bytes())])
}

fn insertion(after: Option<&Member>, text: String) -> (usize, usize, Vec<u8>) {
    match after {
        Some(member) => (member.end, member.end, format!(",{text}").into_bytes()),
        None => (1, 1, text.into_bytes()),
    }
}

/// Applies edits in order of place; edits at one place keep the order they were made in.
fn apply(source: &[u8], mut edits: Vec<(usize, usize, Vec<u8>)>) -> Vec<u8> {
    edits.sort_by_key(|edit| edit.0);
    let mut out = Vec::with_capacity(source.len() + 96);
    let mut at = 0;
    for (start, end, text) in edits {
        out.extend_from_slice(&source[at..start]);
        out.extend_from_slice(&text);
        at = end;
    }
    out.extend_from_slice(&source[at..]);
    out
}

struct Member {
    name: String,
    start: usize,
    end: usize,
}

fn trim(source: &[u8]) -> &[u8] {
    source.strip_prefix("\u{feff}".as_bytes()).unwrap_or(source).trim_ascii()
}

/// The members of the object that starts at `from`, with the byte range of each value.
fn members(source: &[u8], from: usize) -> Vec<Member> {
    assert_eq!(source.get(from), Some(&b'{'), "stamp() takes a parsed JSON object");
    let mut found = Vec::new();
    let mut at = from + 1;
    loop {
        while matches!(source[at], b' ' | b'\t' | b'\n' | b'\r' | b',') {
            at += 1;
        }
        if source[at] == b'}' {
            return found;
        }
        let name_end = skip(source, at);
        let name = parse(&source[at..name_end]).ok().and_then(|name| name.as_str().map(str::to_owned));
        at = name_end;
        while matches!(source[at], b' ' | b'\t' | b'\n' | b'\r' | b':') {
            at += 1;
        }
        let end = skip(source, at);
        found.push(Member { name: name.unwrap_or_default(), start: at, end });
        at = end;
    }
}

/// The end of the value that starts at `at`.
fn skip(source: &[u8], mut at: usize) -> usize {
    let mut depth = 0usize;
    loop {
        match source[at] {
            b'"' => {
                at += 1;
                while source[at] != b'"' {
                    at += if source[at] == b'\\' { 2 } else { 1 };
                }
            }
            b'{' | b'[' => depth += 1,
            b'}' | b']' => depth -= 1,
            _ if depth == 0 => {
                let rest = source[at..].iter().take_while(|byte| !b",]} \t\r\n:".contains(byte)).count();
                return at + rest;
            }
            _ => {}
        }
        at += 1;
        if depth == 0 {
            return at;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn stamped(source: &str) -> String {
        String::from_utf8(stamp(
            source.as_bytes(),
            Stamp { id: "p1", version: 3, last_updated: "2026-11-24T14:00:00Z" },
        ))
        .unwrap()
    }

    #[test]
    fn only_the_stamp_changes() {
        assert_eq!(
            stamped("{ \"resourceType\" : \"Patient\",\n  \"x\": \"\\u00e9\\/\", \"n\": 1.10}"),
            "{ \"resourceType\" : \"Patient\",\"id\":\"p1\",\"meta\":{\"versionId\":\"3\",\"lastUpdated\":\"2026-11-24T14:00:00Z\"},\n  \"x\": \"\\u00e9\\/\", \"n\": 1.10}"
        );
        assert_eq!(
            stamped(r#"{"id":"old","meta":{"versionId":"9","tag":[{"code":"a}"}]},"resourceType":"Patient"}"#),
            r#"{"id":"p1","meta":{"lastUpdated":"2026-11-24T14:00:00Z","versionId":"3","tag":[{"code":"a}"}]},"resourceType":"Patient"}"#
        );
        assert!(parse(stamped("{}").as_bytes()).is_ok());
        assert!(parse(stamped(r#"{"resourceType":"Patient","meta":{}}"#).as_bytes()).is_ok());
    }

    #[test]
    fn a_label_is_added_in_place() {
        let add = |source: &str| {
            let coding = crate::json!({ "code": "x" });
            String::from_utf8(add_security(source.as_bytes(), &[coding])).unwrap()
        };
        assert_eq!(
            add(r#"{"resourceType":"Flag", "n":1.0}"#),
            r#"{"resourceType":"Flag","meta":{"security":[{"code":"x"}]}, "n":1.0}"#
        );
        assert_eq!(add(r#"{"meta":{}}"#), r#"{"meta":{"security":[{"code":"x"}]}}"#);
        assert_eq!(add(r#"{"meta":{"tag":[]}}"#), r#"{"meta":{"security":[{"code":"x"}],"tag":[]}}"#);
        assert_eq!(
            add(r#"{"meta":{"security":[ {"code":"a"}]}}"#),
            r#"{"meta":{"security":[{"code":"x"}, {"code":"a"}]}}"#
        );
    }
}
