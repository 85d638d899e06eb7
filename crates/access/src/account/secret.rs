//! Secrets: drawing them, hashing them, comparing them.

use std::sync::Arc;

use argon2::{Algorithm, Argon2, Params, Version};
use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest, Sha256};
use store::{Entropy, StoreError};
use subtle::ConstantTimeEq;
use tokio::sync::Semaphore;
use totp_rs::{Builder, Totp};

use crate::AccessError;

/// Memory of a hash, KiB: 19 MiB, 2 passes, 1 lane (OWASP's smallest for argon2id), for small machines.
const MEMORY_KIB: u32 = 19 * 1024;
const PASSES: u32 = 2;
const LANES: u32 = 1;
/// How long a TOTP step lasts, seconds.
const STEP_S: u64 = 30;

/// How many hashes are made at once: each takes its memory, and strangers ask for them.
static HASHING: Semaphore = Semaphore::const_new(3);

/// A new secret of 256 bits, as text.
pub(super) fn draw(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 32];
    entropy.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// SHA-256 as hexadecimal text: for secrets that were drawn, not chosen.
pub(super) fn digest(text: &str) -> String {
    hex(&Sha256::digest(text.as_bytes()))
}

pub(super) fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// Compares without telling by its time where two texts differ.
pub(super) fn same(a: &str, b: &str) -> bool {
    a.as_bytes().ct_eq(b.as_bytes()).into()
}

/// Hashes a chosen secret, off the async threads.
pub(super) async fn hash(entropy: &Arc<dyn Entropy>, text: &str) -> Result<String, AccessError> {
    let mut salt = [0; 16];
    entropy.fill(&mut salt);
    let (text, salt) = (text.to_owned(), hex(&salt));
    let place = HASHING.acquire().await;
    tokio::task::spawn_blocking(move || {
        // Held to the end of the work, also when nobody waits for it any more.
        let _place = place;
        hashed(&text, &salt)
    })
    .await
    .ok()
    .flatten()
    .ok_or(AccessError::Store(StoreError::Fault("a password could not be hashed")))
}

/// Checks a chosen secret against its hash, off the async threads. Without a hash it takes as long
/// and is false, so that an unknown user looks like a wrong password.
pub(super) async fn verify(known: Option<String>, text: &str) -> bool {
    let text = text.to_owned();
    let place = HASHING.acquire().await;
    let checked = tokio::task::spawn_blocking(move || {
        let _place = place;
        let salt =
            known.as_deref().and_then(|known| known.split('$').nth(2)).unwrap_or("00000000000000000000000000000000");
        let found = hashed(&text, salt).unwrap_or_default();
        known.is_some_and(|known| same(&known, &found))
    });
    checked.await.unwrap_or(false)
}

/// `argon2id$m=19456,t=2,p=1$salt$hash`.
fn hashed(text: &str, salt: &str) -> Option<String> {
    let params = Params::new(MEMORY_KIB, PASSES, LANES, Some(32)).ok()?;
    let mut out = [0; 32];
    let argon = Argon2::new(Algorithm::Argon2id, Version::V0x13, params);
    argon.hash_password_into(text.as_bytes(), salt.as_bytes(), &mut out).ok()?;
    Some(format!("argon2id$m={MEMORY_KIB},t={PASSES},p={LANES}${salt}${}", hex(&out)))
}

/// A TOTP generator (RFC 6238: SHA-1, 6 digits, 30 s) of a secret in base 32.
fn totp(secret: &str) -> Option<Totp> {
    let bytes = unbase32(secret)?;
    Builder::new()
        .with_secret(<[u8; 20]>::try_from(bytes).ok()?)
        .with_digits(6)
        .with_skew(1)
        .with_step_duration(STEP_S)
        .build()
        .ok()
}

/// The step that a code belongs to, if it is good at that second and newer than `used`.
pub(super) fn totp_step(secret: &str, code: &str, second: i64, used: u64) -> Option<u64> {
    let second = u64::try_from(second).ok()?;
    let code: String = code.chars().filter(|letter| !letter.is_whitespace()).collect();
    totp(secret)?.check(&code, second).filter(|step| *step > used)
}

/// A new TOTP secret of 160 bits in base 32.
pub(super) fn totp_secret(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 20];
    entropy.fill(&mut bytes);
    base32(&bytes)
}

const BASE32: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";

fn base32(bytes: &[u8]) -> String {
    let bit = |at: usize| bytes.get(at / 8).is_some_and(|byte| byte >> (7 - at % 8) & 1 == 1);
    let letters = (bytes.len() * 8).div_ceil(5);
    let index = |letter: usize| (0..5).fold(0, |index, at| index << 1 | usize::from(bit(letter * 5 + at)));
    (0..letters).map(|letter| char::from(BASE32[index(letter)])).collect()
}

fn unbase32(text: &str) -> Option<Vec<u8>> {
    let (mut bits, mut held, mut bytes) = (0_u32, 0, Vec::new());
    for letter in text.trim_end_matches('=').bytes() {
        let index = BASE32.iter().position(|known| *known == letter.to_ascii_uppercase())?;
        bits = bits << 5 | u32::try_from(index).ok()?;
        held += 5;
        if held >= 8 {
            held -= 8;
            bytes.push(u8::try_from(bits >> held & 0xff).ok()?);
        }
    }
    Some(bytes)
}

/// A recovery code: `k7xm-p2qd`, 40 bits.
pub(super) fn recovery_code(entropy: &dyn Entropy) -> String {
    let mut bytes = [0; 5];
    entropy.fill(&mut bytes);
    let letters = base32(&bytes).to_ascii_lowercase();
    format!("{}-{}", &letters[..4], &letters[4..])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn totp_gives_the_codes_of_rfc_6238() {
        // Appendix B, SHA-1, secret "12345678901234567890"; its 8 digits end in our 6.
        let secret = base32(b"12345678901234567890");
        assert_eq!(secret, "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
        for (second, code) in [
            (59, "287082"),
            (1_111_111_109, "081804"),
            (1_111_111_111, "050471"),
            (1_234_567_890, "005924"),
            (2_000_000_000, "279037"),
        ] {
            let step = totp_step(&secret, code, second, 0);
            assert_eq!(step, Some(u64::try_from(second).unwrap() / 30), "{second}");
            assert_eq!(totp_step(&secret, code, second, step.unwrap()), None, "once only");
            assert_eq!(totp_step(&secret, code, second + 90, 0), None, "too late");
        }
        assert_eq!(totp_step(&secret, "287083", 59, 0), None);
    }

    #[tokio::test]
    async fn a_hash_knows_its_password_only() {
        let entropy: Arc<dyn Entropy> = Arc::new(store::SystemEntropy);
        let kept = hash(&entropy, "maíz y frijol").await.unwrap();
        assert!(kept.starts_with("argon2id$m=19456,t=2,p=1$") && !kept.contains("maíz"));
        assert!(verify(Some(kept.clone()), "maíz y frijol").await);
        assert!(!verify(Some(kept), "maiz y frijol").await);
        assert!(!verify(None, "maíz y frijol").await);
    }
}
