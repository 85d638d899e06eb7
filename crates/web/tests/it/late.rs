//! What goes wrong between a page and its form, for every form of the table: sent twice, sent after
//! somebody else was faster, sent after the session ended, filled in with what no field can hold.

use axum::http::StatusCode;

use crate::browser::Answer;
use crate::forms::{Kind, Opened, World, head, post, recipes, written};
use crate::house::well_made;

/// What a page says, without the keys of its forms.
fn said(page: &Answer) -> String {
    let parts = page.body.split("name=\"_una\" value=\"");
    parts.map(|part| part.split_once('"').map_or(part, |(_, rest)| rest)).collect()
}

fn told(wrong: &[String], ran: usize) {
    assert!(ran > 0, "nothing was tried");
    assert!(wrong.is_empty(), "{} of {ran}:\n{}", wrong.len(), wrong.join("\n"));
}

/// The words of a page, for a message.
fn words(page: &Answer) -> String {
    let main = page.body.split("<main").nth(1).unwrap_or(&page.body);
    let texts = main.split('<').filter_map(|part| part.split_once('>')).map(|(_, text)| text.trim());
    texts.filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" | ").chars().take(700).collect()
}

#[tokio::test]
async fn every_form_sent_twice_acts_once_and_leads_to_the_same_page() {
    let mut world = World::new().await;
    let (mut wrong, mut ran) = (Vec::new(), 0);
    for recipe in recipes() {
        let Opened { mut browser, action, form, .. } = world.open(recipe).await;
        let (mut twin, pairs, start) = (browser.clone(), form.filled(recipe.answers), head(&world.site).await);
        let first = post(&mut browser, &action, &pairs).await;
        let middle = head(&world.site).await;
        let second = post(&mut twin, &action, &pairs).await;
        let (acted, more) = (written(&world.site, start).await, written(&world.site, middle).await);
        ran += 1;
        let path = recipe.path;
        if !matches!(first.status, StatusCode::SEE_OTHER | StatusCode::OK) {
            wrong.push(format!("{path} is not taken: {} {}", first.status, words(&first)));
        } else if !more.is_empty() {
            wrong.push(format!("{path} acted twice: {acted:?}, then {more:?}"));
        } else if (second.status, second.location()) != (first.status, first.location()) {
            let places = (first.status, first.location(), second.status, second.location());
            wrong.push(format!("{path} leads elsewhere: {places:?} {}", words(&second)));
        } else if first.status == StatusCode::OK && said(&first) != said(&second) {
            wrong.push(format!("{path} says something else: {} / {}", words(&first), words(&second)));
        }
    }
    told(&wrong, ran);
}

#[tokio::test]
async fn the_second_of_two_at_once_waits_for_the_first_and_lands_on_the_same_page() {
    let mut world = World::new().await;
    let recipe = recipes().iter().find(|one| one.path == "/referencias/{id}/aceptar").unwrap();
    let Opened { mut browser, action, form, .. } = world.open(recipe).await;
    let (mut twin, pairs) = (browser.clone(), form.filled(recipe.answers));
    let (one, two) = tokio::join!(post(&mut browser, &action, &pairs), post(&mut twin, &action, &pairs));
    assert_eq!((one.status, two.status), (StatusCode::SEE_OTHER, StatusCode::SEE_OTHER), "{}", words(&two));
    assert_eq!(one.location(), two.location());
}

const MINE: &str = "Lo que yo escribí";

