//! Who plays in the demonstration: the staff that the network made up, as callers.

use access::{Actor, Cx, Facility, Role};
use jiff::Timestamp;
use network::demo::{Demo, Staff};

/// The staff and where they work.
pub struct Cast<'a> {
    pub demo: &'a Demo,
}

impl<'a> Cast<'a> {
    /// Somebody as a caller at a time.
    pub fn caller(&self, staff: &Staff, now: Timestamp) -> Cx {
        let name = self.demo.facilities.iter().find(|one| one.id() == staff.facility).map(|one| one.name.clone());
        let mut territory = staff.territory.clone();
        if !territory.is_empty() && !territory.contains(&staff.facility) {
            territory.push(staff.facility.clone());
        }
        Cx {
            actor: Actor::Practitioner(staff.practitioner()),
            name: format!("{} {}", staff.given, staff.family),
            role: staff.role,
            facility: Some(Facility {
                id: staff.facility.clone(),
                name: name.unwrap_or_else(|| staff.facility.clone()),
                institution: staff.institution.to_owned(),
                territory,
            }),
            institution: staff.institution.to_owned(),
            request: format!("demo-{}", staff.user),
            session: String::new(),
            address: None,
            ..Cx::system(now, "demo")
        }
    }

    /// The coordinator who answers for a facility.
    pub fn coordinator(&self, facility: &str) -> Option<&'a Staff> {
        let answers = |one: &&Staff| {
            one.role == Role::Coordinator && (one.facility == facility || one.territory.iter().any(|id| id == facility))
        };
        self.demo.staff.iter().find(answers)
    }

    /// Facilities that refer: those with a nurse or doctor and a coordinator.
    pub fn origins(&self) -> Vec<&'a Staff> {
        let refers =
            |one: &&Staff| matches!(one.role, Role::Nurse | Role::Doctor) && self.coordinator(&one.facility).is_some();
        self.demo.staff.iter().filter(refers).collect()
    }

    /// Specialists whom somebody may refer to, with their service: of the same institution, or, across,
    /// of another one that serves the place.
    pub fn specialists(&self, from: &Staff, across: bool) -> Vec<(&'a Staff, &'a network::Service)> {
        let of = |one: &&Staff| one.role == Role::Specialist && (one.institution != from.institution) == across;
        let department = from.facility.split('-').nth(1).map(|code| format!("gt-{}", &code[..2])).unwrap_or_default();
        let serves = |service: &network::Service| {
            !across || service.coverage.iter().any(|place| *place == "gt" || *place == department)
        };
        let service = |one: &'a Staff| {
            let offered = self.demo.services.iter();
            let mut mine = offered.filter(|service| service.facility == one.facility && service.minutes > 0);
            mine.find(|service| one.specialty.is_none_or(|code| service.specialty == code))
                .map(|service| (one, service))
        };
        let found = self.demo.staff.iter().filter(of).filter_map(service);
        found.filter(|(_, service)| serves(service)).collect()
    }
}
