//! What a handler is given: who asks, by which address, under which conditions, and how the
//! answer is to look. Made from the head of a request; batch and transaction make one per entry.

use std::net::IpAddr;

use access::{AccessError, Act, Cx};
use axum::extract::FromRequestParts;
use http::header::{self, HeaderMap, HeaderName};
use http::request::Parts;
use jiff::Timestamp;
use store::{Change, Expect, Key, Kind, StoreError, Stored};

use crate::address::{self, Pairs};
use crate::error::ApiError;
use crate::{Api, MOUNT};

/// What `server` knows about the other end of the connection; it puts this into the request's
/// extensions.
#[derive(Clone, Copy, Debug)]
pub struct Peer {
    /// Network address of the other end.
    pub address: IpAddr,
    /// Whether the connection is TLS.
    pub secure: bool,
    /// Whether the other end is the operator's own proxy, whose `X-Forwarded-*` are to be believed.
    pub trusted_proxy: bool,
}

/// The request's id, put into the extensions by `envelope`.
#[derive(Clone, Debug)]
pub struct RequestId(pub String);

/// What `Prefer: return=` asks (R4 §3.1.0.1.7).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Return {
    /// The resource as stored.
    Representation,
    /// No body.
    Minimal,
    /// An OperationOutcome.
    Outcome,
}

/// Conditions on the state of what is there, as headers or as members of `Bundle.entry.request`.
#[derive(Clone, Debug, Default)]
pub struct Conditions {
    /// `If-Match`.
    pub if_match: Option<String>,
    /// `If-None-Match`.
    pub if_none_match: Option<String>,
    /// `If-Modified-Since`.
    pub if_modified_since: Option<String>,
    /// `If-None-Exist`.
    pub if_none_exist: Option<String>,
}

impl Conditions {
    /// What must hold for an update or deletion.
    ///
    /// # Errors
    /// `Malformed` for an `If-Match` that is not one version, or an `If-None-Match` other than `*`.
    pub fn expect(&self) -> Result<Expect, ApiError> {
        match (self.if_match.as_deref(), self.if_none_match.as_deref()) {
            (Some(_), _) if self.wants_any() => Ok(Expect::Any),
            (Some(tag), _) => version_of(tag)
                .map(Expect::Version)
                .ok_or_else(|| ApiError::malformed("If-Match", "write one version as W/\"3\", or * for any")),
            (None, Some("*")) => Ok(Expect::Absent),
            (None, Some(_)) => Err(ApiError::malformed("If-None-Match", "on a write only * has a meaning")),
            (None, None) => Ok(Expect::Any),
        }
    }

    /// Whether something has to be there, whatever its version: `If-Match: *` (RFC 9110 §13.1.1).
    pub fn wants_any(&self) -> bool {
        self.if_match.as_deref().is_some_and(|tag| tag.trim() == "*")
    }

    /// What a failed write means under these conditions: that something is there although
    /// `If-None-Match: *` said otherwise is a failed precondition (RFC 9110 §13.1.2).
    pub fn failed(&self, error: ApiError) -> ApiError {
        match error {
            ApiError::Access(AccessError::Store(StoreError::Exists { key, .. })) if self.if_none_match.is_some() => {
                ApiError::Present { what: key.to_string() }
            }
            other => other,
        }
    }

    /// Whether this version is what the caller has already (R4 §3.1.0.1.6): `If-None-Match` decides, and
    /// `If-Modified-Since` where it is absent.
    pub fn is_known(&self, stored: &Stored) -> bool {
        if let Some(tags) = &self.if_none_match {
            return tags.split(',').any(|tag| tag.trim() == "*" || version_of(tag) == Some(stored.version));
        }
        let since = self.if_modified_since.as_deref().and_then(http_date);
        since.is_some_and(|since| stored.last_updated.as_second() <= since.as_second())
    }
}

/// The version in `W/"3"`; `"3"` is taken too.
fn version_of(tag: &str) -> Option<u64> {
    let quoted = tag.trim().trim_start_matches("W/");
    quoted.strip_prefix('"')?.strip_suffix('"')?.parse().ok()
}

/// An HTTP date (RFC 9110 §5.6.7) or a FHIR instant, which entries of a Bundle carry.
fn http_date(text: &str) -> Option<Timestamp> {
    text.parse().ok().or_else(|| Some(jiff::fmt::rfc2822::parse(text).ok()?.timestamp()))
}

