//! The directory: a view over the log's Organizations, Locations, HealthcareServices, Schedules and
//! Slots, kept in memory so that a page or a referral's options need no query.
//!
//! It holds no person. Rebuilt equals live: what it answers follows from the newest versions alone,
//! in whatever order they came.

use std::collections::{BTreeMap, BTreeSet};

use fhir::Value;
use jiff::Timestamp;
use store::{Stored, View};

use crate::place::{Level, Place, Point, reference};
use crate::service::minutes_of;
use crate::territory::territory;
use crate::{Facility, Outlines, Service};

/// The network as it stands after an entry of the log.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Directory {
    seq: u64,
    organizations: BTreeMap<String, Value>,
    locations: BTreeMap<String, Value>,
    facilities: BTreeMap<String, Facility>,
    places: BTreeMap<String, Place>,
    services: BTreeMap<String, Service>,
    schedules: BTreeMap<String, (String, u16)>,
    /// Free places: schedule, start in microseconds, Slot id.
    free: BTreeSet<(String, i64, String)>,
    slots: BTreeMap<String, (String, i64)>,
    /// An operator's own outlines, by Location.
    outlines: BTreeMap<String, Vec<Vec<Point>>>,
}

/// Which facilities a list shows.
#[derive(Clone, Debug, Default)]
pub struct Filter {
    /// Institution code.
    pub institution: Option<String>,
    /// Type code.
    pub type_code: Option<String>,
    /// INE code of a department or municipality.
    pub area: Option<String>,
    /// Words of the name, in any order, without accents.
    pub text: String,
}

/// How far it is.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Distance {
    /// Nobody surveyed one of the two places, nor is a seat known.
    Unknown,
    /// In a straight line, kilometres.
    Straight {
        /// Kilometres.
        km: f64,
        /// Whether at least one end is only the seat of the municipality.
        from_seat: bool,
    },
}

/// A service that the network offers to a place.
#[derive(Clone, Debug, PartialEq)]
pub struct Offer<'a> {
    /// The service.
    pub service: &'a Service,
    /// Who offers it.
    pub facility: &'a Facility,
    /// Steps up the network until both have the same manager: 0 the same facility.
    pub steps: usize,
    /// How far.
    pub distance: Distance,
    /// The first free place from the time asked for.
    pub next_free: Option<Timestamp>,
}

/// What a facility's page shows.
#[derive(Clone, Debug)]
pub struct Page<'a> {
    /// The facility.
    pub facility: &'a Facility,
    /// Where it stands: from the smallest place up to the department.
    pub within: Vec<&'a Place>,
    /// Who manages it, from the nearest up: id and name.
    pub managers: Vec<(&'a str, &'a str)>,
    /// What it offers.
    pub services: Vec<&'a Service>,
    /// Whom it serves: the places of its services' coverage and those its team answers for.
    pub serves: Vec<&'a Place>,
    /// Where it refers to: for each service it does not offer, the nearest one of its institution.
    pub refers_to: Vec<Offer<'a>>,
}

impl View for Directory {
    fn seq(&self) -> u64 {
        self.seq
    }

    fn take(&mut self, entry: &Stored) {
        let known = ["Organization", "Location", "HealthcareService", "Schedule", "Slot"];
        if known.contains(&entry.key.resource_type.as_str()) {
            let value = (!entry.deleted).then(|| entry.value());
            self.put(&entry.key.resource_type, &entry.key.id, value.as_ref());
        }
        self.seq = entry.seq;
    }
}

impl Directory {
    /// Takes the newest version of a resource (`None` = deleted).
    pub fn put(&mut self, resource_type: &str, id: &str, value: Option<&Value>) {
        match resource_type {
            "Organization" => {
                set(&mut self.organizations, id, value.cloned());
                self.facility_again(id);
            }
            "Location" => {
                set(&mut self.places, id, value.and_then(Place::of));
                set(&mut self.outlines, id, value.and_then(Outlines::boundary_of));
                set(&mut self.locations, id, value.filter(|value| Place::of(value).is_none()).cloned());
                self.facility_again(id);
            }
            "HealthcareService" => set(&mut self.services, id, value.and_then(Service::of)),
            "Schedule" => set(&mut self.schedules, id, value.and_then(minutes_of)),
            "Slot" => self.put_slot(id, value),
            _ => {}
        }
    }

