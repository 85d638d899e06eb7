//! What a caller may see, as a condition that the store puts into every query.

use std::collections::BTreeMap;

use store::Visibility;

use super::Sharing;
use super::bits::{LABELLED, MIXED, class, reason};
use super::roles::{Reads, record_types};
use super::sensitive::POLICY;
use crate::{Cx, Role};

/// All labels that a treating clinician sees, unknown ones and `R`/`V` confidentiality too.
const EVERY_LABEL: u32 = !MIXED;

const DAY_MICROS: i64 = 86_400_000_000;

/// Everything that the caller may see, with the patients that a break-glass opens to this session.
///
/// People see the directory; what their institution keeps without being about a person; of a
/// person's record what their role reads, when their facility has a reason or a break-glass is in
/// force; and what live referrals show their facility (a coordinator or supervisor: the facilities
/// of the territory), across institutions only under an agreement. Labelled resources are for the
/// treating team and named roles.
pub fn visibility(cx: &Cx, sharing: &Sharing, grants: &[String]) -> Visibility {
    if cx.is_system() {
        return Visibility::All;
    }
    let directory = Visibility::And(vec![Visibility::NoPatient, Visibility::NoCustodian]);
    let seen = Visibility::Or(vec![directory, operations(cx), record_of(cx, sharing, grants), shared(cx, sharing)]);
    match cx.scopes.as_ref().and_then(|scopes| scopes.readable()) {
        Some(types) => Visibility::And(vec![Visibility::TypeIn(types), seen]),
        None => seen,
    }
}

/// Whether a role registers people, and so searches the index.
pub fn may_register(role: Role) -> bool {
    matches!(
        role,
        Role::Nurse | Role::Doctor | Role::Specialist | Role::CommunityWorker | Role::SocialWorker | Role::Clerk
    )
}

/// Persons whose index form (masked) the caller may see: those its institution keeps, for a role
/// that registers; those a live referral names to its facility; those its facility attends.
pub(crate) fn index_visibility(cx: &Cx, sharing: &Sharing) -> Visibility {
    if cx.is_system() {
        return Visibility::All;
    }
    let mut any = Vec::new();
    if may_register(cx.role) {
        any.push(custody(cx));
        any.push(by_reason(cx, sharing, reason::ENCOUNTER));
    }
    let named = |custodian: &str| {
        let shown = shown(cx, sharing, with_labelled(triage_labels(cx), class::INDEX));
        Visibility::And(vec![Visibility::Custodian(custodian.to_owned()), shown])
    };
    if shared_classes(cx.role) != 0 {
        any.push(named(&cx.institution));
        let others = sharing.with(&cx.institution, at(cx));
        any.extend(
            others.iter().filter(|(_, agreed)| agreed.classes & class::INDEX != 0).map(|(other, _)| named(other)),
        );
    }
    let patients = Visibility::And(vec![Visibility::TypeIn(vec!["Patient".to_owned()]), Visibility::Or(any)]);
    match &cx.scopes {
        Some(scopes) if !scopes.allow("Patient", crate::Deed::Read) => Visibility::None,
        _ => patients,
    }
}

/// What the institution keeps that is not about a person: its work, its agreements, its devices.
fn operations(cx: &Cx) -> Visibility {
    if matches!(cx.role, Role::Auditor | Role::Adviser) {
        return Visibility::None;
    }
    Visibility::And(vec![
        Visibility::NoPatient,
        custody(cx),
        Visibility::LabelsWithin(labels_when_treating(cx)),
        without_trail(&["AuditEvent", "Provenance"]),
    ])
}

/// The records of persons that the caller's institution keeps.
pub(crate) fn record_of(cx: &Cx, sharing: &Sharing, grants: &[String]) -> Visibility {
    if cx.is_system() {
        return Visibility::All;
    }
    if cx.role == Role::Auditor {
        let trail = ["AuditEvent", "Provenance"].map(str::to_owned).to_vec();
        return Visibility::And(vec![Visibility::TypeIn(trail), custody(cx)]);
    }
    let (types, kinds) = match record_types(cx.role) {
        Reads::Nothing => return Visibility::None,
        Reads::Only(types) => {
            (Visibility::TypeIn(types.iter().map(|name| (*name).to_owned()).collect()), reason::COMMON)
        }
        Reads::Everything => (without_trail(&["AuditEvent"]), reason::ANY),
    };
    let mask = labels_when_treating(cx);
    if institution_wide(cx) {
        return Visibility::And(vec![types, custody(cx), Visibility::LabelsWithin(mask)]);
    }
    let plain = Visibility::LabelsWithin(0);
    let mut any = vec![Visibility::And(vec![by_reason(cx, sharing, kinds), plain.clone()])];
    if mask != 0 {
        any.push(Visibility::And(vec![by_reason(cx, sharing, reason::TREATING), Visibility::LabelsWithin(mask)]));
    }
    if !grants.is_empty() {
        any.push(Visibility::And(vec![Visibility::PatientIs(grants.to_vec()), plain]));
    }
    Visibility::And(vec![types, custody(cx), Visibility::Or(any)])
}

