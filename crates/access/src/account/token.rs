//! Tokens of machines: `tjd_ID.SECRET`, shown once; the store keeps a digest.

use std::sync::Arc;

use fhir::Value;
use jiff::Timestamp;
use store::{AuditAction, Private, PrivateExpect, PrivateWrite};

use super::credential::parse;
use super::login::number;
use super::{Accounts, rule, secret};
use crate::gate::{Look, record};
use crate::limit::{Rate, network};
use crate::{AccessError, Actor, Cx, Facility, Role, Scopes};

const TOKEN: &str = "token";
const PREFIX: &str = "tjd_";

/// A token to make.
#[derive(Clone, Debug)]
pub struct NewToken {
    /// What it is for, in a person's words.
    pub label: String,
    /// In which role, mostly [`Role::System`].
    pub role: Role,
    /// For which institution.
    pub institution: String,
    /// For one facility only: id of its Organization.
    pub facility: Option<String>,
    /// Such as `system/*.cruds`; see [`Scopes::parse`].
    pub scopes: String,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

/// A token in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TokenInfo {
    /// Its public id.
    pub id: String,
    /// What it is for.
    pub label: String,
    /// In which role.
    pub role: Role,
    /// For which institution.
    pub institution: String,
    /// For which facility.
    pub facility: Option<Facility>,
    /// What it may touch.
    pub scopes: Scopes,
    /// When it was made.
    pub created: Timestamp,
    /// When it ends.
    pub expires: Option<Timestamp>,
}

