//! Writing: the one road to the record. Every change is parsed, validated, held against role,
//! sight and custodian, labelled, judged by the governors, and committed with its trail.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use fhir::Value;
use fhir::outcome::{Issue, Severity};
use store::{Change, Commit, Committed, Expect, Facts, Key, Method, Projector, StoreError, Stored, Visibility, Write};

use crate::policy::{self, Sharing, TejidoProjector};
use crate::{Access, AccessError, Act, Cx, Proposed, Role, index, system, trail};

/// How often a decision is made again when what it was made on changed meanwhile: fifty callers
/// without a condition of their own must all get through, and each loses at most once to each other.
const TRIES: usize = 64;

/// One change, judged.
pub(crate) struct Draft {
    pub(crate) key: Key,
    pub(crate) method: Method,
    /// The current version, deleted or not.
    pub(crate) before: Option<Stored>,
    old: Option<Value>,
    pub(crate) new: Option<Value>,
    change: Change,
    /// The caller set no condition of its own: a lost race is decided again.
    free: bool,
}

impl Draft {
    /// The version that this change will be.
    pub(crate) fn version(&self) -> u64 {
        self.before.as_ref().map_or(1, |stored| stored.version + 1)
    }

    /// Whom the change is about.
    pub(crate) fn patient(&self) -> Option<String> {
        self.new.as_ref().or(self.old.as_ref()).and_then(policy::patient_of)
    }

    /// Adds codings to `meta.security` of what is written.
    pub(crate) fn add_security(&mut self, codings: &[Value]) -> Result<(), AccessError> {
        if let (Write::Put(bytes), false) = (&self.change.write, codings.is_empty()) {
            let (text, mut value) = secured(bytes, codings)?;
            value.set("id", self.key.id.as_str());
            (self.change.write, self.new) = (Write::Put(text), Some(value));
        }
        Ok(())
    }
}

impl Access {
    /// The one road for writes: validates, stamps the custodian, checks role and visibility, lets
    /// the governors judge, adds AuditEvent and Provenance, commits. The answer holds the versions
    /// of the act's own changes, in their order.
    ///
    /// What exists but can't be seen is NotFound, for updates and for creations over it. A `Put`
    /// with `Expect::Any` on an id that is not there makes a resource under an id of the caller's
    /// choice; only the program and machines that serve a whole institution may do so, because
    /// for anybody else the answer would tell whether the id is taken. New resources of people
    /// carry a fresh id and `Expect::Absent` or `Unmatched`. An `Expect::Any` on an existing
    /// resource is held to the version that was judged, and judged again when that changed.
    ///
    /// # Errors
    /// `Invalid`, `Rule`, `Forbidden`, `NotFound`, or the store's.
    pub async fn commit(&self, cx: &Cx, act: Act) -> Result<Committed, AccessError> {
        let mut tries = 1;
        loop {
            let sight = self.sight(cx).await?;
            let people = act.changes.iter().filter(|change| change.key.resource_type == "Patient");
            let people: BTreeSet<String> = people.map(|change| change.key.id.clone()).collect();
            let mut drafts = Vec::with_capacity(act.changes.len());
            for change in &act.changes {
                let draft = self.draft(cx, &act, change, &sight).await?;
                self.check_people(cx, &draft, &people, &sight).await?;
                drafts.push(draft);
            }
            self.label(cx, &mut drafts).await?;
            self.check_opened(cx, &drafts, &sight).await?;
            self.judge(cx, &drafts).await?;
            match self.write(cx, &act, &drafts).await {
                Err(AccessError::Store(StoreError::Stale { key, .. } | StoreError::Exists { key, .. }))
                    if tries < TRIES && drafts.iter().any(|draft| draft.free && draft.key == key) =>
                {
                    tries += 1;
                }
                done => return done,
            }
        }
    }

