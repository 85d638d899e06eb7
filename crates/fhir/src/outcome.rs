//! Issues and OperationOutcome (R4 §2.28): how a refusal is told to a machine.

use crate::Value;
use crate::json::ParseError;

/// How bad (IssueSeverity).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[allow(missing_docs)]
pub enum Severity {
    Fatal,
    Error,
    Warning,
    Information,
}

impl Severity {
    /// The code.
    pub fn code(self) -> &'static str {
        match self {
            Self::Fatal => "fatal",
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Information => "information",
        }
    }
}

/// One issue: what is wrong, where, and what to do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Issue {
    /// How bad.
    pub severity: Severity,
    /// IssueType code: `structure`, `required`, `value`, `code-invalid`, …
    pub code: &'static str,
    /// The place: `Patient.name[0].given[1]`.
    pub expression: Option<String>,
    /// English, for whoever mends it.
    pub diagnostics: String,
    /// System and code of the rule that was broken, for whoever says it in other words.
    pub details: Option<(&'static str, &'static str)>,
}

impl Issue {
    /// An error at a place.
    pub fn error(code: &'static str, expression: impl Into<String>, diagnostics: impl Into<String>) -> Self {
        Self { expression: Some(expression.into()), ..Self::general(code, diagnostics) }
    }

    /// An error without a place inside a resource.
    pub fn general(code: &'static str, diagnostics: impl Into<String>) -> Self {
        let diagnostics = diagnostics.into();
        Self { severity: Severity::Error, code, expression: None, diagnostics, details: None }
    }

    /// The same, with the code of the rule that was broken.
    pub fn detailed(self, system: &'static str, code: &'static str) -> Self {
        Self { details: Some((system, code)), ..self }
    }
}

impl From<&ParseError> for Issue {
    fn from(error: &ParseError) -> Self {
        Issue::error("structure", &error.path, format!("not readable as JSON: {error}"))
    }
}

/// The OperationOutcome that holds the issues; never empty (`issue` is 1..*).
pub fn operation_outcome(issues: &[Issue]) -> Value {
    let nothing = [Issue { severity: Severity::Information, ..Issue::general("informational", "no issues") }];
    let issues = if issues.is_empty() { &nothing } else { issues };
    let rows: Vec<Value> = issues
        .iter()
        .map(|issue| {
            let details =
                issue.details.map(|(system, code)| crate::json!({ "coding": [{ "system": system, "code": code }] }));
            crate::json!({
                "severity": issue.severity.code(),
                "code": issue.code,
                "details": details,
                "diagnostics": &issue.diagnostics,
                "expression": issue.expression.as_ref().map(|place| vec![place.as_str()]),
            })
        })
        .collect();
    crate::json!({ "resourceType": "OperationOutcome", "issue": rows })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_issue_names_its_place() {
        let outcome = operation_outcome(&[Issue::error("value", "Patient.birthDate", "30 February is no date")]);
        assert_eq!(
            outcome.to_string(),
            r#"{"resourceType":"OperationOutcome","issue":[{"severity":"error","code":"value","diagnostics":"30 February is no date","expression":["Patient.birthDate"]}]}"#
        );
    }

    #[test]
    fn an_issue_names_its_rule() {
        let issue = Issue::error("business-rule", "Slot", "it is held").detailed("urn:tejido:cs:regla", "cita");
        let outcome = operation_outcome(&[issue]);
        assert_eq!(crate::validate(&outcome), []);
        let coding = outcome.text_at(&["issue", "details", "coding", "code"]);
        assert_eq!(coding, Some("cita"), "{outcome}");
    }
}
