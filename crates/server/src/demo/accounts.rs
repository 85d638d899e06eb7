//! The demonstration's accounts, one at least for each role, written down for whoever tries it.

use std::collections::BTreeMap;

use access::{Access, NewUser, Role, Terms, system};
use anyhow::{Context, Result};
use fhir::{Value, json};
use jiff::ToSpan;
use jiff::civil::Date;
use network::demo::{Demo, Staff};
use store::{Change, Expect, Key, Visibility, Write};

use super::cast::Cast;
use crate::cli::Language;
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
        let totp = access::needs_totp(staff.role).then(|| secret(at));
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

/// Months for which the institutions have shared referrals.
const AGREED_MONTHS: i64 = 14;

/// Each administrator gives the other institution their own one's side of the agreement.
///
/// # Errors
/// What `access` refuses.
pub async fn agree(access: &Access, cast: &Cast<'_>, today: Date) -> Result<()> {
    let since = today.checked_sub(AGREED_MONTHS.months()).unwrap_or(today).first_of_month();
    let answers: Vec<&Staff> = cast.demo.staff.iter().filter(|one| one.role == Role::Administrator).collect();
    for one in &answers {
        let cx = cast.caller(one, access.store().clock().now());
        for other in answers.iter().filter(|other| other.institution != one.institution) {
            access.agree(&cx, other.institution, &Terms::since(&since.to_string())).await?;
        }
    }
    Ok(())
}

/// The accounts as a table for the eye, institution by institution: user name, role, facility.
pub fn table(accounts: &Value, language: Language) -> String {
    let text = |row: &Value, name: &str| row.text_at(&[name]).unwrap_or_default().to_owned();
    let mut found: BTreeMap<String, Vec<[String; 3]>> = BTreeMap::new();
    for row in accounts.items("accounts") {
        let role =
            Role::from_code(&text(row, "role")).map_or_else(String::new, |role| words(role, language).to_owned());
        let code = if row.text_at(&["totp"]).is_some() { " *" } else { "" };
        let place = Some(text(row, "facility")).filter(|name| !name.is_empty());
        let place = place.unwrap_or_else(|| language.say("toda la institución", "the whole institution").to_owned());
        found.entry(text(row, "institution")).or_default().push([text(row, "user"), role + code, place]);
    }
    let mut lines = Vec::new();
    for (institution, rows) in found {
        let wide = |column: usize| rows.iter().map(|row| row[column].chars().count()).max().unwrap_or(0);
        let (user, role) = (wide(0), wide(1));
        lines.push(format!("  {institution}"));
        lines.extend(rows.iter().map(|row| format!("    {:<user$}  {:<role$}  {}", row[0], row[1], row[2])));
    }
    lines.push(
        language
            .say("  * con segundo paso: su secreto está en el archivo", "  * second step: its secret is in the file")
            .to_owned(),
    );
    lines.join("\n")
}

fn words(role: Role, language: Language) -> &'static str {
    let (es, en) = match role {
        Role::Nurse => ("enfermería", "nurse"),
        Role::Doctor => ("médico", "doctor"),
        Role::Specialist => ("especialista", "specialist"),
        Role::CommunityWorker => ("enlace comunitario", "community worker"),
        Role::SocialWorker => ("trabajo social", "social worker"),
        Role::Interpreter => ("intérprete", "interpreter"),
        Role::Coordinator => ("gestor de red", "network coordinator"),
        Role::Supervisor => ("supervisión de distrito", "district supervisor"),
        Role::Director => ("dirección", "director"),
        Role::Clerk => ("citas", "appointments clerk"),
        Role::Administrator => ("administrador", "administrator"),
        Role::Auditor => ("auditor", "auditor"),
        Role::Adviser => ("asesoría", "adviser"),
        Role::System => ("sistema", "machine"),
    };
    language.say(es, en)
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_table_names_every_account_once_under_its_institution() {
        let row = |user: &str, role: &str, institution: &str, facility: Option<&str>| {
            let totp = (role == "auditor").then_some("ABC");
            json!({ "user": user, "role": role, "institution": institution, "facility": facility, "totp": totp })
        };
        let accounts = json!({ "accounts": [
            row("ixmucane.caal", "enfermeria", "MSPAS", Some("Puesto de Salud Sechaj")),
            row("auditor.igss", "auditor", "IGSS", None),
            row("hector.yat", "supervision-distrito", "MSPAS", Some("Centro de Salud")),
        ] });
        let told = table(&accounts, Language::Es);
        let lines: Vec<&str> = told.lines().collect();
        assert_eq!(
            lines[..4],
            [
                "  IGSS",
                "    auditor.igss  auditor *  toda la institución",
                "  MSPAS",
                "    ixmucane.caal  enfermería               Puesto de Salud Sechaj",
            ]
        );
        assert_eq!(lines[4], "    hector.yat     supervisión de distrito  Centro de Salud");
        let network = network::demo::network(jiff::civil::date(2026, 11, 24));
        let rows: Vec<Value> = network
            .staff
            .iter()
            .map(|one| row(one.user, one.role.code(), one.institution, Some(one.facility.as_str())))
            .collect();
        let told = table(&json!({ "accounts": rows }), Language::Es);
        for one in &network.staff {
            assert_eq!(told.matches(&format!("    {} ", one.user)).count(), 1, "{}: {told}", one.user);
        }
    }
}