    fn facility_again(&mut self, id: &str) {
        let facility = self.organizations.get(id).and_then(|one| Facility::of(one, self.locations.get(id)));
        set(&mut self.facilities, id, facility);
    }

    fn put_slot(&mut self, id: &str, value: Option<&Value>) {
        if let Some((schedule, start)) = self.slots.remove(id) {
            self.free.remove(&(schedule, start, id.to_owned()));
        }
        let free = value.filter(|slot| slot.text_at(&["status"]) == Some("free"));
        let Some(slot) = free else { return };
        let start: Option<Timestamp> = slot.text_at(&["start"]).and_then(|start| start.parse().ok());
        if let (Some(schedule), Some(start)) = (reference(slot, "schedule"), start) {
            self.slots.insert(id.to_owned(), (schedule.clone(), start.as_microsecond()));
            self.free.insert((schedule, start.as_microsecond(), id.to_owned()));
        }
    }

    /// The outlines to draw: of the departments (the operator's own where there is one, else as shipped),
    /// or of one department (INE code) and those of its municipalities that the operator gave.
    pub fn outlines(&self, department: Option<&str>) -> Outlines {
        let mut drawn = Outlines::departments();
        for (code, rings) in &mut drawn.areas {
            if let Some(own) = self.outlines.get(&format!("gt-{code}")) {
                rings.clone_from(own);
            }
        }
        let Some(department) = department else { return drawn };
        drawn.areas.retain(|(code, _)| code == department);
        let inside = self.outlines.iter().filter_map(|(id, rings)| Some((id.strip_prefix("gt-")?, rings)));
        let inside = inside.filter(|(code, _)| code.len() == 4 && code.starts_with(department));
        drawn.areas.extend(inside.map(|(code, rings)| (code.to_owned(), rings.clone())));
        drawn
    }

    /// A facility.
    pub fn facility(&self, id: &str) -> Option<&Facility> {
        self.facilities.get(id)
    }

    /// All facilities.
    pub fn facilities(&self) -> impl Iterator<Item = &Facility> {
        self.facilities.values()
    }

    /// A place of the territory.
    pub fn place(&self, id: &str) -> Option<&Place> {
        self.places.get(id)
    }

    /// The places right inside a place, by name.
    pub fn places_within(&self, id: &str) -> Vec<&Place> {
        let mut inside: Vec<_> = self.places.values().filter(|place| place.within.as_deref() == Some(id)).collect();
        inside.sort_by(|a, b| a.name.cmp(&b.name));
        inside
    }

    /// A service, with the minutes of its agenda.
    pub fn service(&self, id: &str) -> Option<Service> {
        let service = self.services.get(id)?.clone();
        let minutes = self.schedules.values().find(|(of, _)| of == id).map_or(0, |(_, minutes)| *minutes);
        Some(Service { minutes, ..service })
    }

    /// The facilities that an Organization manages directly, by name.
    pub fn children(&self, id: &str) -> Vec<&Facility> {
        let mut children: Vec<_> = self.facilities.values().filter(|facility| facility.manager == id).collect();
        children.sort_by(|a, b| a.name.cmp(&b.name));
        children
    }

    /// The facilities under an Organization at any depth (and itself, if it is one): the territory
    /// of a coordinator or supervisor.
    pub fn under(&self, id: &str) -> Vec<&Facility> {
        self.facilities.iter().filter(|(own, _)| self.managers(own).contains(&id)).map(|(_, one)| one).collect()
    }

    /// An Organization's own id and those above it.
    pub(crate) fn managers<'a>(&'a self, id: &'a str) -> Vec<&'a str> {
        let mut chain = vec![id];
        while let Some(next) = chain.last().and_then(|last| self.organizations.get(*last)) {
            let above = next.text_at(&["partOf", "reference"]).and_then(crate::place::reference_id);
            match above.filter(|above| !chain.contains(above)) {
                Some(above) => chain.push(above),
                None => break,
            }
        }
        chain
    }