    /// One change against the rules that need nothing but itself and what it replaces.
    async fn draft(&self, cx: &Cx, act: &Act, change: &Change, sight: &Visibility) -> Result<Draft, AccessError> {
        let key = change.key.clone();
        let not_found = || AccessError::NotFound { what: key.to_string() };
        let seen = self.store.read(&key, sight).await?;
        let live = seen.as_ref().is_some_and(|stored| !stored.deleted);
        let method = match (&change.write, live) {
            (Write::Delete, _) => Method::Delete,
            (Write::Put(_), true) if !matches!(change.expect, Expect::Absent | Expect::Unmatched(..)) => Method::Update,
            (Write::Put(_), _) => Method::Create,
        };
        if !policy::may_write(cx, &key.resource_type, method) {
            let act = format!("{} {}", verb(method), key.resource_type);
            let error = AccessError::Forbidden { role: cx.role.code(), act };
            return Err(self.refused(cx, error, &key.to_string()).await);
        }
        if method == Method::Delete && seen.is_none() {
            return Err(not_found());
        }
        let (expect, free) = match (&change.expect, &seen) {
            (Expect::Any, Some(stored)) if !stored.deleted => (Expect::Version(stored.version), true),
            (Expect::Any, Some(_)) if method == Method::Delete => (Expect::Any, false),
            (Expect::Any, Some(_)) => (Expect::Absent, true),
            (Expect::Any, None) => {
                if !cx.chooses_ids() {
                    return Err(not_found());
                }
                (Expect::Absent, true)
            }
            (Expect::Version(_), None) => return Err(not_found()),
            (Expect::Unmatched(query, _), _) => (Expect::Unmatched(query.clone(), sight.clone()), false),
            (expect, _) => (expect.clone(), false),
        };
        // What is hidden is never written over, whatever was expected of it.
        let unseen = seen.is_none() && method == Method::Create && *sight != Visibility::All;
        if unseen && self.store.read(&key, &Visibility::All).await?.is_some() {
            // To whoever chooses ids this tells that one is taken: it is not tried without a trace.
            let told = cx.chooses_ids();
            return Err(if told { self.refused(cx, not_found(), &key.to_string()).await } else { not_found() });
        }
        if method != Method::Create && is_trail(&key.resource_type) {
            return Err(rule(&key, "an audit event or provenance is never changed or deleted"));
        }
        let old = seen.as_ref().filter(|stored| !stored.deleted).map(Stored::value);
        let mut draft =
            Draft { change: Change { expect, ..change.clone() }, old, new: None, before: seen, key, method, free };
        check_custodian(cx, &draft)?;
        if let Write::Put(bytes) = &change.write {
            let (text, value) = prepare(cx, act, &draft, bytes)?;
            draft.change.write = Write::Put(text);
            draft.new = Some(value);
        }
        check_role(cx, act, &draft)?;
        check_agreement(cx, &draft)?;
        check_trail(cx, &draft)?;
        self.check_person(cx, &draft).await?;
        Ok(draft)
    }

    /// A resource of a person's record stays in that record, deleted or not: whoever sees the
    /// resource reads its history. A group has no one person, and a governed resource has rules of
    /// its own.
    async fn check_person(&self, cx: &Cx, draft: &Draft) -> Result<(), AccessError> {
        let (Some(new), Some(before)) = (&draft.new, &draft.before) else { return Ok(()) };
        if cx.is_system() || draft.key.resource_type == "Group" {
            return Ok(());
        }
        let buried = match &draft.old {
            Some(_) => None,
            None => self.store.read_version(&draft.key, before.version - 1, &Visibility::All).await?,
        };
        let buried = buried.map(|stored| stored.value());
        let Some(last) = draft.old.as_ref().or(buried.as_ref()).filter(|last| !is_governed(last)) else {
            return Ok(());
        };
        let whose = policy::patient_of(last);
        if whose.is_none() || whose == policy::patient_of(new) {
            return Ok(());
        }
        Err(rule(&draft.key, "it never passes to another person: mark it entered-in-error and write a new one"))
    }

    /// People write only about persons that they can see, at least in the index, or register now.
    async fn check_people(
        &self,
        cx: &Cx,
        draft: &Draft,
        people: &BTreeSet<String>,
        sight: &Visibility,
    ) -> Result<(), AccessError> {
        if cx.is_system() || policy::institution_wide(cx) {
            return Ok(());
        }
        let Some(patient) = draft.new.as_ref().and_then(policy::patient_of) else { return Ok(()) };
        let before = draft.old.as_ref().and_then(policy::patient_of);
        if people.contains(&patient) || before.is_some_and(|before| before == patient) {
            return Ok(());
        }
        let key = Key::new("Patient", patient);
        let live = |found: Option<Stored>| found.is_some_and(|stored| !stored.deleted);
        if live(self.store.read(&key, sight).await?) || live(self.store.read(&key, &self.index_sight(cx).await?).await?)
        {
            return Ok(());
        }
        Err(AccessError::NotFound { what: key.to_string() })
    }

