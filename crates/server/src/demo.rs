//! `tejido demo`: the demonstration network, written through the same gate and commands as real
//! work, at the times when it would have happened, into an embedded store.
//!
//! Everything in it is made up and says so. It refuses to touch a folder that it did not make.

mod accounts;
mod cast;
mod clock;
mod people;
mod perform;
mod script;
mod words;

use std::cmp::Reverse;
use std::collections::{BinaryHeap, HashSet};
use std::path::Path;
use std::sync::Arc;

use access::{Access, Act, Cx};
use anyhow::{Context, Result, ensure};
use fhir::{Value, zone};
use jiff::civil::Weekday;
use jiff::{SignedDuration, Timestamp};
use network::Service;
use store::{Change, Dice, Expect, Key, Location, Options, Write};

use cast::Cast;
use clock::StoryClock;
use perform::{Stage, Story};
use script::{PLOTS, Plot, Step};

use crate::cli::Language;
use crate::wiring;

/// The file with the accounts; its presence says that the folder is a finished demonstration.
pub const ACCOUNTS: &str = "demo-accounts.json";
const BATCH: usize = 250;
const DAY_S: i64 = 86_400;
/// How far back the demonstration begins.
const PAST_DAYS: i64 = 120;
/// The specialist whom the third thing to try is about, and how many appointments of today wait there.
const TRIED: &str = "ana.chun";
const TODAY: usize = 3;

/// How large the demonstration is.
#[derive(Clone, Copy, Debug)]
pub struct Size {
    /// Synthetic people.
    pub people: usize,
    /// Part of the plots' counts, in percent; at least five of each.
    pub referrals_percent: usize,
}

/// Whether a store is a demonstration's, whose passwords are written on its door.
pub fn is_there(location: &Location) -> bool {
    matches!(location, Location::Directory(folder) if folder.join(ACCOUNTS).is_file())
}

/// Seeds the folder, unless it holds a finished demonstration.
///
/// # Errors
/// A folder with something else in it; whatever the commands refuse.
pub async fn prepare(folder: &Path, fresh: bool, size: Size, language: Language) -> Result<()> {
    let done = folder.join(ACCOUNTS).is_file();
    let unfinished = folder.join("demo-unfinished");
    if done && !fresh {
        return Ok(());
    }
    let empty = std::fs::read_dir(folder).map_or(true, |mut entries| entries.next().is_none());
    ensure!(
        empty || done || unfinished.is_file(),
        "{} holds something that is no demonstration; give another folder with --data",
        folder.display()
    );
    if !empty {
        std::fs::remove_dir_all(folder).with_context(|| format!("can't empty {}", folder.display()))?;
    }
    std::fs::create_dir_all(folder)?;
    std::fs::write(&unfinished, "")?;
    let accounts = seed(folder, size, language).await?;
    let file = folder.join(ACCOUNTS);
    std::fs::write(&file, accounts.to_bytes()).with_context(|| format!("can't write {}", file.display()))?;
    std::fs::remove_file(unfinished)?;
    Ok(())
}

fn say(language: Language, es: &str, en: &str) {
    eprintln!("· {}", language.say(es, en));
}

async fn seed(folder: &Path, size: Size, language: Language) -> Result<Value> {
    let live = wiring::options();
    let now = live.clock.now();
    let clock = Arc::new(StoryClock::at(before(now, PAST_DAYS * DAY_S)));
    let options = Options { clock: clock.clone(), ..live };
    let access = wiring::open_with(&Location::Directory(folder.to_owned()), options).await?;
    let today = identity::today(now);
    let demo = network::demo::network(today);
    say(
        language,
        "red: territorio, establecimientos, servicios y agendas",
        "network: territory, facilities, services, agendas",
    );
    write(&access, demo.resources.iter().filter(|one| one.resource_type() != Some("PractitionerRole"))).await?;
    say(language, "cuentas de cada rol", "accounts for each role");
    let accounts = accounts::make(&access, &demo).await?;
    say(language, "acuerdo entre las instituciones", "agreement between the institutions");
    accounts::agree(&access, &Cast { demo: &demo }, today).await?;
    say(language, "personas sintéticas", "synthetic people");
    let people = people::people(&demo, size.people, today);
    write(&access, people.resources.iter()).await?;
    say(
        language,
        "referencias, de la primera visita al circuito cerrado",
        "referrals, from the first visit to the closed circuit",
    );
    let stage = Stage {
        access: &access,
        cast: Cast { demo: &demo },
        taken: HashSet::new(),
        of_today: 0,
        dice: Dice::new(2026),
    };
    let told = tell(stage, &people.residents, &clock, (now, size)).await?;
    eprintln!("· {}: {told}", language.say("referencias", "referrals"));
    access.store().clone().close().await;
    Ok(accounts)
}

fn before(time: Timestamp, seconds: i64) -> Timestamp {
    time.checked_sub(SignedDuration::from_secs(seconds)).unwrap_or(time)
}