#[tokio::test]
async fn a_page_that_is_out_of_date_shows_the_present_keeps_what_was_typed_and_changes_nothing() {
    let mut world = World::new().await;
    let (mut wrong, mut ran) = (Vec::new(), 0);
    for recipe in recipes() {
        let Opened { mut browser, page, action, form, .. } = world.open(recipe).await;
        if !form.of_a_version() {
            continue;
        }
        ran += 1;
        let path = recipe.path;
        let mut faster = browser.clone();
        let shown = faster.get(&page).await;
        let theirs = crate::forms::Shown::to(&shown, &action).unwrap().filled(recipe.answers);
        let mut mine = form.filled(recipe.answers);
        let typed = form.fields.iter().filter(|field| field.kind == Kind::Text && !field.number);
        let typed: Vec<&str> = typed.map(|field| field.name.as_str()).collect();
        let field =
            recipe.answers.iter().map(|(name, _)| *name).rfind(|name| typed.contains(name)).or(typed.first().copied());
        // What is looked up is looked up first, and kept beside its field.
        let field = field.filter(|name| *name != "municipios");
        if let Some(field) = field {
            mine.iter_mut().filter(|(name, _)| name == field).for_each(|(_, value)| *value = MINE.to_owned());
        }
        let won = post(&mut faster, &action, &theirs).await;
        if won.status != StatusCode::SEE_OTHER {
            wrong.push(format!("{path} is not taken: {} {}", won.status, words(&won)));
            continue;
        }
        let before = head(&world.site).await;
        let stale = post(&mut browser, &action, &mine).await;
        if stale.status != StatusCode::CONFLICT {
            wrong.push(format!("{path}: {} {} {}", stale.status, stale.location(), words(&stale)));
            continue;
        }
        well_made(path, &stale);
        if field.is_some() && !stale.body.contains(MINE) {
            wrong.push(format!("{path} loses {field:?}: {}", words(&stale)));
        }
        if !stale.body.contains("id=\"ahora\"") {
            wrong.push(format!("{path} does not show the present: {}", words(&stale)));
        }
        let changed = written(&world.site, before).await;
        if !changed.is_empty() {
            wrong.push(format!("{path} changed {changed:?}"));
        }
    }
    told(&wrong, ran);
}

#[tokio::test]
async fn what_was_typed_into_any_form_comes_back_after_the_login() {
    let mut world = World::with_spare(20).await;
    let (mut wrong, mut ran) = (Vec::new(), 0);
    // Whoever leaves after the session has ended has left.
    for recipe in recipes().iter().filter(|one| one.path != "/salir") {
        let opened = world.open(recipe).await;
        world.log_out(&opened).await;
        let Opened { mut browser, user, action, form, .. } = opened;
        let (path, pairs, before) = (recipe.path, form.filled(recipe.answers), head(&world.site).await);
        let secret = form.fields.iter().any(|field| field.kind == Kind::Password);
        let login = post(&mut browser, &action, &pairs).await;
        ran += 1;
        let kept = crate::forms::Shown::to(&login, "/entrar");
        let Some(kept) = kept.filter(|form| form.has("_ruta")) else {
            wrong.push(format!("{path} is lost: {} {} {}", login.status, login.location(), words(&login)));
            continue;
        };
        well_made(path, &login);
        // Keys of one showing, of the login itself, and passwords.
        let own = ["_sello", "_una", "_paso", "_seguir"];
        let secrets = |name: &str| own.contains(&name) || name.starts_with("clave");
        let due: Vec<_> = pairs.iter().filter(|(name, _)| !secrets(name)).cloned().collect();
        let carried: Vec<(String, String)> =
            kept.fields.iter().map(|one| (one.name.clone(), one.value.clone())).collect();
        let lost: Vec<_> =
            due.iter().filter(|(name, value)| !carried.contains(&(format!("_dato.{name}"), value.clone()))).collect();
        if !lost.is_empty() || carried.iter().any(|(name, _)| name.starts_with("_dato.clave")) {
            wrong.push(format!("{path} loses {lost:?} of {carried:?}"));
        }
        let back = [("usuario", user.as_str()), ("clave", crate::PASSWORD)];
        let confirm = post(&mut browser, "/entrar", &kept.filled(&back)).await;
        // Who has a second step or several roles is asked for them first.
        let Some(again) = crate::forms::Shown::to(&confirm, &action) else {
            let on = ["/entrar/codigo", "/entrar/funcion"].iter().find_map(|to| crate::forms::Shown::to(&confirm, to));
            if !on.is_some_and(|on| due.iter().all(|(name, _)| on.has(&format!("_dato.{name}")))) {
                wrong.push(format!("{path} is lost at the login: {} {}", confirm.status, words(&confirm)));
            }
            continue;
        };
        let changed = written(&world.site, before).await;
        if !changed.iter().all(|key| key.starts_with("Practitioner")) {
            wrong.push(format!("{path} wrote {changed:?} before it was sent"));
        }
        let sent = post(&mut browser, &action, &again.filled(&[])).await;
        // Passwords are not kept, and asked for anew.
        let asks_anew = secret && sent.status == StatusCode::UNPROCESSABLE_ENTITY;
        if !asks_anew && !matches!(sent.status, StatusCode::SEE_OTHER | StatusCode::OK) {
            wrong.push(format!("{path} is not taken afterwards: {} {}", sent.status, words(&sent)));
        }
    }
    told(&wrong, ran);
}