    /// The name of a facility or of a unit that manages some; empty when it is not known.
    pub(crate) fn organization_name(&self, id: &str) -> &str {
        self.organizations.get(id).and_then(|one| one.text_at(&["name"])).unwrap_or_default()
    }

    /// A place's own id and those around it.
    pub(crate) fn around<'a>(&'a self, id: &'a str) -> Vec<&'a str> {
        let mut chain = vec![id];
        while let Some(above) = chain.last().and_then(|last| self.places.get(*last)?.within.as_deref()) {
            if chain.contains(&above) {
                break;
            }
            chain.push(above);
        }
        chain
    }

    /// The services that serve a place (community, municipality, …): those whose coverage names it
    /// or a place around it.
    pub fn serving(&self, place: &str) -> Vec<&Service> {
        let around = self.around(place);
        let covers =
            |service: &&Service| service.active && service.coverage.iter().any(|area| around.contains(&area.as_str()));
        self.services.values().filter(covers).collect()
    }

    /// The facility whose team answers for a place: its own, else of the nearest place around it.
    pub fn responsible(&self, place: &str) -> Option<&Facility> {
        let manager = |id: &&str| self.facilities.get(self.places.get(*id)?.manager.as_deref()?);
        self.around(place).iter().find_map(manager)
    }

