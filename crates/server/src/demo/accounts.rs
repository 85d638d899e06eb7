//! The demonstration's accounts, one at least for each role, written down for whoever tries it.

use access::{Access, NewUser, Role, system};
use anyhow::{Context, Result};
use fhir::{Value, json};
use network::demo::{Demo, Staff};
use store::{Change, Expect, Key, Visibility, Write};

use crate::wiring;

/// One password for all: the demonstration guards nothing.
pub const PASSWORD: &str = "tejido-demo-2026";

/// Makes the accounts and tells them as JSON.
///
/// # Errors
/// What `access` refuses.
pub async fn make(access: &Access, demo: &Demo) -> Result<Value> {
    let cx = wiring::operator(access);
    let mut rows = Vec::new();
    for (at, staff) in demo.staff.iter().enumerate() {
        let totp = second_factor(staff.role).then(|| secret(at));
        let created = access
            .accounts()
            .create_user(
                &cx,
                NewUser {
                    user: staff.user.to_owned(),
                    name: format!("{} {}", staff.given, staff.family),
                    practitioner: Some(staff.practitioner()),
                    roles: vec![(staff.role, staff.facility.clone())],
                    territory: staff.territory.clone(),
                    password: Some(PASSWORD.to_owned()),
                    must_change: false,
                    totp: totp.clone(),
                },
            )
            .await
            .with_context(|| format!("account {}", staff.user))?;
        if staff.specialty.is_some() {
            specialise(access, staff, &created.roles).await?;
        }
        let facility = demo.facilities.iter().find(|one| one.id() == staff.facility);
        rows.push(json!({
            "user": staff.user, "password": PASSWORD, "name": format!("{} {}", staff.given, staff.family),
            "role": staff.role.code(), "institution": staff.institution,
            "facility": facility.map(|one| one.name.clone()), "totp": totp,
        }));
    }
    Ok(json!({ "note": "SINTÉTICO", "accounts": rows }))
}

/// Roles that `access` asks a second factor of.
fn second_factor(role: Role) -> bool {
    matches!(role, Role::Administrator | Role::Auditor)
}

/// A fixed secret for each account, in base 32.
fn secret(at: usize) -> String {
    const ALPHABET: &[u8; 32] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZ234567";
    (0..32).map(|digit| char::from(ALPHABET[(digit * 7 + at * 5 + 3) % 32])).collect()
}

/// The specialty and service of a specialist's role, from the network's own PractitionerRole.
async fn specialise(access: &Access, staff: &Staff, roles: &[String]) -> Result<()> {
    let [_, described] = staff.resources();
    for id in roles {
        let key = Key::new("PractitionerRole", id.as_str());
        let stored = access.store().read(&key, &Visibility::All).await?.context("the role was just made")?;
        let mut role = stored.value();
        for part in ["specialty", "healthcareService"] {
            if let Some(value) = described.get(part) {
                role.set(part, value.clone());
            }
        }
        debug_assert!(role.to_string().contains(system::SPECIALTY));
        let changes =
            vec![Change { key, expect: Expect::Version(stored.version), write: Write::Put(role.to_bytes().into()) }];
        access
            .commit(&wiring::operator(access), access::Act { name: "specialise", changes, ..Default::default() })
            .await?;
    }
    Ok(())
}