/// Fields that take more than ten thousand letters, or more than a number, and why.
const FREE: &[(&str, &str)] = &[
    ("buscar", "looks for a person: it is cut, and finds nobody"),
    ("cui", "asked of another kind of document, and not kept with this one"),
    ("passport_country", "the same"),
    ("passport_number", "the same"),
    ("foreign_id", "the same"),
    ("mother_cui", "the same"),
    ("birth_order", "the same"),
];

/// What no field of the kind can hold: for a text, for digits.
fn absurd(long: &str) -> [Vec<&str>; 2] {
    let digits = vec![
        "tres",
        "1e999",
        "NaN",
        "-1",
        "99999999999999999999",
        "30/02/2026",
        "01/01/0001",
        "31/12/9999",
        "\u{661}\u{662}",
        long,
    ];
    [vec![long], digits]
}

#[tokio::test]
async fn what_no_field_can_hold_is_told_beside_it_kept_and_not_stored() {
    let mut world = World::new().await;
    let (mut wrong, mut ran) = (Vec::new(), 0);
    let long = "ñandú ".repeat(1667);
    let [texts, digits] = absurd(long.trim());
    for recipe in recipes() {
        let Opened { mut browser, action, form, .. } = world.open(recipe).await;
        let (path, start) = (recipe.path, head(&world.site).await);
        let mut version = form.version();
        for name in form.typed() {
            // The institute's own form takes any three to twenty letters and digits for its number.
            let number = name != "igss_number" && form.fields.iter().any(|field| field.name == name && field.number);
            for absurd in if number { &digits } else { &texts } {
                if FREE.iter().any(|(free, _)| *free == name) {
                    continue;
                }
                let mut pairs = form.filled(recipe.answers);
                pairs.retain(|(other, _)| *other != name && (version.is_none() || other != "version"));
                pairs.push((name.clone(), (*absurd).to_owned()));
                pairs.extend(version.clone().map(|version| ("version".to_owned(), version)));
                let page = post(&mut browser, &action, &pairs).await;
                // A sheet that is kept with each try shows the next version.
                version = crate::forms::Shown::to(&page, &action).and_then(|shown| shown.version()).or(version);
                let typed: String = absurd.chars().take(24).collect();
                ran += 1;
                let beside = if number { "-error\"".to_owned() } else { format!("id=\"{name}-error\"") };
                let told = page.body.contains(&beside);
                let kept = crate::forms::plain(&page.body).contains(absurd);
                if page.status != StatusCode::UNPROCESSABLE_ENTITY || !told || !kept {
                    let why = (page.status, page.location(), told, kept);
                    wrong.push(format!("{path} {name}={typed}: {why:?} {:.200}", words(&page)));
                }
                let stored = written(&world.site, start).await;
                if !stored.is_empty() {
                    wrong.push(format!("{path} {name}={typed} stored {stored:?}"));
                    break;
                }
            }
        }
    }
    told(&wrong, ran);
}

#[tokio::test]
async fn a_megabyte_in_any_field_is_refused_in_words_and_not_stored() {
    let mut world = World::new().await;
    let (mut wrong, mut ran, long) = (Vec::new(), 0, "a".repeat(1 << 20));
    for recipe in recipes() {
        let Opened { mut browser, action, form, .. } = world.open(recipe).await;
        let start = head(&world.site).await;
        for name in form.typed() {
            let mut pairs = form.filled(recipe.answers);
            pairs.push((name.clone(), long.clone()));
            let page = post(&mut browser, &action, &pairs).await;
            ran += 1;
            if page.status != StatusCode::PAYLOAD_TOO_LARGE || !page.body.contains("Acorte el texto") {
                wrong.push(format!("{} {name}: {} {}", recipe.path, page.status, words(&page)));
            }
            well_made(recipe.path, &page);
        }
        let stored = written(&world.site, start).await;
        if !stored.is_empty() {
            wrong.push(format!("{} stored {stored:?}", recipe.path));
        }
    }
    told(&wrong, ran);
}
