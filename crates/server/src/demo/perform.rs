//! One step of a story, done by the person who would do it, through the same commands as the pages.

use std::collections::HashSet;

use access::{Access, Act, Cx};
use anyhow::{Context, Result};
use care::referral::answer::{self, CounterReferral, Line, LineAnswer, LineKind};
use care::referral::draft::{self, Draft};
use care::referral::review::{self, RedirectReason, ReturnReason, Review};
use care::referral::state::{ExitReason, Priority, State};
use care::referral::{Named, Referral, attend, book, cancel, exit, follow_up, send, transfer};
use care::visit::form::{Diagnosis, Form, Treatment};
use care::visit::record;
use fhir::{Value, zone};
use jiff::{SignedDuration, Timestamp, ToSpan};
use network::Service;
use network::demo::Staff;
use store::{Change, Dice, Expect, Key, Write};

use super::cast::Cast;
use super::script::Step;
use super::words::{self, Case};

/// A referral's story as it stands.
pub struct Story<'a> {
    /// Who refers.
    pub nurse: &'a Staff,
    /// Who attends.
    pub specialist: &'a Staff,
    /// Their service.
    pub service: &'a Service,
    /// The person.
    pub patient: Named,
    /// What it is about.
    pub case: &'static Case,
    pub priority: Priority,
    /// Whether it becomes an urgent transfer.
    pub transfer: bool,
    /// Whether the visit at the post is written down as well.
    pub visit: bool,
    pub referral: Option<Referral>,
    /// The place of the agenda kept for it, where it comes to an appointment.
    pub slot: Option<Value>,
}

/// What steps share.
pub struct Stage<'a> {
    pub access: &'a Access,
    pub cast: Cast<'a>,
    /// Places of the agendas that stories have taken.
    pub taken: HashSet<String>,
    /// How many appointments of today wait for the specialist whom the welcome tells to try.
    pub of_today: usize,
    pub dice: Dice,
}

