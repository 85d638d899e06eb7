//! `tejido user …` and `tejido token …`.

use std::collections::BTreeSet;
use std::io::{BufRead, IsTerminal};
use std::process::ExitCode;
use std::sync::Arc;

use access::{Access, Act, Cx, NewToken, NewUser, Role, RoleChoice, Scopes, system};
use anyhow::{Context, Result, bail};
use clap::ArgMatches;
use fhir::json;
use jiff::ToSpan;
use network::Directory;
use store::{Change, Expect, Key, Live, Visibility, Write};

use crate::cli::Language;
use crate::wiring;

fn text<'a>(matches: &'a ArgMatches, name: &str) -> Option<&'a str> {
    matches.get_one::<String>(name).map(String::as_str).filter(|text| !text.is_empty())
}

fn role(matches: &ArgMatches) -> Result<Role> {
    let code = text(matches, "role").context("--role")?;
    let known = Role::ALL.map(Role::code).join(", ");
    Role::from_code(code).with_context(|| format!("{code:?} is no role; there are {known}"))
}

/// `tejido user add|password|disable|territory|role`.
pub async fn user(language: Language, access: &Access, matches: &ArgMatches) -> Result<ExitCode> {
    let cx = wiring::operator(access);
    let (name, inner) = matches.subcommand().context("user add|password|disable|territory|role")?;
    if name == "role" {
        return roles(language, access, &cx, inner).await;
    }
    let user = text(inner, "user").context("the user's name")?;
    let accounts = access.accounts();
    match name {
        "add" => add(language, access, &cx, inner).await?,
        "password" => accounts.set_password(&cx, user, &password(language)?).await?,
        "territory" => territory(language, access, &cx, inner).await?,
        "disable" => accounts.set_disabled(&cx, user, true).await?,
        other => bail!("no command user {other}"),
    }
    Ok(ExitCode::SUCCESS)
}

async fn add(language: Language, access: &Access, cx: &Cx, matches: &ArgMatches) -> Result<()> {
    let facility = match (text(matches, "facility"), text(matches, "institution")) {
        (Some(facility), _) => facility.to_owned(),
        (None, Some(institution)) => institution_facility(access, cx, institution).await?,
        (None, None) => {
            bail!("{}", language.say("falta --facility o --institution", "--facility or --institution is missing"))
        }
    };
    let user = text(matches, "user").unwrap_or_default().to_owned();
    let new = NewUser {
        user,
        name: text(matches, "name").unwrap_or_default().to_owned(),
        roles: vec![(role(matches)?, facility)],
        password: Some(password(language)?),
        ..NewUser::default()
    };
    access.accounts().create_user(cx, new).await?;
    Ok(())
}

/// `tejido user role add|end`: one more role of an account, or one less.
async fn roles(language: Language, access: &Access, cx: &Cx, matches: &ArgMatches) -> Result<ExitCode> {
    let (name, inner) = matches.subcommand().context("user role add|end")?;
    let user = text(inner, "user").context("the user's name")?;
    let (role, facility) = (role(inner)?, text(inner, "facility").context("--facility")?);
    let accounts = access.accounts();
    if name == "add" {
        accounts.add_role(cx, user, role, facility).await?;
        return Ok(ExitCode::SUCCESS);
    }
    let users = accounts.users(cx).await?;
    let info = users.into_iter().find(|info| info.user == user.to_lowercase());
    let has = |one: &&RoleChoice| one.role == role && one.facility.id == facility;
    let ending = info.as_ref().and_then(|info| info.roles.iter().find(has));
    let none = || language.say("la cuenta no tiene esa función ahí", "the account has no such role there");
    accounts.end_role(cx, user, &ending.with_context(none)?.id).await?;
    Ok(ExitCode::SUCCESS)
}

/// Changes a territory, then tells it: a facility a line, its own first.
async fn territory(language: Language, access: &Access, cx: &Cx, matches: &ArgMatches) -> Result<()> {
    let accounts = access.accounts();
    let user = text(matches, "user").unwrap_or_default();
    let before = answering(language, access, cx, (user, text(matches, "facility"))).await?;
    let live = Live::<Directory>::default();
    live.follow(access.store()).await?;
    let areas = live.with(|directory| directory.areas(&before.facility.institution));
    let inside = |name: &str| -> Result<BTreeSet<String>> {
        let mut found = BTreeSet::new();
        for asked in matches.get_many::<String>(name).into_iter().flatten() {
            let area = areas.iter().find(|area| area.id == *asked).map(|area| area.facilities.clone());
            let one = areas.iter().any(|area| area.facilities.contains(asked)).then(|| BTreeSet::from([asked.clone()]));
            let institution = &before.facility.institution;
            let none = language.say("no tiene establecimientos en", "has no facility in");
            found.extend(area.or(one).with_context(|| format!("{institution} {none} {asked:?}"))?);
        }
        Ok(found)
    };
    let own = before.facility.id.clone();
    let mut next: BTreeSet<String> = before.facility.territory.iter().cloned().collect();
    next.extend(inside("add")?);
    let (gone, known) = (inside("remove")?, &before.facility.territory);
    next.retain(|id| *id != own && !gone.contains(id));
    if !next.iter().eq(known.iter().filter(|id| **id != own).collect::<BTreeSet<_>>()) {
        accounts.set_territory(cx, user, &before, &next.iter().cloned().collect::<Vec<_>>()).await?;
    }
    live.with(|directory| {
        for id in std::iter::once(&own).chain(&next) {
            println!("{id}\t{}", directory.facility(id).map_or("", |one| one.name.as_str()));
        }
    });
    Ok(())
}