/// One interaction as it is asked for.
#[derive(Clone)]
pub struct Call {
    /// What the router was given.
    pub api: Api,
    /// Who asks.
    pub cx: Cx,
    /// The public address of this API, without slash at the end.
    pub base: String,
    /// The query string, without what concerns the form of the answer only.
    pub params: Pairs,
    /// Conditions.
    pub when: Conditions,
    /// `Prefer: return=`, if said.
    pub wanted: Option<Return>,
    /// `Prefer: handling=lenient`: unknown parameters are told, not refused.
    pub lenient: bool,
}

impl Call {
    /// The same caller with another interaction: an entry of a Bundle.
    pub fn entry(&self, params: Pairs, when: Conditions) -> Self {
        Self { params, when, ..self.clone() }
    }

    /// Refuses parameters where the interaction has none: dropping them would do something else
    /// than was asked.
    ///
    /// # Errors
    /// `Malformed`.
    pub fn without_params(&self) -> Result<(), ApiError> {
        let say = "this interaction takes no parameters; a conditional create is the header If-None-Exist";
        self.params.first().map_or(Ok(()), |(name, _)| Err(ApiError::malformed(name, say)))
    }

    /// Holds `If-Match: *` against what the caller sees.
    ///
    /// # Errors
    /// `NoMatch` where nothing is there.
    pub async fn present(&self, key: &Key) -> Result<(), ApiError> {
        if !self.when.wants_any() {
            return Ok(());
        }
        match self.api.access.read(&self.cx, key).await {
            Ok(_) => Ok(()),
            Err(error) if matches!(error.kind(), Kind::NotFound | Kind::Gone) => {
                Err(ApiError::NoMatch { criteria: key.to_string() })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Writes one change.
    ///
    /// # Errors
    /// As for [`access::Access::commit`].
    pub async fn write(&self, name: &'static str, change: Change) -> Result<Stored, ApiError> {
        let act = Act { name, changes: vec![change], ..Act::default() };
        let committed = self.api.access.commit(&self.cx, act).await?;
        let missing = StoreError::Fault("a commit of one change gave none back");
        committed.stored.into_iter().next().ok_or_else(|| missing.into())
    }

    /// A new id for a resource.
    pub fn new_id(&self) -> String {
        self.api.access.store().entropy().id()
    }
}

impl FromRequestParts<Api> for Call {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let Open { base, params } = Open::from_request_parts(parts, api).await?;
        let request = parts.extensions.get::<RequestId>().map_or_else(String::new, |id| id.0.clone());
        let address = client_address(parts);
        let token = bearer(&parts.headers).ok_or(AccessError::Unauthenticated)?;
        let cx = api.authenticate.authenticate(token, &request, address.as_deref()).await?;
        let text = |name: HeaderName| header_text(&parts.headers, &name).map(str::to_owned);
        let when = Conditions {
            if_match: text(header::IF_MATCH),
            if_none_match: text(header::IF_NONE_MATCH),
            if_modified_since: text(header::IF_MODIFIED_SINCE),
            if_none_exist: text(HeaderName::from_static("if-none-exist")),
        };
        let (wanted, lenient) = preferences(&parts.headers);
        Ok(Self { api: api.clone(), cx, base, params, when, wanted, lenient })
    }
}

/// What is known of a request without knowing who asks: address, parameters, and that JSON will do.
pub struct Open {
    /// The public address of this API.
    pub base: String,
    /// The query string, without `_format` and `_pretty`.
    pub params: Pairs,
}

impl FromRequestParts<Api> for Open {
    type Rejection = ApiError;

    async fn from_request_parts(parts: &mut Parts, api: &Api) -> Result<Self, ApiError> {
        let mut params = address::decode(parts.uri.query().unwrap_or_default())?;
        acceptable(&parts.headers, &params)?;
        // `_totalMethod` is a hint that fhirpy adds for one server; it changes no answer.
        params.retain(|(name, _)| !matches!(name.as_str(), "_format" | "_pretty" | "_totalMethod"));
        Ok(Self { base: base(parts, api), params })
    }
}

fn header_text<'a>(headers: &'a HeaderMap, name: &HeaderName) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let (scheme, token) = header_text(headers, &header::AUTHORIZATION)?.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim()).filter(|token| !token.is_empty())
}