    /// A write opens a record only to the writer's own facilities (a governed resource: to whom its
    /// rules say), and a referral shows only what the writer sees, about the same person.
    async fn check_opened(&self, cx: &Cx, drafts: &[Draft], sight: &Visibility) -> Result<(), AccessError> {
        if cx.is_system() {
            return Ok(());
        }
        let facts =
            |value: &Option<Value>| value.as_ref().map_or_else(Facts::default, |value| TejidoProjector.project(value));
        for draft in drafts {
            let (before, after) = (facts(&draft.old), facts(&draft.new));
            let foreign = |grantee: &str| {
                let grantee = grantee.split_once('/').map_or(grantee, |(_, facility)| facility);
                cx.facility
                    .as_ref()
                    .is_some_and(|own| own.id != grantee && !own.territory.iter().any(|id| id == grantee))
            };
            let opened =
                after.reasons.iter().filter(|reason| !before.reasons.iter().any(|old| old.grantee == reason.grantee));
            let governed = draft.key.resource_type == "Patient" || draft.new.as_ref().is_some_and(is_governed);
            if !governed && opened.into_iter().any(|reason| foreign(&reason.grantee)) {
                let act = format!("open a record to another facility by {}", draft.key);
                let error = AccessError::Forbidden { role: cx.role.code(), act };
                return Err(self.refused(cx, error, &draft.key.to_string()).await);
            }
            let known: BTreeSet<_> = before.shares.iter().map(|share| (&share.target_type, &share.target_id)).collect();
            let shown: BTreeSet<_> = after.shares.iter().map(|share| (&share.target_type, &share.target_id)).collect();
            for (target_type, target_id) in shown.difference(&known) {
                let key = Key::new(*target_type, *target_id);
                if key == draft.key || key.resource_type == "Patient" {
                    continue;
                }
                self.check_shown(&key, after.patient.as_deref(), drafts, sight).await?;
            }
        }
        Ok(())
    }

    async fn check_shown(
        &self,
        key: &Key,
        patient: Option<&str>,
        drafts: &[Draft],
        sight: &Visibility,
    ) -> Result<(), AccessError> {
        let about = match drafts.iter().find(|draft| draft.key == *key) {
            Some(draft) => draft.patient(),
            None => match self.store.read(key, sight).await?.filter(|stored| !stored.deleted) {
                Some(stored) => policy::patient_of(&stored.value()),
                None => return Err(AccessError::NotFound { what: key.to_string() }),
            },
        };
        match about.as_deref() == patient {
            true => Ok(()),
            false => Err(rule(key, "a referral encloses only what is about the person referred")),
        }
    }

    async fn judge(&self, cx: &Cx, drafts: &[Draft]) -> Result<(), AccessError> {
        let proposed: Vec<Proposed<'_>> = drafts
            .iter()
            .map(|draft| Proposed { key: &draft.key, before: draft.old.as_ref(), after: draft.new.as_ref() })
            .collect();
        let mut issues = Vec::new();
        for governor in self.governors.iter() {
            let needs: BTreeSet<Key> = proposed.iter().flat_map(|one| governor.needs(*one)).collect();
            let needs: Vec<Key> = needs.into_iter().collect();
            let mut related = BTreeMap::new();
            let mut sharing = Arc::default();
            if !needs.is_empty() {
                sharing = self.sharing().await?;
                for stored in self.store.read_many(&needs, &Visibility::All).await? {
                    related.insert(stored.key.clone(), stored.value());
                }
            }
            for query in proposed.iter().flat_map(|one| governor.looks_for(*one)) {
                for stored in self.store.search(&query, &Visibility::All).await?.matches {
                    related.insert(stored.key.clone(), stored.value());
                }
            }
            issues.extend(governor.judge(cx, &proposed, &related, &sharing).err().unwrap_or_default());
        }
        if issues.is_empty() { Ok(()) } else { Err(AccessError::Rule(issues)) }
    }