    /// Which services of a specialty the network offers to the place where a facility stands: of
    /// its institution first, then nearest in the network's hierarchy, then in a straight line.
    pub fn options(&self, facility: &str, specialty: &str, from: Timestamp) -> Vec<Offer<'_>> {
        let Some(asking) = self.facilities.get(facility) else { return Vec::new() };
        let offered = self.serving(&asking.place).into_iter().filter(|service| service.specialty == specialty);
        let mut offers: Vec<Offer<'_>> = offered.filter_map(|service| self.offer(asking, service, from)).collect();
        offers.sort_by(|a, b| {
            let own = |offer: &Offer<'_>| offer.facility.institution != asking.institution;
            let km = |offer: &Offer<'_>| match offer.distance {
                Distance::Unknown => f64::INFINITY,
                Distance::Straight { km, .. } => km,
            };
            (own(a), a.steps)
                .cmp(&(own(b), b.steps))
                .then(km(a).total_cmp(&km(b)))
                .then(a.service.id.cmp(&b.service.id))
        });
        offers
    }

    fn offer<'a>(&'a self, asking: &Facility, service: &'a Service, from: Timestamp) -> Option<Offer<'a>> {
        let facility = self.facilities.get(&service.facility).filter(|facility| facility.active)?;
        let (ours, own) = (asking.id(), facility.id());
        let (here, there) = (self.managers(&ours), self.managers(&own));
        let steps = here.iter().position(|id| there.contains(id)).unwrap_or(here.len());
        let next_free = self.free_slots(&service.id, from, 1).first().map(|(_, start)| *start);
        Some(Offer { service, facility, steps, distance: self.distance(asking, facility), next_free })
    }

    /// How far one facility is from another.
    pub fn distance(&self, one: &Facility, other: &Facility) -> Distance {
        let point = |facility: &Facility| match facility.position {
            Some(point) => Some((point, false)),
            None => self.seat(&facility.place).map(|point| (point, true)),
        };
        match (point(one), point(other)) {
            (Some((a, a_seat)), Some((b, b_seat))) => {
                Distance::Straight { km: a.km_to(b), from_seat: a_seat || b_seat }
            }
            _ => Distance::Unknown,
        }
    }

    /// INE code of the municipality around a place.
    pub fn municipality_of(&self, place: &str) -> Option<&str> {
        let municipality = |id: &&str| self.places.get(*id).filter(|place| place.level == Level::Municipality);
        self.around(place).iter().find_map(municipality)?.code.as_deref()
    }

    /// The communities of a municipality (INE code), by name.
    pub fn communities(&self, municipality: &str) -> Vec<&Place> {
        let inside = |place: &&Place| {
            place.level == Level::Community && self.municipality_of(&place.id).is_some_and(|code| code == municipality)
        };
        let mut inside: Vec<_> = self.places.values().filter(inside).collect();
        inside.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.id.cmp(&b.id)));
        inside
    }

    /// The seat of the municipality around a place.
    fn seat(&self, place: &str) -> Option<Point> {
        self.around(place).iter().find_map(|id| self.places.get(*id)?.position)
    }

    /// Free places of a service from a time on, soonest first: Slot id and start.
    pub fn free_slots(&self, service: &str, from: Timestamp, most: usize) -> Vec<(&str, Timestamp)> {
        let mut found: Vec<(&str, Timestamp)> = Vec::new();
        for (schedule, _) in self.schedules.iter().filter(|(_, (of, _))| of == service) {
            let begin = (schedule.clone(), from.as_microsecond(), String::new());
            let range = self.free.range(begin..).take_while(|(of, _, _)| of == schedule).take(most);
            let slot = |start: i64| Timestamp::from_microsecond(start).ok();
            found.extend(range.filter_map(|(_, start, id)| Some((id.as_str(), slot(*start)?))));
        }
        found.sort_by_key(|(id, start)| (*start, *id));
        found.truncate(most);
        found
    }

    /// The facilities that a filter lets through, by name.
    pub fn list(&self, filter: &Filter) -> Vec<&Facility> {
        let wanted: Vec<String> = crate::facility::slug(&filter.text).split('-').map(str::to_owned).collect();
        let same = |wanted: &Option<String>, found: &str| wanted.as_deref().is_none_or(|wanted| wanted == found);
        let inside = |facility: &Facility| {
            let area = filter.area.as_ref().map(|code| format!("gt-{code}"));
            area.is_none_or(|area| self.around(&facility.place).contains(&area.as_str()))
        };
        let named = |facility: &Facility| {
            let name = crate::facility::slug(&facility.name);
            wanted.iter().all(|word| name.contains(word.as_str()))
        };
        let fits = |one: &&Facility| {
            same(&filter.institution, &one.institution)
                && same(&filter.type_code, &one.type_code)
                && inside(one)
                && named(one)
        };
        let mut found: Vec<&Facility> = self.facilities.values().filter(fits).collect();
        found.sort_by(|a, b| a.name.cmp(&b.name).then_with(|| a.code.cmp(&b.code)));
        found
    }

    /// What a facility's page shows.
    pub fn page(&self, id: &str, from: Timestamp) -> Option<Page<'_>> {
        let (id, facility) = self.facilities.get_key_value(id)?;
        let around = self.around(&facility.place).into_iter().filter_map(|id| self.places.get(id));
        let within = around.filter(|place| place.level > Level::Country).collect();
        let managers = self.managers(id).into_iter().skip(1).map(|id| (id, self.organization_name(id))).collect();
        let services: Vec<&Service> = self.services.values().filter(|one| one.facility == *id).collect();
        let covered = services.iter().flat_map(|one| &one.coverage).filter_map(|id| self.places.get(id));
        let answered = self.places.values().filter(|place| place.manager.as_deref() == Some(id));
        let mut serves: Vec<&Place> = covered.chain(answered).collect();
        serves.sort_by(|a, b| (a.level, &a.name, &a.id).cmp(&(b.level, &b.name, &b.id)));
        serves.dedup_by(|a, b| a.id == b.id);
        let missing = territory().services.iter().filter(|one| services.iter().all(|own| own.specialty != one.code));
        let nearest = |one: &crate::Offered| {
            self.options(id, &one.code, from)
                .into_iter()
                .find(|offer| offer.facility.institution == facility.institution)
        };
        Some(Page { facility, within, managers, refers_to: missing.filter_map(nearest).collect(), services, serves })
    }
}

impl Distance {
    /// In words; always says that it is a straight line.
    pub fn text(self) -> String {
        match self {
            Self::Unknown => "distancia desconocida".to_owned(),
            Self::Straight { km, .. } if km < 0.5 => "en el mismo lugar o municipio".to_owned(),
            Self::Straight { km, from_seat: false } => format!("{km:.0} km en línea recta"),
            Self::Straight { km, from_seat: true } => {
                format!("{km:.0} km en línea recta, medidos desde la cabecera municipal")
            }
        }
    }
}

fn set<T>(map: &mut BTreeMap<String, T>, id: &str, value: Option<T>) {
    match value {
        Some(value) => map.insert(id.to_owned(), value),
        None => map.remove(id),
    };
}