impl Stage<'_> {
    /// Does a step at a time.
    ///
    /// # Errors
    /// Whatever the command refuses: a demonstration that breaks a rule is a defect.
    pub async fn perform(&mut self, story: &mut Story<'_>, step: Step, now: Timestamp) -> Result<()> {
        let nurse = self.cast.caller(story.nurse, now);
        let specialist = self.cast.caller(story.specialist, now);
        let coordinator = self.coordinator(story, now)?;
        let access = self.access;
        let next = match (step, &story.referral) {
            (Step::Draft, _) => {
                let encounter = self.visit(story, &nurse).await?;
                draft::start_draft(access, &nurse, &Draft { encounter, ..self.draft(story) }).await?
            }
            (step, Some(referral)) => match step {
                Step::Discard => draft::discard(access, &nurse, referral).await?,
                Step::Send => send::send(access, &nurse, referral).await?,
                Step::Receive => review::receive(access, &coordinator, referral).await?,
                Step::Accept | Step::AcceptUnranked | Step::Return | Step::Redirect | Step::Reject | Step::Advise => {
                    self.review(story, step, &coordinator, referral).await?
                }
                Step::Book | Step::Propose => self.book(story, step, &coordinator, referral).await?,
                Step::Miss => cancel::no_show(access, &specialist, referral, words::MISSED).await?,
                Step::Relist => cancel::relist(access, &nurse, referral, words::FOUND).await?,
                Step::CancelByProvider => {
                    cancel::cancel_by_provider(access, &specialist, referral, words::CANCELLED).await?
                }
                Step::Suspend => cancel::suspend(access, &nurse, referral, words::SUSPENDED).await?,
                Step::Attend => attend::attend(access, &specialist, referral).await?,
                Step::KeepInControl => attend::keep_in_control(access, &specialist, referral, words::CONTROL).await?,
                Step::Admit => attend::admit(access, &specialist, referral, words::ADMITTED).await?,
                Step::CounterRefer => {
                    answer::counter_refer(access, &specialist, referral, &counter_referral(story, now)).await?
                }
                Step::Acknowledge => acknowledge(access, &nurse, referral, &LineAnswer::Accepted).await?,
                Step::Object => {
                    let why = LineAnswer::Objected(words::UNABLE.to_owned());
                    acknowledge(access, &nurse, referral, &why).await?
                }
                Step::FinishPlan => finish(access, &nurse, referral).await?,
                Step::ProposeExit => {
                    exit::exit(access, &nurse, referral, ExitReason::Unreachable, words::UNREACHABLE).await?
                }
                Step::Refuse => exit::exit(access, &nurse, referral, ExitReason::Refused, words::REFUSED).await?,
                Step::Transfer => {
                    let to = transfer::Aim::of(referral);
                    transfer::request_transfer(access, &nurse, referral, &to, words::DANGER).await?
                }
                Step::SeekBed => transfer::seek_bed(access, &coordinator, referral, words::BED).await?,
                Step::AcceptTransfer => {
                    let physician = format!("{} {}", story.specialist.given, story.specialist.family);
                    transfer::accept_transfer(access, &specialist, referral, &physician).await?
                }
                Step::Depart => transfer::depart(access, &nurse, referral, words::VEHICLE).await?,
                Step::Arrive => transfer::arrive(access, &specialist, referral, words::RECEIVED).await?,
                Step::Draft => referral.clone(),
            },
            (_, None) => anyhow::bail!("a story begins with its draft"),
        };
        story.referral = Some(next);
        Ok(())
    }

    fn coordinator(&self, story: &Story<'_>, now: Timestamp) -> Result<Cx> {
        // Who reviews what comes from another institution coordinates the place that attends.
        let across = story.nurse.institution != story.specialist.institution;
        let place = if across { &story.specialist.facility } else { &story.nurse.facility };
        let found = self.cast.coordinator(place).context("a coordinator for the place")?;
        Ok(self.cast.caller(found, now))
    }

    fn draft(&self, story: &Story<'_>) -> Draft {
        let signs = if story.transfer { vec![words::SIGN.to_owned()] } else { Vec::new() };
        Draft {
            patient: story.patient.clone(),
            service: story.service.specialty.clone(),
            destination: self.facility(&story.specialist.facility),
            reason: story.case.reason.to_owned(),
            diagnoses: vec![(story.case.code.to_owned(), story.case.diagnosis.to_owned())],
            done: story.case.done.to_owned(),
            priority: Some(story.priority),
            signs: Some(signs),
            ..Draft::default()
        }
    }

    /// The visit in which the referral was decided, signed by the nurse.
    async fn visit(&mut self, story: &Story<'_>, nurse: &Cx) -> Result<Option<String>> {
        if !story.visit {
            return Ok(None);
        }
        let (high, low) = (self.dice.between(104, 138), self.dice.between(62, 86));
        let tenths = self.dice.between(362, 371);
        let vitals = [
            ("systolic", high.to_string()),
            ("diastolic", low.to_string()),
            ("temperature", format!("{}.{}", tenths / 10, tenths % 10)),
        ];
        let diagnosis =
            Diagnosis { code: story.case.code.to_owned(), words: story.case.diagnosis.to_owned(), problem: true };
        let known = |all: &[&[&str]]| {
            // By the person, not by the dice: the same stories as before.
            let at = story.patient.id.bytes().map(usize::from).sum::<usize>() % all.len();
            all[at].iter().map(|words| (*words).to_owned()).collect()
        };
        let form = Form {
            patient: story.patient.clone(),
            allergies: known(words::ALLERGIES),
            medicines: known(words::MEDICINES),
            consultation: "1".to_owned(),
            reason: story.case.reason.to_owned(),
            findings: story.case.done.to_owned(),
            vitals: vitals.into_iter().map(|(field, value)| (field.to_owned(), value)).collect(),
            diagnoses: vec![diagnosis],
            treatments: vec![Treatment {
                words: words::GIVEN.to_owned(),
                quantity: 10,
                delivered: 10,
                ..Treatment::default()
            }],
            plan: words::PLAN.to_owned(),
            confirmed: true,
            ..Form::default()
        };
        Ok(Some(record::sign(self.access, nurse, &form).await?))
    }

    fn facility(&self, id: &str) -> Named {
        let found = self.cast.demo.facilities.iter().find(|one| one.id() == id);
        Named { id: id.to_owned(), name: found.map(|one| one.name.clone()).unwrap_or_default() }
    }

    async fn review(&mut self, story: &Story<'_>, step: Step, cx: &Cx, referral: &Referral) -> Result<Referral> {
        let (answer, grounds) = match step {
            Step::Return => (
                Review::Return(*self.dice.pick(&[ReturnReason::TestMissing, ReturnReason::DataMissing])),
                words::RETURNED,
            ),
            Step::Redirect => {
                let others = self.cast.specialists(story.nurse, false);
                let other = others.iter().find(|(one, _)| one.facility != story.specialist.facility);
                let facility = &other.context("another place to redirect to")?.0.facility;
                (Review::Redirect(RedirectReason::Sooner, self.facility(facility)), words::REDIRECTED)
            }
            Step::Reject => (Review::Reject, words::REJECTED),
            Step::Advise => (Review::Advise, words::ADVISED),
            Step::AcceptUnranked => (Review::Pertinent, words::ACCEPTED),
            _ => (Review::Accept(story.priority), words::ACCEPTED),
        };
        Ok(review::review(self.access, cx, referral, &answer, grounds).await?)
    }

    /// Books (or proposes) the story's place; one of the past is made in its agenda first.
    async fn book(&self, story: &Story<'_>, step: Step, cx: &Cx, referral: &Referral) -> Result<Referral> {
        let slot = story.slot.as_ref().context("a place kept for the story")?;
        let id = slot.id().unwrap_or_default();
        let key = Key::new("Slot", id);
        if self.access.store().read(&key, &store::Visibility::All).await?.is_none() {
            let program = Cx::system(self.access.store().clock().now(), "demo");
            let changes = vec![Change { key, expect: Expect::Absent, write: Write::Put(slot.to_bytes().into()) }];
            self.access.commit(&program, Act { name: "open-agenda", changes, ..Act::default() }).await?;
        }
        Ok(match step {
            Step::Propose => book::propose(self.access, cx, referral, id).await?,
            _ => book::book(self.access, cx, referral, id).await?,
        })
    }

    /// Keeps the last free place of an agenda that was over a while before this time.
    pub fn keep_past(&mut self, service: &Service, by: Timestamp) -> Option<Value> {
        let day = identity::today(by);
        let over = by.checked_sub(10.minutes()).ok()?;
        let places = network::slots(service, day.checked_sub(30.days()).ok()?, day);
        let free = |slot: &Value| moment(slot, "end").is_some_and(|end| end < over) && !self.taken.contains(id(slot));
        let slot = places.into_iter().rfind(free)?;
        self.taken.insert(id(&slot).to_owned());
        Some(slot)
    }

    /// Keeps a place in the next quarters of an hour, whatever the agenda's hours: on any day and at any
    /// hour somebody is there to be attended. `None`: the day ends.
    pub fn keep_today(&mut self, service: &Service, now: Timestamp) -> Option<Value> {
        let day = identity::today(now);
        let mut slot = network::slots(service, day, day.checked_add(14.days()).ok()?).into_iter().next()?;
        let number = i64::try_from(self.of_today).ok()? + 1;
        let quarter = 15 * 60;
        let start = Timestamp::from_second((now.as_second() / quarter + number) * quarter).ok()?;
        let end = start.checked_add(SignedDuration::from_mins(15)).ok()?;
        if identity::today(end) != day {
            return None;
        }
        let at = zone::local(start).strftime("%Y%m%d%H%M").to_string();
        slot.set("id", format!("{}-hoy-{at}", service.schedule_id()));
        for (edge, time) in [("start", start), ("end", end)] {
            slot.set(edge, time.display_with_offset(zone::OFFSET).to_string());
        }
        self.of_today += 1;
        self.taken.insert(id(&slot).to_owned());
        Some(slot)
    }

    /// Keeps one of the next free places of an agenda.
    pub fn keep_future(&mut self, service: &Service) -> Option<Value> {
        let schedule = format!("Schedule/{}", service.schedule_id());
        let free = self.cast.demo.resources.iter().filter(|one| {
            one.resource_type() == Some("Slot")
                && one.text_at(&["schedule", "reference"]) == Some(&schedule)
                && !self.taken.contains(id(one))
        });
        let next: Vec<&Value> = free.take(24).collect();
        let slot = (*next.first().map(|_| self.dice.pick(&next))?).clone();
        self.taken.insert(id(&slot).to_owned());
        Some(slot)
    }
}

