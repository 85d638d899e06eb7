//! The cookies: the session, the locked sessions of others on a shared phone, the visit of somebody
//! who has not logged in, and what to tell on the next page. All are `HttpOnly` and `SameSite=Lax`; by https they are `Secure` and bound
//! to this host alone.

use axum::http::{HeaderMap, HeaderValue, header};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};

/// The session's secret.
pub const SESSION: &str = "sesion";
/// The secrets of the locked sessions of others in this browser, with points between them.
pub const OTHERS: &str = "turno";
/// A random value for forms before login.
pub const VISIT: &str = "visita";
/// What was done, for the next page's banner.
pub const DONE: &str = "hecho";

/// The value of a cookie in a request.
pub fn read(headers: &HeaderMap, name: &str, https: bool) -> Option<String> {
    let name = full_name(name, https);
    headers
        .get_all(header::COOKIE)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(';'))
        .filter_map(|pair| pair.trim().split_once('='))
        .find(|(key, _)| *key == name)
        .map(|(_, value)| value.to_owned())
}

/// Sets a cookie for this visit of the browser; an empty value takes it away.
pub fn write(headers: &mut HeaderMap, name: &str, value: &str, https: bool) {
    let name = full_name(name, https);
    let secure = if https { "; Secure" } else { "" };
    let age = if value.is_empty() { "; Max-Age=0" } else { "" };
    let cookie = format!("{name}={value}; Path=/; HttpOnly; SameSite=Lax{secure}{age}");
    if let Ok(cookie) = HeaderValue::from_str(&cookie) {
        headers.append(header::SET_COOKIE, cookie);
    }
}

/// The seal that a form carries: it can be made only by who knows the cookie, and does not tell it.
pub fn seal_of(secret: &str) -> String {
    let mut hash = Sha256::new();
    hash.update(b"tejido form seal:");
    hash.update(secret);
    URL_SAFE_NO_PAD.encode(hash.finalize())
}

fn full_name(name: &str, https: bool) -> String {
    if https { format!("__Host-{name}") } else { name.to_owned() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn by_https_a_cookie_belongs_to_this_host_alone() {
        let mut headers = HeaderMap::new();
        write(&mut headers, SESSION, "x", true);
        assert_eq!(headers[header::SET_COOKIE], "__Host-sesion=x; Path=/; HttpOnly; SameSite=Lax; Secure");
        let mut headers = HeaderMap::new();
        headers.insert(header::COOKIE, HeaderValue::from_static("a=1; __Host-sesion=x; sesion=y"));
        assert_eq!(read(&headers, SESSION, true).as_deref(), Some("x"));
        assert_eq!(read(&headers, SESSION, false).as_deref(), Some("y"));
    }

    #[test]
    fn a_seal_does_not_tell_its_secret() {
        assert_ne!(seal_of("a"), seal_of("b"));
        assert!(!seal_of("secreto").contains("secreto"));
    }
}