impl Accounts<'_> {
    /// Makes a token and gives its text, the only time it is seen.
    ///
    /// # Errors
    /// `Forbidden` but for the program and administrators of the institution; `Rule` for scopes
    /// that can't be read; `NotFound` for the facility.
    pub async fn create_token(&self, cx: &Cx, new: NewToken) -> Result<String, AccessError> {
        if !cx.is_system() && (cx.role != Role::Administrator || cx.institution != new.institution) {
            return Err(self.forbidden(cx, "create a token", "token").await);
        }
        let scopes = Scopes::parse(&new.scopes).ok_or_else(|| rule("scopes look like system/*.rs system/Task.cu"))?;
        let facility = match &new.facility {
            None => None,
            Some(id) => {
                let found = self.facility(id).await?.filter(|found| found.institution == new.institution);
                Some(found.ok_or_else(|| AccessError::NotFound { what: format!("Organization/{id}") })?)
            }
        };
        if facility.is_none() && new.role != Role::System {
            return Err(rule("a token in a person's role belongs to a facility"));
        }
        let entropy = self.access.store.entropy();
        let (id, text) = (entropy.id(), secret::draw(&**entropy));
        let value = fhir::json!({
            "label": &new.label,
            "role": new.role.code(),
            "institution": &new.institution,
            "facility": facility.as_ref().map(|one| one.id.as_str()),
            "facilityName": facility.as_ref().map(|one| one.name.as_str()),
            "scopes": scopes.to_string(),
            "digest": secret::digest(&text),
            "created": self.now().as_microsecond(),
        });
        let write = PrivateWrite {
            kind: TOKEN,
            key: id.clone(),
            expect: PrivateExpect::Absent,
            value: Some(value.to_bytes()),
            owner: Some(new.institution.clone()),
            expires: new.expires.map(Timestamp::as_microsecond),
        };
        self.keep_told(cx, ("create-token", &new.institution), whose(&id, &new.label), vec![write]).await?;
        Ok(format!("{PREFIX}{id}.{text}"))
    }

    /// Who a token is.
    ///
    /// # Errors
    /// `Unauthenticated` for anything that is not a live token; `TooMany` after many such tries
    /// from one address.
    pub async fn token(&self, text: &str, request: &str, address: Option<String>) -> Result<Cx, AccessError> {
        let now = self.now();
        let parts = text.strip_prefix(PREFIX).and_then(|rest| rest.split_once('.'));
        let record = match parts {
            Some((id, _)) => self.access.store.private(TOKEN, id).await?,
            None => None,
        };
        let record = record.filter(|record| record.expires.is_none_or(|end| end > now.as_microsecond()));
        let kept = record.as_ref().map(|record| parse(&record.value)).transpose()?;
        let known = kept.as_ref().and_then(|value| value.text_at(&["digest"])).unwrap_or_default();
        let right = secret::same(known, &secret::digest(parts.map_or("", |(_, secret)| secret)));
        let Some(info) = record.filter(|_| right).as_ref().map(read).transpose()? else {
            let network = network(address.as_deref().unwrap_or_default());
            self.access.limits.take("token", &network, Rate::LOGIN, now)?;
            let cx = Cx { address, ..Cx::system(now, request) };
            let look = Look { target: Some("token".to_owned()), ..Look::default() };
            let failed = record_of_failure(&cx, look);
            self.access.store.audit(failed).await?;
            return Err(AccessError::Unauthenticated);
        };
        Ok(Cx {
            actor: Actor::Token(info.id.clone()),
            name: info.label,
            role: info.role,
            institution: info.institution,
            facility: info.facility,
            address,
            session: info.id,
            scopes: Some(Arc::new(info.scopes)),
            ..Cx::system(now, request)
        })
    }

    /// The live tokens of the caller's institution (all, for the program).
    ///
    /// # Errors
    /// `Forbidden` but for the program and administrators.
    pub async fn tokens(&self, cx: &Cx) -> Result<Vec<TokenInfo>, AccessError> {
        let records = match cx.role {
            _ if cx.is_system() => self.access.store.private_all(TOKEN, None, 1000).await?,
            Role::Administrator => self.access.store.private_by_owner(TOKEN, &cx.institution).await?,
            _ => return Err(self.forbidden(cx, "list tokens", "token").await),
        };
        records.iter().map(read).collect()
    }

    /// Ends a token at once.
    ///
    /// # Errors
    /// `NotFound` for one that is not the caller's to end; `Forbidden`.
    pub async fn revoke_token(&self, cx: &Cx, id: &str) -> Result<(), AccessError> {
        let token = self.tokens(cx).await?.into_iter().find(|token| token.id == id);
        let token = token.ok_or_else(|| AccessError::NotFound { what: "token".to_owned() })?;
        let write = PrivateWrite {
            kind: TOKEN,
            key: id.to_owned(),
            expect: PrivateExpect::Any,
            value: None,
            owner: None,
            expires: None,
        };
        self.keep_told(cx, ("revoke-token", &token.institution), whose(id, &token.label), vec![write]).await
    }
}

/// Which token, for the trail: as it is named where it is the author.
fn whose(id: &str, label: &str) -> Value {
    let label = Some(label.trim()).filter(|label| !label.is_empty());
    fhir::json!({ "identifier": { "value": Actor::Token(id.to_owned()).label() }, "display": label })
}

fn record_of_failure(cx: &Cx, look: Look) -> store::AuditRecord {
    store::AuditRecord { actor: "unknown".to_owned(), ..record(cx, AuditAction::LoginFailed, look) }
}

fn read(record: &Private) -> Result<TokenInfo, AccessError> {
    let value = parse(&record.value)?;
    let text = |name: &str| value.text_at(&[name]).unwrap_or_default().to_owned();
    let facility = value.get("facility").and_then(Value::as_str).map(|id| Facility {
        id: id.to_owned(),
        name: text("facilityName"),
        institution: text("institution"),
        territory: vec![id.to_owned()],
    });
    let time = |micros: i64| Timestamp::from_microsecond(micros).unwrap_or_default();
    Ok(TokenInfo {
        id: record.key.clone(),
        label: text("label"),
        role: Role::from_code(&text("role")).ok_or(AccessError::Unauthenticated)?,
        institution: text("institution"),
        facility,
        scopes: Scopes::parse(&text("scopes")).unwrap_or_default(),
        created: time(number(&value, "created")),
        expires: record.expires.map(time),
    })
}