/// What live referrals show the caller's facilities.
fn shared(cx: &Cx, sharing: &Sharing) -> Visibility {
    let classes = shared_classes(cx.role);
    if classes == 0 || cx.facility.is_none() {
        return Visibility::None;
    }
    let mask = triage_labels(cx);
    let of = |custodian: &str, classes: u32| {
        Visibility::And(vec![
            Visibility::Custodian(custodian.to_owned()),
            Visibility::LabelsWithin(mask),
            shown(cx, sharing, with_labelled(mask, classes)),
        ])
    };
    let mut any = vec![of(&cx.institution, classes)];
    if cx.role != Role::Supervisor {
        let others = sharing.with(&cx.institution, at(cx));
        let common = others.iter().map(|(other, agreed)| (other, agreed.classes & classes));
        any.extend(common.filter(|(_, both)| both & class::REFERRAL != 0).map(|(other, both)| of(other, both)));
    }
    Visibility::Or(any)
}

/// What of a referral a role reads.
fn shared_classes(role: Role) -> u32 {
    match role {
        Role::Nurse | Role::Doctor | Role::Specialist | Role::Director | Role::Coordinator => class::CONTENT,
        Role::System => class::CONTENT,
        Role::Clerk | Role::Supervisor | Role::SocialWorker | Role::CommunityWorker => class::REFERRAL,
        Role::Interpreter | Role::Administrator | Role::Auditor | Role::Adviser => 0,
    }
}

/// The labels that a role sees in the records that its facility treats.
fn labels_when_treating(cx: &Cx) -> u32 {
    let of_role = match cx.role {
        Role::System if institution_wide(cx) => MIXED | EVERY_LABEL,
        Role::System => EVERY_LABEL,
        role if POLICY.treats(role) => EVERY_LABEL,
        role => POLICY.named(role),
    };
    match &cx.scopes {
        Some(scopes) if !scopes.sensitive() => of_role & MIXED,
        _ => of_role,
    }
}

/// A machine that serves a whole institution, or, with none named, the whole network: only the
/// operator on the machine itself can make such a token.
pub(crate) fn institution_wide(cx: &Cx) -> bool {
    cx.role == Role::System && cx.facility.is_none()
}

fn custody(cx: &Cx) -> Visibility {
    match cx.institution.as_str() {
        "" if institution_wide(cx) => Visibility::All,
        "" => Visibility::None,
        code => Visibility::Custodian(code.to_owned()),
    }
}

fn without_trail(types: &[&str]) -> Visibility {
    Visibility::Not(Box::new(Visibility::TypeIn(types.iter().map(|name| (*name).to_owned()).collect())))
}

/// The labels that a role sees in what a referral shows: whoever triages must read the request,
/// whatever it is about.
fn triage_labels(cx: &Cx) -> u32 {
    if POLICY.triages(cx.role) { EVERY_LABEL } else { labels_when_treating(cx) }
}

/// The bits of a labelled source too, for who sees every label.
fn with_labelled(mask: u32, bits: u32) -> u32 {
    if mask & EVERY_LABEL == EVERY_LABEL { bits | bits << LABELLED } else { bits }
}

/// The institutions whose referrals reach the caller, its own first, and by which time each one's
/// rows are asked: an agreement may show what is closed for fewer days than the rows say.
fn keepers(cx: &Cx, sharing: &Sharing) -> Vec<(String, i64)> {
    let agreed = cx.role != Role::Supervisor && shared_classes(cx.role) != 0;
    let others = if agreed { sharing.with(&cx.institution, at(cx)) } else { Default::default() };
    let both = others.into_iter().filter(|(_, agreed)| agreed.classes & class::REFERRAL != 0);
    let asked = |days: i64| at(cx).saturating_add((POLICY.shared_days - days).saturating_mul(DAY_MICROS));
    let both = both.map(|(other, agreed)| (other, asked(agreed.days)));
    std::iter::once((cx.institution.clone(), at(cx))).chain(both).collect()
}

/// What shares of these classes show the caller: those that name its facility (a coordinator or
/// supervisor: those of the territory).
fn shown(cx: &Cx, sharing: &Sharing, classes: u32) -> Visibility {
    let Some(facility) = &cx.facility else { return Visibility::None };
    let mut facilities = vec![facility.id.as_str()];
    if matches!(cx.role, Role::Coordinator | Role::Supervisor) {
        facilities.extend(facility.territory.iter().map(String::as_str).filter(|id| *id != facility.id));
    }
    let mut by_time: BTreeMap<i64, Vec<String>> = BTreeMap::new();
    for (keeper, at) in keepers(cx, sharing) {
        by_time.entry(at).or_default().extend(facilities.iter().map(|id| super::grantee(&keeper, id)));
    }
    let mut any: Vec<Visibility> =
        by_time.into_iter().map(|(at, grantees)| Visibility::Shared { grantees, classes, at }).collect();
    if any.len() == 1 { any.remove(0) } else { Visibility::Or(any) }
}

/// The caller's facility has a reason of these kinds: by what its own institution keeps, or by a
/// referral under an agreement.
pub(crate) fn by_reason(cx: &Cx, sharing: &Sharing, kinds: u32) -> Visibility {
    let Some(facility) = &cx.facility else { return Visibility::None };
    let of = |keeper: &str, kinds: u32, at: i64| Visibility::PatientReason {
        grantees: vec![super::grantee(keeper, &facility.id)],
        kinds: with_labelled(labels_when_treating(cx), kinds),
        at,
    };
    let mut any = vec![of(&cx.institution, kinds, at(cx))];
    if kinds & reason::REFERRAL != 0 {
        any.extend(keepers(cx, sharing).iter().skip(1).map(|(keeper, at)| of(keeper, reason::REFERRAL, *at)));
    }
    Visibility::Or(any)
}

fn at(cx: &Cx) -> i64 {
    cx.now.as_microsecond()
}
