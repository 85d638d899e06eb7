//! A small world for tests: a throw-away store with the gate before it, a few facilities of two
//! institutions, and people who act there.

use std::sync::Arc;

use access::{Access, Act, Actor, Cx, Facility, Governor, Role, Scopes, Sharing, TejidoProjector, system};
use fhir::Value;
use fhir::outcome::Issue;
use store::{Change, Expect, Key, Location, Options, Store, Stored, Write};

use crate::{FixedClock, SeededEntropy};

/// The health post of the stories (MSPAS).
pub const POST: &str = "puesto-chicoj";
/// A post of the same institution that has nothing to do with it.
pub const OTHER_POST: &str = "puesto-sesajal";
/// The regional hospital (MSPAS).
pub const HOSPITAL: &str = "hospital-coban";
/// The network's office: coordinator, supervisor, auditor and administrator sit here (MSPAS).
pub const OFFICE: &str = "red-coban";
/// The hospital of the other institution (IGSS).
pub const IGSS_HOSPITAL: &str = "igss-coban";

const FACILITIES: [(&str, &str, &str); 5] = [
    (POST, "Puesto de salud Chicoj", "MSPAS"),
    (OTHER_POST, "Puesto de salud Sesajal", "MSPAS"),
    (HOSPITAL, "Hospital Regional de Cobán", "MSPAS"),
    (OFFICE, "Red integrada de Cobán", "MSPAS"),
    (IGSS_HOSPITAL, "Hospital IGSS de Cobán", "IGSS"),
];

/// A store, its gate and its people.
pub struct World {
    /// The gate.
    pub access: Access,
    /// Moves when told.
    pub clock: Arc<FixedClock>,
    directory: tempfile::TempDir,
}

impl World {
    /// A new world on SQLite at 2026-11-24 08:00 in Guatemala, with the facilities in it.
    ///
    /// # Panics
    /// If the store can't be made: then no test can run.
    pub async fn new() -> Self {
        Self::governed(Vec::new()).await
    }

