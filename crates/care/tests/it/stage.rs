//! A world with a hospital that offers ophthalmology on one free afternoon, and Rosa at her post.

use std::sync::Arc;

use access::{Cx, Role, system};
use care::referral::draft::{Draft, start_draft};
use care::referral::review::{Review, review};
use care::referral::send::send;
use care::referral::state::Priority;
use care::referral::{Named, Referral};
use testkit::{HOSPITAL, World};

pub struct Stage {
    pub world: World,
    pub nurse: Cx,
    pub coordinator: Cx,
    pub clerk: Cx,
    pub specialist: Cx,
}

pub async fn stage() -> Stage {
    let world = World::governed(vec![Arc::new(care::CareGovernor)]).await;
    let (nurse, coordinator) = (world.nurse("Ixmucané"), world.coordinator("Edgar"));
    let (clerk, specialist) = (world.at("Marta", Role::Clerk, HOSPITAL), world.specialist("Rojas"));
    world.person(&nurse, "rosa", "Tzub").await;
    let system = world.system();
    let specialty = fhir::json!([{ "coding": [{ "system": system::SPECIALTY, "code": "oftalmologia" }] }]);
    let offer = fhir::json!({ "resourceType": "HealthcareService", "active": true, "name": "Oftalmología",
        "providedBy": { "reference": format!("Organization/{HOSPITAL}") }, "specialty": specialty });
    world.put(&system, "ojos", offer).await;
    let schedule = fhir::json!({ "resourceType": "Schedule", "active": true,
        "actor": [{ "reference": "HealthcareService/ojos" }] });
    world.put(&system, "agenda", schedule).await;
    for (id, start, end) in [("s1", "14:00", "14:20"), ("s2", "14:20", "14:40"), ("s3", "14:40", "15:00")] {
        let slot = fhir::json!({ "resourceType": "Slot", "meta": { "profile": [system::PROFILE_SLOT] },
            "schedule": { "reference": "Schedule/agenda" }, "status": "free",
            "start": format!("2026-12-01T{start}:00Z"), "end": format!("2026-12-01T{end}:00Z") });
        world.put(&system, id, slot).await;
    }
    Stage { world, nurse, coordinator, clerk, specialist }
}

pub fn draft() -> Draft {
    Draft {
        patient: Named { id: "rosa".into(), name: "Rosa Tzub Caal".into() },
        service: "oftalmologia".into(),
        destination: Named { id: HOSPITAL.into(), name: "Hospital Regional de Cobán".into() },
        reason: "Ve menos del ojo derecho desde hace un año".into(),
        diagnoses: vec![("H25".into(), "Catarata senil".into()), (String::new(), "Ojo seco".into())],
        done: "Agudeza visual tomada".into(),
        signs: Some(vec![]),
        ..Draft::default()
    }
}

/// The same person when the appointments of the afternoon are over.
pub fn after(cx: &Cx) -> Cx {
    Cx { now: "2026-12-01T15:00:00Z".parse().unwrap(), ..cx.clone() }
}

impl Stage {
    /// A referral of Rosa on the waiting list.
    pub async fn waiting(&self) -> Referral {
        let access = &self.world.access;
        let written = start_draft(access, &self.nurse, &draft()).await.unwrap();
        let sent = send(access, &self.nurse, &written).await.unwrap();
        let seen = Referral::load(access, &self.coordinator, sent.id()).await.unwrap();
        review(access, &self.coordinator, &seen, &Review::Accept(Priority::P3), "Criterios completos").await.unwrap()
    }
}
