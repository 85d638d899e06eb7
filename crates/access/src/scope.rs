//! What a machine token may touch: scopes in the form of SMART 2 (`system/Patient.rs`), so that
//! OAuth can hand them out later without a change here.

use std::fmt;

/// The extra scope that lets a token see labelled (sensitive) resources.
const SENSITIVE: &str = "tejido/sensible";

/// What is done with a resource type (the letters of SMART 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Deed {
    /// `c`
    Create,
    /// `r`: read, vread, history of one.
    Read,
    /// `u`
    Update,
    /// `d`
    Delete,
    /// `s`: search, history of a type.
    Search,
}

impl Deed {
    const ALL: [(Self, char); 5] =
        [(Self::Create, 'c'), (Self::Read, 'r'), (Self::Update, 'u'), (Self::Delete, 'd'), (Self::Search, 's')];

    fn bit(self) -> u8 {
        1 << self as u8
    }
}

/// Parsed scopes of a token.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Scopes {
    /// Type (`None` = all) and a bit for each deed.
    grants: Vec<(Option<String>, u8)>,
    sensitive: bool,
}

impl Scopes {
    /// Reads scopes separated by blanks: `system/*.cruds`, `system/Patient.rs`, `tejido/sensible`.
    /// `None` when one of them can't be read or names an unknown type.
    pub fn parse(text: &str) -> Option<Self> {
        let mut scopes = Self::default();
        for word in text.split_whitespace() {
            if word == SENSITIVE {
                scopes.sensitive = true;
                continue;
            }
            let (name, letters) = word.strip_prefix("system/")?.split_once('.')?;
            let resource_type = match name {
                "*" => None,
                known if fhir::schema::r4().is_resource(known) => Some(known.to_owned()),
                _ => return None,
            };
            let mut bits = 0;
            for letter in letters.chars() {
                bits |= Deed::ALL.iter().find(|(_, known)| *known == letter)?.0.bit();
            }
            (bits != 0).then(|| scopes.grants.push((resource_type, bits)))?;
        }
        Some(scopes)
    }

    /// Whether the deed is allowed with that type.
    pub fn allow(&self, resource_type: &str, deed: Deed) -> bool {
        let fits = |name: &Option<String>| name.as_deref().is_none_or(|name| name == resource_type);
        self.grants.iter().any(|(name, bits)| fits(name) && bits & deed.bit() != 0)
    }

    /// Whether labelled resources may be seen.
    pub fn sensitive(&self) -> bool {
        self.sensitive
    }

    /// The types that may be read or searched; `None` = all.
    pub(crate) fn readable(&self) -> Option<Vec<String>> {
        self.types(Deed::Read.bit() | Deed::Search.bit())
    }

    /// The types with which the deed is allowed; `None` = all.
    pub(crate) fn of(&self, deed: Deed) -> Option<Vec<String>> {
        self.types(deed.bit())
    }

    fn types(&self, bits: u8) -> Option<Vec<String>> {
        let readable = self.grants.iter().filter(|(_, granted)| granted & bits != 0);
        readable.map(|(name, _)| name.clone()).collect()
    }
}

impl fmt::Display for Scopes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut gap = "";
        for (name, bits) in &self.grants {
            write!(f, "{gap}system/{}.", name.as_deref().unwrap_or("*"))?;
            for (_, letter) in Deed::ALL.iter().filter(|(deed, _)| bits & deed.bit() != 0) {
                write!(f, "{letter}")?;
            }
            gap = " ";
        }
        if self.sensitive { write!(f, "{gap}{SENSITIVE}") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_say_what_they_allow() {
        let scopes = Scopes::parse("system/*.rs system/Task.cu").unwrap();
        assert!(scopes.allow("Patient", Deed::Read) && !scopes.allow("Patient", Deed::Create));
        assert!(scopes.allow("Task", Deed::Update) && !scopes.allow("Task", Deed::Delete) && !scopes.sensitive());
        assert_eq!(scopes.to_string(), "system/*.rs system/Task.cu");
        assert_eq!(scopes.readable(), None);
        assert_eq!(Scopes::parse("system/Patient.r").unwrap().readable(), Some(vec!["Patient".to_owned()]));
        for bad in ["user/*.rs", "system/Paciente.r", "system/Patient.x", "system/Patient.", "all"] {
            assert_eq!(Scopes::parse(bad), None, "{bad}");
        }
    }
}