    /// The same with governors.
    ///
    /// # Panics
    /// As [`World::new`].
    pub async fn governed(governors: Vec<Arc<dyn Governor>>) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        let clock = Arc::new(FixedClock::at("2026-11-24T14:00:00Z"));
        let options = Options {
            clock: clock.clone(),
            entropy: Arc::new(SeededEntropy::new(7)),
            projector: Arc::new(TejidoProjector),
        };
        let location = Location::Directory(directory.path().to_owned());
        let store = Store::open(&location, options).await.expect("a new store opens");
        let world = Self { access: Access::new(store, governors), clock, directory };
        for (id, name, institution) in FACILITIES {
            world.put(&world.system(), id, organization(id, name, institution)).await;
        }
        world
    }

    /// Where the store lies.
    pub fn path(&self) -> &std::path::Path {
        self.directory.path()
    }

    /// The store behind the gate.
    pub fn store(&self) -> &Store {
        self.access.store()
    }

    /// A nurse at the post.
    pub fn nurse(&self, name: &str) -> Cx {
        self.at(name, Role::Nurse, POST)
    }

    /// A specialist at the regional hospital.
    pub fn specialist(&self, name: &str) -> Cx {
        self.at(name, Role::Specialist, HOSPITAL)
    }

    /// The coordinator, who answers for the post and the hospital.
    pub fn coordinator(&self, name: &str) -> Cx {
        self.at(name, Role::Coordinator, OFFICE)
    }

    /// A clerk of the other institution's hospital.
    pub fn igss_clerk(&self, name: &str) -> Cx {
        self.at(name, Role::Clerk, IGSS_HOSPITAL)
    }

    /// A specialist of the other institution's hospital.
    pub fn igss_specialist(&self, name: &str) -> Cx {
        self.at(name, Role::Specialist, IGSS_HOSPITAL)
    }

    /// An auditor of the first institution.
    pub fn auditor(&self, name: &str) -> Cx {
        self.at(name, Role::Auditor, OFFICE)
    }

    /// An administrator of the first institution.
    pub fn administrator(&self, name: &str) -> Cx {
        self.at(name, Role::Administrator, OFFICE)
    }

    /// Somebody in a role at one of the facilities. Coordinators and supervisors answer for all
    /// facilities of their institution but [`OTHER_POST`].
    ///
    /// # Panics
    /// If the world has no such facility.
    pub fn at(&self, name: &str, role: Role, facility: &str) -> Cx {
        let (id, title, institution) =
            *FACILITIES.iter().find(|one| one.0 == facility).expect("a facility of the world");
        let territory = FACILITIES.iter().filter(|one| one.2 == institution && one.0 != OTHER_POST);
        let person = slug(name);
        Cx {
            name: name.to_owned(),
            role,
            facility: Some(Facility {
                id: id.to_owned(),
                name: title.to_owned(),
                institution: institution.to_owned(),
                territory: match role {
                    Role::Coordinator | Role::Supervisor => territory.map(|one| one.0.to_owned()).collect(),
                    _ => vec![id.to_owned()],
                },
            }),
            institution: institution.to_owned(),
            session: format!("session-{person}-{}", role.code()),
            address: Some("10.0.0.7".to_owned()),
            actor: Actor::Practitioner(person),
            ..self.system()
        }
    }

    /// A machine that serves a whole institution.
    ///
    /// # Panics
    /// If the scopes can't be read.
    pub fn machine(&self, institution: &str, scopes: &str) -> Cx {
        Cx {
            actor: Actor::Token(format!("maquina-{institution}")),
            name: format!("Sistema de {institution}"),
            institution: institution.to_owned(),
            scopes: Some(Arc::new(Scopes::parse(scopes).expect("scopes such as system/*.cruds"))),
            ..self.system()
        }
    }

    /// The program itself.
    pub fn system(&self) -> Cx {
        use store::Clock;
        Cx::system(self.clock.now(), "prueba")
    }

    /// Creates a resource under that id, or says why not.
    ///
    /// # Errors
    /// The gate's.
    pub async fn try_put(&self, cx: &Cx, id: &str, resource: Value) -> Result<Stored, access::AccessError> {
        let key = Key::new(resource.resource_type().unwrap_or_default(), id);
        self.change(cx, "create", Change { key, expect: Expect::Absent, write: Write::Put(resource.to_bytes().into()) })
            .await
    }

    /// Creates a resource under that id.
    ///
    /// # Panics
    /// If the gate refuses.
    pub async fn put(&self, cx: &Cx, id: &str, resource: Value) -> Stored {
        match self.try_put(cx, id, resource).await {
            Ok(stored) => stored,
            Err(access::AccessError::Invalid(issues) | access::AccessError::Rule(issues)) => panic!("{id}: {issues:?}"),
            Err(error) => panic!("{id}: {error}"),
        }
    }

    /// Writes one change.
    ///
    /// # Errors
    /// The gate's.
    pub async fn change(&self, cx: &Cx, name: &'static str, change: Change) -> Result<Stored, access::AccessError> {
        let act = Act { name, changes: vec![change], ..Act::default() };
        let committed = self.access.commit(cx, act).await?;
        Ok(committed.stored.into_iter().next().expect("one change, one version"))
    }

    /// What the gate says to changes that break a rule.
    ///
    /// # Panics
    /// If it takes them, or refuses them for another reason.
    pub async fn refused(&self, cx: &Cx, changes: Vec<Change>) -> Vec<Issue> {
        match self.access.commit(cx, Act { name: "update", changes, ..Act::default() }).await {
            Err(access::AccessError::Rule(issues)) => issues,
            other => panic!("taken, or refused otherwise: {:?}", other.map(|done| done.stored.len())),
        }
    }

    /// Writes the next version of a resource.
    ///
    /// # Errors
    /// The gate's.
    pub async fn update(&self, cx: &Cx, resource: &Value) -> Result<Stored, access::AccessError> {
        let key = Key::new(resource.resource_type().unwrap_or_default(), resource.id().unwrap_or_default());
        let write = Write::Put(resource.to_bytes().into());
        self.change(cx, "update", Change { key, expect: Expect::Any, write }).await
    }

    /// Registers a synthetic person at the caller's facility.
    ///
    /// # Panics
    /// If the gate refuses.
    pub async fn person(&self, cx: &Cx, id: &str, family: &str) -> Stored {
        let facility = cx.facility.as_ref().map(|one| fhir::json!({ "reference": format!("Organization/{}", one.id) }));
        let patient = fhir::json!({
            "resourceType": "Patient",
            "meta": { "tag": [{ "system": system::TAG, "code": "sintetico" }] },
            "name": [{ "family": family, "given": ["Rosa"] }],
            "gender": "female", "birthDate": "1990-05-17",
            "managingOrganization": facility,
        });
        self.put(cx, id, patient).await
    }

    /// Both institutions agree to share what live referrals need.
    ///
    /// # Panics
    /// If the gate refuses.
    pub async fn agree(&self) {
        for (from, to) in [("MSPAS", "IGSS"), ("IGSS", "MSPAS")] {
            let id = format!("convenio-{}", from.to_lowercase());
            self.put(&self.system(), &id, Sharing::consent(from, to, "2026-01-01")).await;
        }
    }
}

fn organization(id: &str, name: &str, institution: &str) -> Value {
    fhir::json!({
        "resourceType": "Organization",
        "meta": {
            "security": [{ "system": system::CUSTODIAN, "code": institution }],
            "tag": [{ "system": system::TAG, "code": "sintetico" }],
        },
        "extension": [{ "url": system::EXT_INSTITUTION, "valueCode": institution }],
        "identifier": [{ "system": system::FACILITY_ID, "value": id }],
        "active": true,
        "name": name,
    })
}

/// `Ixmucané` becomes `ixmucane`: the id of the Practitioner.
fn slug(name: &str) -> String {
    let plain = name.to_lowercase();
    let letters = plain.chars().map(|letter| match letter {
        'á' => 'a',
        'é' => 'e',
        'í' => 'i',
        'ó' => 'o',
        'ú' => 'u',
        'ñ' => 'n',
        ascii if ascii.is_ascii_alphanumeric() => ascii,
        _ => '-',
    });
    letters.collect()
}