fn id(slot: &Value) -> &str {
    slot.id().unwrap_or_default()
}

/// When a place begins (`start`) or ends (`end`).
pub fn moment(slot: &Value, edge: &str) -> Option<Timestamp> {
    slot.text_at(&[edge])?.parse().ok()
}

fn counter_referral(story: &Story<'_>, now: Timestamp) -> CounterReferral {
    let case = story.case;
    let day = |days: i64| identity::today(now).checked_add(days.days()).ok().map(|date| date.to_string());
    let lines = vec![
        Line { kind: LineKind::Control, words: case.control.to_owned(), due: day(15), who: None },
        Line { kind: LineKind::Medicine, words: words::MEDICINE.to_owned(), due: day(8), who: None },
    ];
    CounterReferral {
        findings: case.findings.to_owned(),
        diagnoses: vec![(case.code.to_owned(), case.diagnosis.to_owned())],
        treatment: case.treatment.to_owned(),
        lines,
        red_flags: words::RED_FLAGS.to_owned(),
        ..CounterReferral::default()
    }
}

/// The same answer to every line.
async fn acknowledge(access: &Access, cx: &Cx, referral: &Referral, answer: &LineAnswer) -> Result<Referral> {
    let State::Delivered { composition } = &referral.state else { anyhow::bail!("nothing to acknowledge") };
    let stored = access.read(cx, &Key::new("Composition", composition.as_str())).await?;
    let answers: Vec<LineAnswer> = answer::lines(&stored.value()).iter().map(|_| answer.clone()).collect();
    Ok(answer::acknowledge(access, cx, referral, &answers).await?)
}

async fn finish(access: &Access, cx: &Cx, referral: &Referral) -> Result<Referral> {
    let State::Plan { tasks, .. } = &referral.state else { anyhow::bail!("no plan to finish") };
    let mut last = referral.clone();
    for task in tasks {
        last = follow_up::finish_follow_up(access, cx, task, true, words::DONE).await?;
    }
    Ok(last)
}