/// Writes resources in their order, in batches, as the program itself.
async fn write(access: &Access, resources: impl Iterator<Item = &Value>) -> Result<()> {
    let cx = Cx::system(access.store().clock().now(), "demo");
    let all: Vec<&Value> = resources.collect();
    for (at, batch) in all.chunks(BATCH).enumerate() {
        let change = |one: &&Value| {
            let key = Key::new(one.resource_type().unwrap_or_default(), one.id().unwrap_or_default());
            Change { key, expect: Expect::Any, write: Write::Put(one.to_bytes().into()) }
        };
        let act = Act { name: "seed", changes: batch.iter().map(change).collect(), ..Act::default() };
        access.commit(&cx, act).await.with_context(|| first_issue(batch))?;
        eprint!("\r  {}/{}   ", (at * BATCH + batch.len()), all.len());
    }
    eprintln!();
    Ok(())
}

fn first_issue(batch: &[&Value]) -> String {
    let found = batch.iter().find_map(|one| fhir::validate(one).into_iter().next().map(|issue| (one, issue)));
    found.map_or_else(
        || "while seeding".to_owned(),
        |(one, issue)| format!("{:?}/{:?}: {issue:?}", one.resource_type(), one.id()),
    )
}

/// Somebody a story can be about: the id and name of the Patient, and the post that answers.
#[derive(Clone, Debug)]
pub struct Resident {
    pub patient: care::referral::Named,
    pub facility: String,
    pub adult: bool,
    pub female: bool,
}

impl Resident {
    /// Whether a facility attends them: their own, or the centre of their municipality.
    fn attended_at(&self, facility: &str) -> bool {
        let centre =
            facility.strip_suffix("-s1").is_some_and(|network| self.facility.starts_with(&format!("{network}-p")));
        self.adult && (self.facility == facility || centre)
    }
}

/// Tells all stories in the order of time.
async fn tell(
    mut stage: Stage<'_>,
    residents: &[Resident],
    clock: &StoryClock,
    (now, size): (Timestamp, Size),
) -> Result<usize> {
    let mut stories = Vec::new();
    for plot in PLOTS {
        let wanted = (plot.count * size.referrals_percent / 100).max(script::LEAST);
        let enough = stories.len() + wanted;
        // A place may have nobody for a story: another is drawn.
        for _ in 0..wanted * 50 {
            if stories.len() < enough {
                stories.extend(begin(&mut stage, residents, plot, now)?);
            }
        }
    }
    let mut due: BinaryHeap<Reverse<(Timestamp, usize, usize)>> = BinaryHeap::new();
    for (number, (_, times, _)) in stories.iter().enumerate() {
        due.push(Reverse((times[0], number, 0)));
    }
    let count = stories.len();
    while let Some(Reverse((time, number, at))) = due.pop() {
        clock.forward(time);
        let (story, times, plot) = &mut stories[number];
        let step = plot.steps[at];
        let at_time = stage.access.store().clock().now();
        stage
            .perform(story, step, at_time)
            .await
            .with_context(|| format!("story {number}, step {step:?} of {:?}", plot.steps))?;
        if let Some(next) = times.get(at + 1) {
            due.push(Reverse((*next, number, at + 1)));
        }
    }
    clock.forward(now);
    Ok(count)
}

type Told<'a> = (Story<'a>, Vec<Timestamp>, &'static Plot);

/// Chooses who, what and when of a story; `None` where the network has nobody for it.
fn begin<'a>(
    stage: &mut Stage<'a>,
    residents: &[Resident],
    plot: &'static Plot,
    now: Timestamp,
) -> Result<Option<Told<'a>>> {
    let nurse = *stage.dice.pick(&stage.cast.origins());
    let near: Vec<&Resident> = residents.iter().filter(|one| one.attended_at(&nurse.facility)).collect();
    let specialists = stage.cast.specialists(nurse, plot.across);
    if near.is_empty() || specialists.is_empty() {
        return Ok(None);
    }
    let resident = *stage.dice.pick(&near);
    let (mut specialist, mut service) = *stage.dice.pick(&specialists);
    let of_today = stage.of_today < TODAY && !plot.across && plot.steps.last() == Some(&Step::Book);
    if of_today {
        let Some(tried) = specialists.iter().find(|(one, _)| one.user == TRIED) else { return Ok(None) };
        (specialist, service) = *tried;
    }
    let transfer = plot.steps.contains(&Step::Transfer);
    let fitting: Vec<&'static words::Case> =
        words::CASES.iter().filter(|case| case.specialty == service.specialty).collect();
    let Some(&case) = fitting.first().map(|_| stage.dice.pick(&fitting)) else { return Ok(None) };
    if service.specialty == "ginecologia-obstetricia" && !resident.female {
        return Ok(None);
    }
    let mut times = schedule(stage, plot, now);
    let slot = if plot.steps.iter().any(|step| matches!(step, Step::Book | Step::Propose)) {
        let today = of_today.then(|| stage.keep_today(service, now)).flatten();
        let Some(slot) = today.or_else(|| place(stage, service, plot, &mut times)) else { return Ok(None) };
        Some(slot)
    } else {
        None
    };
    let priority = *stage.dice.pick(&[
        care::referral::state::Priority::P3,
        care::referral::state::Priority::P3,
        care::referral::state::Priority::P2,
    ]);
    let story = Story {
        nurse,
        specialist,
        service,
        patient: resident.patient.clone(),
        case,
        priority,
        transfer,
        visit: stage.dice.between(0, 1) == 1,
        referral: None,
        slot,
    };
    Ok(Some((story, times, plot)))
}