/// The one role of an account that answers for a territory, or the one of them at a facility.
async fn answering(
    language: Language,
    access: &Access,
    cx: &Cx,
    (user, at): (&str, Option<&str>),
) -> Result<RoleChoice> {
    let users = access.accounts().users(cx).await?;
    let name = user.to_lowercase();
    let unknown = || format!("{} {user:?}", language.say("no hay cuenta", "there is no account"));
    let info = users.into_iter().find(|info| info.user == name).with_context(unknown)?;
    let fits = |one: &RoleChoice| one.role.has_territory() && at.is_none_or(|id| one.facility.id == id);
    let mut roles = info.roles.into_iter().filter(fits);
    match (roles.next(), roles.next()) {
        (Some(only), None) => Ok(only),
        (Some(_), Some(_)) => bail!(
            "{}",
            language.say(
                "responde por varios territorios: diga cuál con --facility",
                "answers for several territories: say which with --facility",
            )
        ),
        (None, _) => bail!(
            "{}",
            language.say(
                "no es de coordinación ni de supervisión de distrito ahí",
                "is no coordinator or district supervisor there",
            )
        ),
    }
}

/// The institution's own Organization, made where the store has none yet, so that the first
/// administrator has a place.
async fn institution_facility(access: &Access, cx: &Cx, institution: &str) -> Result<String> {
    let id = institution.to_lowercase();
    let key = Key::new("Organization", id.clone());
    if access.store().read(&key, &Visibility::All).await?.is_none_or(|stored| stored.deleted) {
        let organization = json!({
            "resourceType": "Organization", "id": &id, "name": institution, "active": true,
            "extension": [{ "url": system::EXT_INSTITUTION, "valueCode": institution }],
        });
        let bytes: Arc<[u8]> = organization.to_bytes().into();
        let changes = vec![Change { key, expect: Expect::Absent, write: Write::Put(bytes) }];
        access.commit(cx, Act { name: "create", changes, ..Act::default() }).await?;
    }
    Ok(id)
}

/// The password: one line of standard input.
fn password(language: Language) -> Result<String> {
    let input = std::io::stdin();
    if input.is_terminal() {
        eprint!("{} ", language.say("Contraseña (se verá al escribirla):", "Password (shown while typed):"));
    }
    let mut line = String::new();
    input.lock().read_line(&mut line)?;
    let line = line.trim_end_matches(['\n', '\r']);
    anyhow::ensure!(!line.is_empty(), "{}", language.say("falta la contraseña", "the password is missing"));
    Ok(line.to_owned())
}

/// `tejido token create|revoke|list`.
pub async fn token(access: &Access, matches: &ArgMatches) -> Result<ExitCode> {
    let cx = wiring::operator(access);
    let (name, inner) = matches.subcommand().context("token create|revoke|list")?;
    let accounts = access.accounts();
    match name {
        "create" => {
            let days = inner.get_one::<u32>("days").copied().unwrap_or(365);
            let scopes = text(inner, "scopes").unwrap_or("system/*.cruds tejido/sensible");
            Scopes::parse(scopes)
                .with_context(|| format!("{scopes:?} are no scopes such as system/*.cruds system/Patient.rs"))?;
            let new = NewToken {
                label: text(inner, "label").unwrap_or("tejido token create").to_owned(),
                role: role(inner)?,
                institution: text(inner, "institution").unwrap_or_default().to_owned(),
                facility: text(inner, "facility").map(str::to_owned),
                scopes: scopes.to_owned(),
                expires: Some(cx.now.checked_add((i64::from(days) * 24).hours())?),
            };
            println!("{}", accounts.create_token(&cx, new).await?);
        }
        "revoke" => accounts.revoke_token(&cx, text(inner, "id").unwrap_or_default()).await?,
        "list" => {
            for one in accounts.tokens(&cx).await? {
                let ends = one.expires.map(|time| time.to_string()).unwrap_or_default();
                println!("{}\t{}\t{}\t{}\t{ends}", one.id, one.role.code(), one.institution, one.label);
            }
        }
        other => bail!("no command token {other}"),
    }
    Ok(ExitCode::SUCCESS)
}