    async fn write(&self, cx: &Cx, act: &Act, drafts: &[Draft]) -> Result<Committed, AccessError> {
        let mut changes: Vec<Change> = drafts.iter().map(|draft| draft.change.clone()).collect();
        let own = changes.len();
        let entropy = self.store.entropy();
        for event in trail::of_act(cx, act, drafts) {
            let key = Key::new(event.resource_type().unwrap_or_default(), entropy.id());
            changes.push(Change { key, expect: Expect::Absent, write: Write::Put(Arc::from(event.to_bytes())) });
        }
        let commit = Commit { author: cx.actor.label(), changes, jobs: act.jobs.clone(), private: act.private.clone() };
        let mut committed = self.store.commit(commit).await?;
        committed.stored.truncate(own);
        if drafts.iter().any(|draft| draft.key.resource_type == "Consent") {
            self.sharing_changed();
        }
        Ok(committed)
    }
}

/// Parses, validates and labels what was sent.
fn prepare(cx: &Cx, act: &Act, draft: &Draft, bytes: &Arc<[u8]>) -> Result<(Arc<[u8]>, Value), AccessError> {
    let mut value = fhir::json::parse(bytes).map_err(|error| AccessError::Invalid(vec![Issue::from(&error)]))?;
    if value.resource_type() != Some(&draft.key.resource_type) {
        let say = format!("resourceType is not {}", draft.key.resource_type);
        return Err(AccessError::Invalid(vec![Issue::error("invalid", "resourceType", say)]));
    }
    let mut issues = fhir::validate(&value);
    issues.retain(|issue| matches!(issue.severity, Severity::Error | Severity::Fatal));
    if !issues.is_empty() {
        return Err(AccessError::Invalid(issues));
    }
    if index::is_masked(&value) {
        return Err(rule(&draft.key, "a masked Patient can't be stored"));
    }
    let added = added_security(cx, act, draft, &value)?;
    let mut text = bytes.clone();
    if !added.is_empty() {
        (text, value) = secured(bytes, &added)?;
    }
    value.set("id", draft.key.id.as_str());
    Ok((text, value))
}

/// The resource with these codings in `meta.security`, as text and as value.
fn secured(bytes: &[u8], codings: &[Value]) -> Result<(Arc<[u8]>, Value), AccessError> {
    let text: Arc<[u8]> = fhir::json::add_security(bytes, codings).into();
    let value = fhir::json::parse(&text).map_err(|error| AccessError::Invalid(vec![Issue::from(&error)]))?;
    Ok((text, value))
}

/// The codings that `meta.security` lacks: the custodian, and sensitivity labels that the version
/// before has (an update that leaves them out does not declassify; the act `relabel` of a doctor
/// or specialist does).
fn added_security(cx: &Cx, act: &Act, draft: &Draft, value: &Value) -> Result<Vec<Value>, AccessError> {
    let keeper = draft.old.as_ref().and_then(policy::custodian);
    // The program keeps nothing itself: a facility that it loads is kept by its institution.
    let said = value.items("extension").iter().find(|one| one.text_at(&["url"]) == Some(system::EXT_INSTITUTION));
    let said = said.and_then(|one| one.text_at(&["valueCode"])).filter(|_| cx.is_system());
    let expected = keeper.or(said).unwrap_or(&cx.institution);
    let mut added = Vec::new();
    match policy::custodian(value) {
        None if !expected.is_empty() => added.push(fhir::json!({ "system": system::CUSTODIAN, "code": expected })),
        Some(named) if named != expected && !expected.is_empty() && !cx.is_system() => {
            return Err(rule(&draft.key, "the custodian is the institution that wrote it and does not change"));
        }
        _ => {}
    }
    // A referral that nobody has received is as sensitive as it says now, not as a service that was
    // picked by mistake: what it is derived from labels it again.
    let relabels =
        act.name == "update-draft" || act.name == "relabel" && matches!(cx.role, Role::Doctor | Role::Specialist);
    if let Some(old) = draft.old.as_ref().filter(|_| !cx.is_system() && !relabels) {
        let security = old.get("meta").map(|meta| meta.items("security")).unwrap_or_default();
        let (had, has) = (policy::labels(old), policy::labels(value));
        if had & !has != 0 {
            let missing = |coding: &&Value| {
                let alone = fhir::json!({ "meta": { "security": [(*coding).clone()] } });
                policy::labels(&alone) & !has != 0
            };
            added.extend(security.iter().filter(missing).cloned());
        }
    }
    Ok(added)
}