fn preferences(headers: &HeaderMap) -> (Option<Return>, bool) {
    let values = headers.get_all("prefer").iter().filter_map(|value| value.to_str().ok());
    let (mut wanted, mut lenient) = (None, false);
    for preference in values.flat_map(|value| value.split([',', ';'])) {
        // RFC 7240 §2: names in any case, values also in quotes.
        let (name, value) = preference.split_once('=').unwrap_or((preference, ""));
        match (name.trim().to_ascii_lowercase().as_str(), value.trim().trim_matches('"')) {
            ("return", "representation") => wanted = Some(Return::Representation),
            ("return", "minimal") => wanted = Some(Return::Minimal),
            ("return", "OperationOutcome") => wanted = Some(Return::Outcome),
            ("handling", value) => lenient = value == "lenient",
            _ => {}
        }
    }
    (wanted, lenient)
}

/// `_format` overrides `Accept` (R4 §3.1.0.1.11); JSON is all there is.
fn acceptable(headers: &HeaderMap, params: &[(String, String)]) -> Result<(), ApiError> {
    let is_json = |kind: &str| {
        let mut parts = kind.split(';').map(|part| part.trim().to_ascii_lowercase());
        let kind = parts.next().unwrap_or_default();
        // R4 §3.1.0.1.11.1; other versions of FHIR are not spoken.
        let version = parts.find_map(|part| Some(part.strip_prefix("fhirversion=")?.trim_matches('"').to_owned()));
        if version.is_some_and(|version| version != "4.0") {
            return false;
        }
        matches!(kind.as_str(), "application/fhir+json" | "application/json" | "text/json" | "json")
            || matches!(kind.as_str(), "*/*" | "application/*" | "")
    };
    let format = params.iter().find(|(name, _)| name == "_format").map(|(_, value)| value.replace(' ', "+"));
    let asked = match &format {
        Some(format) => Some(format.as_str()),
        None => header_text(headers, &header::ACCEPT),
    };
    match asked {
        Some(asked) if !asked.split(',').any(is_json) => Err(ApiError::NotAcceptable { asked: asked.to_owned() }),
        _ => Ok(()),
    }
}

fn trusted(parts: &Parts) -> bool {
    parts.extensions.get::<Peer>().is_some_and(|peer| peer.trusted_proxy)
}

/// The first value of an `X-Forwarded-*` header, only from the operator's own proxy.
fn forwarded<'a>(parts: &'a Parts, name: &'static str) -> Option<&'a str> {
    let text = header_text(&parts.headers, &HeaderName::from_static(name)).filter(|_| trusted(parts))?;
    text.split(',').next().map(str::trim).filter(|text| !text.is_empty())
}

fn base(parts: &Parts, api: &Api) -> String {
    if let Some(base) = &api.settings.base {
        return base.trim_end_matches('/').to_owned();
    }
    let secure = parts.extensions.get::<Peer>().is_some_and(|peer| peer.secure);
    let scheme = forwarded(parts, "x-forwarded-proto").unwrap_or(if secure { "https" } else { "http" });
    let host = forwarded(parts, "x-forwarded-host")
        .or_else(|| parts.uri.authority().map(http::uri::Authority::as_str))
        .or_else(|| header_text(&parts.headers, &header::HOST))
        .filter(|host| host.parse::<http::uri::Authority>().is_ok())
        .unwrap_or("localhost");
    format!("{scheme}://{host}{MOUNT}")
}

fn client_address(parts: &Parts) -> Option<String> {
    let own = parts.extensions.get::<Peer>().map(|peer| peer.address.to_string());
    forwarded(parts, "x-forwarded-for").map(str::to_owned).or(own)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn entity_tags_are_versions() {
        assert_eq!(version_of("W/\"3\""), Some(3));
        assert_eq!(version_of("\"3\""), Some(3));
        assert_eq!(version_of("3"), None);
        assert_eq!(version_of("W/\"x\""), None);
    }

    #[test]
    fn dates_of_http_and_of_fhir_are_read() {
        let time = http_date("Tue, 24 Nov 2026 14:00:00 GMT");
        assert!(time.is_some());
        assert_eq!(time, http_date("2026-11-24T08:00:00-06:00"));
        assert_eq!(http_date("mañana"), None);
    }
}
