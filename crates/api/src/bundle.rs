//! Bundles are written as text, and stored resources are spliced in as they are.

use std::fmt::Write;

use bytes::Bytes;
use fhir::json::write_string;

/// A Bundle that grows entry by entry.
pub struct Bundle {
    out: Vec<u8>,
    entries: usize,
}

/// A member of an entry other than `fullUrl` and `resource`, as JSON text: `"search":{…}`.
pub type Member = String;

impl Bundle {
    /// Begins a Bundle of that type.
    pub fn new(kind: &str, total: Option<u64>, links: &[(&str, String)]) -> Self {
        let mut head = format!("{{\"resourceType\":\"Bundle\",\"type\":\"{kind}\"");
        if let Some(total) = total {
            let _ = write!(head, ",\"total\":{total}");
        }
        for (at, (relation, url)) in links.iter().enumerate() {
            head.push_str(if at == 0 { ",\"link\":[" } else { "," });
            let _ = write!(head, "{{\"relation\":\"{relation}\",\"url\":{}}}", text(url));
        }
        if !links.is_empty() {
            head.push(']');
        }
        Self { out: head.into_bytes(), entries: 0 }
    }

    /// Adds an entry; `resource` is JSON text and goes in untouched.
    pub fn entry(&mut self, full_url: Option<&str>, resource: Option<&[u8]>, members: &[Member]) {
        self.out.extend_from_slice(if self.entries == 0 { b",\"entry\":[{" } else { b",{" });
        self.entries += 1;
        let mut first = true;
        let mut comma = |out: &mut Vec<u8>| {
            if !std::mem::take(&mut first) {
                out.push(b',');
            }
        };
        if let Some(url) = full_url {
            comma(&mut self.out);
            self.out.extend_from_slice(format!("\"fullUrl\":{}", text(url)).as_bytes());
        }
        if let Some(resource) = resource {
            comma(&mut self.out);
            self.out.extend_from_slice(b"\"resource\":");
            self.out.extend_from_slice(resource);
        }
        for member in members {
            comma(&mut self.out);
            self.out.extend_from_slice(member.as_bytes());
        }
        self.out.push(b'}');
    }

    /// The whole text.
    pub fn finish(mut self) -> Bytes {
        self.out.extend_from_slice(if self.entries == 0 { b"}" } else { b"]}" });
        self.out.into()
    }
}

/// A JSON string with its quotes.
pub fn text(value: &str) -> String {
    let mut out = String::with_capacity(value.len() + 2);
    let _ = write_string(&mut out, value);
    out
}