/// What another institution keeps is written only where both work on it: the governed resources
/// of a referral.
fn check_custodian(cx: &Cx, draft: &Draft) -> Result<(), AccessError> {
    let Some(old) = &draft.old else { return Ok(()) };
    let everywhere = cx.institution.is_empty() && policy::institution_wide(cx);
    // What nobody keeps is the whole network's.
    let foreign = !everywhere && policy::custodian(old) != Some(cx.institution.as_str());
    if cx.is_system() || !foreign || (is_governed(old) && draft.method == Method::Update) {
        return Ok(());
    }
    let act = format!("{} what another institution keeps", verb(draft.method));
    Err(AccessError::Forbidden { role: cx.role.code(), act })
}

/// A PractitionerRole says what an account may do: what it gives changes only by the commands of
/// accounts and by administrators.
fn check_role(cx: &Cx, act: &Act, draft: &Draft) -> Result<(), AccessError> {
    let commands = ["create-account", "end-account", "add-role", "end-role"];
    let free = cx.is_system() || cx.role == Role::Administrator || commands.contains(&act.name);
    if free || draft.key.resource_type != "PractitionerRole" || draft.before.is_none() {
        return Ok(());
    }
    let territory = |role: &Value| -> Vec<Value> {
        let all = role.items("extension").iter();
        all.filter(|one| one.text_at(&["url"]) == Some(system::EXT_TERRITORY)).cloned().collect()
    };
    let active = |role: &Value| role.get("active").and_then(Value::as_bool) != Some(false);
    let same = |old: &Value, new: &Value| {
        ["code", "practitioner", "organization"].iter().all(|name| old.get(name) == new.get(name))
            && territory(old) == territory(new)
            && (active(old) || !active(new))
    };
    match (&draft.old, &draft.new) {
        (Some(old), Some(new)) if same(old, new) => Ok(()),
        _ => {
            let act = "change what an account may do".to_owned();
            Err(AccessError::Forbidden { role: cx.role.code(), act })
        }
    }
}

/// An agreement between institutions is written, changed and taken away by who answers for one.
fn check_agreement(cx: &Cx, draft: &Draft) -> Result<(), AccessError> {
    let agreement = [&draft.old, &draft.new].into_iter().flatten().any(Sharing::is_agreement);
    if !agreement || cx.is_system() || matches!(cx.role, Role::Director | Role::Administrator) {
        return Ok(());
    }
    let act = "write an agreement between institutions".to_owned();
    Err(AccessError::Forbidden { role: cx.role.code(), act })
}

/// The trail is the gate's to write. A caller may tell more of what it did itself, never of what
/// somebody else did.
fn check_trail(cx: &Cx, draft: &Draft) -> Result<(), AccessError> {
    let Some(new) = draft.new.as_ref().filter(|_| !cx.is_system() && is_trail(&draft.key.resource_type)) else {
        return Ok(());
    };
    let own = cx.actor.label();
    // Whoever is only named, or lies inside the resource, could be anybody.
    let others = ["Organization/", "Device/", "Patient/", "RelatedPerson/"];
    let another = |agent: &Value| {
        let who = agent.text_at(&["who", "reference"]).unwrap_or_default();
        who != own && !others.iter().any(|kind| who.starts_with(kind))
    };
    if draft.key.resource_type == "Provenance" && !new.items("agent").iter().any(another) {
        return Ok(());
    }
    let act = format!("write {} of another author", draft.key.resource_type);
    Err(AccessError::Forbidden { role: cx.role.code(), act })
}

/// Whether a resource claims the profile by which its type is governed.
fn is_governed(resource: &Value) -> bool {
    let profile = match resource.resource_type() {
        Some("ServiceRequest") => system::PROFILE_REFERRAL,
        Some("Task") => system::PROFILE_REFERRAL_TASK,
        Some("Appointment") => system::PROFILE_APPOINTMENT,
        Some("Slot") => system::PROFILE_SLOT,
        _ => return false,
    };
    policy::claims(resource, profile)
}

fn is_trail(resource_type: &str) -> bool {
    matches!(resource_type, "AuditEvent" | "Provenance")
}

fn verb(method: Method) -> &'static str {
    match method {
        Method::Create => "create",
        Method::Update => "update",
        Method::Delete => "delete",
    }
}

fn rule(key: &Key, say: &str) -> AccessError {
    AccessError::Rule(vec![Issue::error("business-rule", key.resource_type.clone(), say)])
}