/// The times of a plot's steps: the last one lies in the plot's recent past, the others before it.
fn schedule(stage: &mut Stage<'_>, plot: &Plot, now: Timestamp) -> Vec<Timestamp> {
    let pauses: Vec<i64> = plot.steps.iter().map(|step| step.pause_min(&mut stage.dice)).collect();
    let last = before(now, stage.dice.between(2 * 3600, (plot.last_days * DAY_S).max(5 * 3600)));
    let mut times = vec![last];
    for pause in pauses.iter().skip(1).rev() {
        let next = times[times.len() - 1];
        times.push(before(next, pause * 60));
    }
    times.reverse();
    orderly(&mut times, plot.steps, now);
    times
}

/// Moves steps into working hours, one after the other, and none to after `end`.
fn orderly(times: &mut [Timestamp], steps: &[Step], end: Timestamp) {
    let mut previous = Timestamp::MIN;
    for (time, step) in times.iter_mut().zip(steps) {
        if step.in_working_hours() {
            *time = working(*time);
        }
        *time = (*time).max(previous).min(before(end, 60));
        previous = time.checked_add(SignedDuration::from_secs(45)).unwrap_or(*time);
    }
}

/// Keeps a place of the agenda for a story. Where the person is attended or missed in it, that
/// happens at its time, and what came before moves back with it. `None`: the agenda is full.
fn place(stage: &mut Stage<'_>, service: &Service, plot: &Plot, times: &mut [Timestamp]) -> Option<Value> {
    let Some(at) = plot.steps.iter().position(|step| matches!(step, Step::Attend | Step::Miss)) else {
        return stage.keep_future(service);
    };
    let slot = stage.keep_past(service, times[at])?;
    let (start, end) = (perform::moment(&slot, "start")?, perform::moment(&slot, "end")?);
    let met = match plot.steps[at] {
        Step::Miss => before(end, -60 * stage.dice.between(5, 10)),
        _ => before(start, -60 * stage.dice.between(0, 8)),
    };
    let back = times[at].duration_since(met).as_secs();
    for time in &mut times[..at] {
        *time = before(*time, back);
    }
    orderly(&mut times[..at], plot.steps, start);
    times[at] = met;
    Some(slot)
}

/// The same time, moved into a working day between 7:00 and 15:30.
fn working(time: Timestamp) -> Timestamp {
    let local = zone::local(time);
    let mut day = local.date();
    while matches!(day.weekday(), Weekday::Saturday | Weekday::Sunday) {
        day = day.yesterday().unwrap_or(day);
    }
    let minutes = 7 * 60 + (i64::from(local.hour()) * 60 + i64::from(local.minute())) * 510 / 1440;
    let part = |number: i64| i8::try_from(number).unwrap_or(7);
    let clock = jiff::civil::time(part(minutes / 60), part(minutes % 60), local.second(), 0);
    zone::instant(day.to_datetime(clock)).unwrap_or(time)
}

/// What whoever tries it should know.
pub fn welcome(language: Language, folder: &Path, address: &str) {
    let say = |es, en| language.say(es, en);
    println!("{}: {address}", say("Tejido, red de demostración", "Tejido, demonstration network"));
    println!("{} {}", say("Contraseña de todas las cuentas:", "Password of every account:"), accounts::PASSWORD);
    let file = folder.join(ACCOUNTS);
    let known = std::fs::read(&file).ok().and_then(|bytes| fhir::json::parse(&bytes).ok());
    println!("{} ({})", say("Cuentas:", "Accounts:"), file.display());
    println!("{}", known.map_or_else(String::new, |accounts| accounts::table(&accounts, language)));
    println!("{}", say("Tres cosas para probar:", "Three things to try:"));
    println!(
        "  1. {}",
        say(
            "Entre como ixmucane.caal, busque «caal» y abra a una persona.",
            "Log in as ixmucane.caal, look for “caal” and open a person."
        )
    );
    println!(
        "  2. {}",
        say(
            "Entre como manuela.coc y acepte la referencia más antigua.",
            "Log in as manuela.coc and accept the oldest referral."
        )
    );
    println!(
        "  3. {}",
        say(
            "Entre como ana.chun, atienda una cita y escriba la contrarreferencia.",
            "Log in as ana.chun, attend an appointment and answer it."
        )
    );
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_store_with_its_accounts_on_the_door_is_a_demonstration() {
        let folder = tempfile::tempdir().unwrap();
        let location = Location::Directory(folder.path().to_owned());
        assert!(!is_there(&location));
        std::fs::write(folder.path().join(ACCOUNTS), "{}").unwrap();
        assert!(is_there(&location));
    }
}
