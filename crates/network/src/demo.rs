//! The demonstration's network: the whole territory and the known facilities, and below them, in
//! seventeen municipalities of three departments, made-up posts, centres, communities, services,
//! agendas and staff. All that is made up carries the mark SINTÉTICO.
//!
//! Pure and the same every time: `server` sends what it gives through the gate.

mod staff;

use access::demo::Home;
use fhir::Value;
use jiff::ToSpan;
use jiff::civil::{Date, Weekday, time};

use crate::facility::slug;
use crate::place::{Level, Place};
use crate::table::rows;
use crate::{Facility, Hours, Municipality, Service, slots, territory};

pub use staff::Staff;

/// Where the made-up part lies.
const MUNICIPALITIES: [&str; 17] = [
    "1601", "1609", "1603", "1607", "1616", "1615", "1401", "1413", "1412", "1415", "1406", "1420", "0101", "0108",
    "0110", "0115", "0112",
];

const COMMUNITIES: [&str; 36] = [
    "Sechaj",
    "Las Flores",
    "San José",
    "Chitem",
    "La Esperanza",
    "El Rosario",
    "Xalabé",
    "Santa Elena",
    "Chuatuj",
    "Buena Vista",
    "Panimaché",
    "El Zapote",
    "Las Victorias",
    "Xeabaj",
    "San Marcos",
    "La Cumbre",
    "Chicacnab",
    "El Mirador",
    "Pachoj",
    "Agua Tibia",
    "Las Delicias",
    "Chuijuyub",
    "El Paraíso",
    "Nueva Jerusalén",
    "San Antonio",
    "Pambach",
    "Santa Rosa",
    "El Carmen",
    "Sacsihá",
    "San Luis",
    "La Libertad",
    "Los Encuentros",
    "El Naranjo",
    "Chimuch",
    "Río Frío",
    "Las Pacayas",
];

/// Days ahead for which agendas have places.
const DAYS_AHEAD: i64 = 21;

const FULL: [&str; 19] = [
    "medicina-interna",
    "pediatria",
    "ginecologia-obstetricia",
    "cirugia-general",
    "traumatologia",
    "oftalmologia",
    "otorrinolaringologia",
    "cardiologia",
    "neurologia",
    "nefrologia",
    "dermatologia",
    "psiquiatria",
    "oncologia",
    "urologia",
    "endocrinologia",
    "tomografia",
    "endoscopia",
    "emergencia",
    "maternidad",
];
const REGIONAL: [&str; 13] = [
    "medicina-interna",
    "pediatria",
    "ginecologia-obstetricia",
    "cirugia-general",
    "traumatologia",
    "oftalmologia",
    "cardiologia",
    "psiquiatria",
    "dermatologia",
    "ultrasonido",
    "rayos-x",
    "emergencia",
    "maternidad",
];
const DISTRICT: [&str; 7] = [
    "medicina-interna",
    "pediatria",
    "ginecologia-obstetricia",
    "cirugia-general",
    "ultrasonido",
    "emergencia",
    "maternidad",
];
const OUTPATIENT: [&str; 6] =
    ["medicina-interna", "oftalmologia", "cardiologia", "dermatologia", "endocrinologia", "urologia"];

/// The demonstration's network.
#[derive(Clone, Debug, Default)]
pub struct Demo {
    /// Everything to write, in an order in which nothing points ahead.
    pub resources: Vec<Value>,
    /// Facilities of the three departments, known and made up.
    pub facilities: Vec<Facility>,
    /// Their services.
    pub services: Vec<Service>,
    /// Where people live.
    pub homes: Vec<Home>,
    /// Who works there; accounts are made for them.
    pub staff: Vec<Staff>,
}

/// How a made-up service is offered.
#[derive(Clone, Copy)]
struct How<'a> {
    modalities: &'a [&'a str],
    coverage: &'a [String],
    minutes: u16,
}

/// The network on a day; agendas have free places for three weeks after it.
pub fn network(today: Date) -> Demo {
    let mut demo = Demo { resources: territory().resources(), ..Demo::default() };
    for facility in territory().known_facilities() {
        demo.resources.extend(facility.resources());
        if ["gt-01", "gt-14", "gt-16"].iter().any(|department| facility.place.starts_with(department)) {
            demo.facilities.push(facility);
        }
    }
    for (at, code) in MUNICIPALITIES.iter().enumerate() {
        let municipality = territory().municipality(code).expect("a municipality of the country");
        demo.municipality(at, municipality);
    }
    for facility in demo.facilities.clone() {
        demo.hospital(&facility);
    }
    let until = today.checked_add(DAYS_AHEAD.days()).unwrap_or(today);
    let from = today.tomorrow().unwrap_or(today);
    for service in &demo.services {
        demo.resources.push(service.resource());
        demo.resources.extend(service.schedule());
    }
    demo.staff = staff::all(&demo.facilities);
    demo.resources.extend(demo.staff.iter().flat_map(Staff::resources));
    let posts = demo.facilities.iter().filter(|one| one.place.starts_with("territorio-"));
    demo.resources.extend(posts.map(|post| staff::team(post, &demo.staff)).collect::<Vec<_>>());
    for service in &demo.services {
        demo.resources.extend(slots(service, from, until));
    }
    demo
}

impl Demo {
    /// A centre, two posts, and the places under them: one network, two territories, each with two
    /// sectors of two communities.
    fn municipality(&mut self, at: usize, municipality: &Municipality) {
        let code = &municipality.code;
        let permanent = at.is_multiple_of(3);
        let (kind, name) =
            if permanent { ("cap", "Centro de Atención Permanente") } else { ("centro-salud-b", "Centro de Salud") };
        let centre =
            made_up(&format!("MSPAS-{code}-S1"), &format!("{name} {}", municipality.name), kind, municipality.id());
        self.resources.extend(centre.resources());
        let network = format!("red-{code}");
        let mut place =
            Place::new(&network, &format!("Red {}", municipality.name), Level::Network, Some(&municipality.id()));
        (place.manager, place.synthetic) = (Some(centre.id()), true);
        place.population = Some((0..2).map(|post| people_of(at, post)).sum());
        self.resources.push(place.resource());
        let here = [municipality.id()];
        let plain = How { modalities: &["presencial"], coverage: &here, minutes: 40 };
        for specialty in ["consulta-general", "laboratorio", "odontologia", "maternidad"] {
            self.offer(&centre, specialty, How { minutes: 0, ..plain });
        }
        self.offer(&centre, "psicologia", plain);
        let visiting = if permanent { "medicina-interna" } else { "pediatria" };
        self.offer(&centre, visiting, How { modalities: &["jornada"], minutes: 30, ..plain });
        self.facilities.push(centre);
        for post in 0..2 {
            self.post(at, post, municipality, &network);
        }
    }

    fn post(&mut self, at: usize, post: usize, municipality: &Municipality, network: &str) {
        let code = &municipality.code;
        let name =
            |sector: usize, which: usize| COMMUNITIES[(at * 5 + post * 4 + sector * 2 + which) % COMMUNITIES.len()];
        let territory_id = format!("territorio-{code}-{}", post + 1);
        let facility = made_up(
            &format!("MSPAS-{code}-P{}", post + 1),
            &format!("Puesto de Salud {}", name(0, 0)),
            "puesto-salud",
            territory_id.clone(),
        );
        let place = |id: &str, name: &str, level: Level, within: &str, population: u32| {
            let mut place = Place::new(id, name, level, Some(within));
            (place.population, place.manager, place.synthetic) = (Some(population), Some(facility.id()), true);
            place.resource()
        };
        let mut places = vec![place(
            &territory_id,
            &format!("Territorio {}", post + 1),
            Level::Territory,
            network,
            people_of(at, post),
        )];
        for sector in 0..2 {
            let letter = ["A", "B"][sector];
            let sector_id = format!("sector-{code}-{}{}", post + 1, letter.to_lowercase());
            let persons = (0..2).map(|which| persons_of(at, post, sector, which)).sum();
            places.push(place(&sector_id, &format!("Sector {letter}"), Level::Sector, &territory_id, persons));
            for which in 0..2 {
                let community = name(sector, which);
                let id = format!("com-{code}-{}", slug(community));
                let persons = persons_of(at, post, sector, which);
                places.push(place(&id, community, Level::Community, &sector_id, persons));
                self.homes.push(self.home(id, municipality, &facility));
            }
        }
        // The post stands in its territory, whose team the post is: so organisation, places, location.
        let [organization, location] = facility.resources();
        self.resources.push(organization);
        self.resources.append(&mut places);
        self.resources.push(location);
        for specialty in ["consulta-general", "control-prenatal"] {
            let coverage = std::slice::from_ref(&territory_id);
            self.offer(&facility, specialty, How { modalities: &["presencial"], coverage, minutes: 0 });
        }
        self.facilities.push(facility);
    }

    fn home(&self, community: String, municipality: &Municipality, post: &Facility) -> Home {
        let department = territory().department(&municipality.code[..2]);
        let igss = self.facilities.iter().find(|one| one.institution == "IGSS" && one.place == municipality.id());
        Home {
            community,
            municipality: municipality.code.clone(),
            municipality_name: municipality.name.clone(),
            department_name: department.map(|one| one.name.clone()).unwrap_or_default(),
            post: post.id(),
            team: staff::team_of(post),
            igss: igss.map(Facility::id),
            by_pueblo: municipality.population.by_pueblo,
            language: language(&municipality.code),
        }
    }

    /// What a known facility offers; nobody publishes that, so it is made up and marked.
    fn hospital(&mut self, facility: &Facility) {
        if facility.synthetic {
            return;
        }
        let department = facility.place[..5].to_owned();
        let country = "gt".to_owned();
        let name = facility.name.to_lowercase();
        let (specialties, coverage): (&[&str], String) = match facility.type_code.as_str() {
            "hospital-referencia-nacional" => (&FULL, country),
            "igss-hospital" if name.contains("enfermedades") => (&FULL, country),
            "hospital-regional" | "hospital-departamental" => (&REGIONAL, department),
            "hospital-distrital" => (&DISTRICT, department),
            "hospital-especializado" | "igss-hospital" => (special(&name), country),
            "igss-policlinica" | "igss-consulta-externa" => (&OUTPATIENT, department),
            _ => (&["consulta-general"], facility.place.clone()),
        };
        let coverage = if name.contains("igss cobán") { facility.place[..5].to_owned() } else { coverage };
        for specialty in specialties {
            let at_a_distance = ["cardiologia", "dermatologia", "psiquiatria", "endocrinologia"].contains(specialty);
            let modalities: &[&str] = if at_a_distance { &["presencial", "teleconsulta"] } else { &["presencial"] };
            let agenda = !["emergencia", "maternidad", "consulta-general"].contains(specialty);
            let (coverage, minutes) = (std::slice::from_ref(&coverage), if agenda { 30 } else { 0 });
            self.offer(facility, specialty, How { modalities, coverage, minutes });
        }
    }

    fn offer(&mut self, facility: &Facility, specialty: &str, how: How<'_>) {
        let week = [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
        let first = self.services.len() % 3;
        let (days, until) = match how.minutes {
            0 => (week.to_vec(), time(16, 0, 0, 0)),
            _ => (vec![week[first], week[first + 2]], time(10, 30, 0, 0)),
        };
        self.services.push(Service {
            id: format!("serv-{}-{specialty}", facility.id()),
            facility: facility.id(),
            institution: facility.institution.clone(),
            specialty: specialty.to_owned(),
            modalities: how.modalities.iter().map(|code| (*code).to_owned()).collect(),
            coverage: how.coverage.to_vec(),
            hours: vec![Hours { days, from: time(8, 0, 0, 0), until }],
            minutes: how.minutes,
            active: true,
            synthetic: true,
        });
    }
}

/// Persons of a made-up community.
fn persons_of(at: usize, post: usize, sector: usize, which: usize) -> u32 {
    260 + u32::try_from((at * 97 + post * 53 + sector * 31 + which * 17) % 640).unwrap_or(0)
}

/// Persons of a made-up territory: those of its communities.
fn people_of(at: usize, post: usize) -> u32 {
    (0..4).map(|number| persons_of(at, post, number / 2, number % 2)).sum()
}

fn special(name: &str) -> &'static [&'static str] {
    const KNOWN: [(&str, &[&str]); 7] = [
        ("ortopedia", &["traumatologia", "fisioterapia"]),
        ("salud mental", &["psiquiatria", "psicologia"]),
        ("infectología", &["pediatria"]),
        ("antituberculoso", &["neumologia"]),
        ("gineco", &["ginecologia-obstetricia", "ultrasonido", "maternidad"]),
        ("rehabilitación", &["fisioterapia"]),
        ("accidentes", &["traumatologia", "rayos-x", "emergencia"]),
    ];
    KNOWN.iter().find(|(word, _)| name.contains(word)).map_or(&DISTRICT, |(_, specialties)| specialties)
}

fn made_up(code: &str, name: &str, kind: &str, place: String) -> Facility {
    let level = territory().facility_type(kind).map_or(0, |one| one.level);
    let municipality = code.split('-').nth(1).unwrap_or_default();
    Facility {
        code: code.to_owned(),
        name: format!("{name} (demostración)"),
        type_code: kind.to_owned(),
        institution: "MSPAS".to_owned(),
        place,
        manager: territory().manager("MSPAS", municipality, level),
        verified: true,
        active: true,
        synthetic: true,
        ..Facility::default()
    }
}

/// The Mayan language spoken most in a municipality of the three departments.
fn language(municipality: &str) -> String {
    let table = rows(include_str!("../../../data/demo/languages_by_place.csv"));
    let of = |code: &str| table.iter().find(|row| row.text("code") == code).map(|row| row.text("language"));
    of(municipality).or_else(|| of(&municipality[..2])).unwrap_or_else(|| "quc".to_owned())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::{Directory, Distance, Filter};

    fn demo() -> Demo {
        network(jiff::civil::date(2026, 11, 24))
    }

    fn directory(resources: &[Value]) -> Directory {
        let mut directory = Directory::default();
        for resource in resources {
            directory.put(resource.resource_type().unwrap(), resource.id().unwrap(), Some(resource));
        }
        directory
    }

    #[test]
    fn every_resource_is_valid_and_nothing_points_ahead() {
        let demo = demo();
        let mut seen = BTreeSet::new();
        for resource in &demo.resources {
            assert_eq!(fhir::validate(resource), [], "{resource}");
            assert!(fhir::is_id(resource.id().unwrap()), "{resource}");
            let text = resource.to_string();
            for points in text.split("\"reference\":\"").skip(1) {
                let to = points.split('"').next().unwrap_or_default();
                assert!(seen.contains(to), "{text} points ahead to {to}");
            }
            assert!(seen.insert(format!("{}/{}", resource.resource_type().unwrap(), resource.id().unwrap())), "{text}");
        }
        assert!(demo.facilities.len() >= 40, "{}", demo.facilities.len());
        let levels: BTreeSet<u8> = demo.facilities.iter().map(Facility::level).collect();
        assert_eq!(levels.into_iter().collect::<Vec<_>>(), [1, 2, 3]);
        let institutions: BTreeSet<&str> = demo.facilities.iter().map(|one| one.institution.as_str()).collect();
        assert_eq!(institutions.len(), 2);
        assert_eq!(demo.homes.len(), 17 * 8);
        for institution in ["MSPAS", "IGSS"] {
            let here = demo.staff.iter().filter(|one| one.institution == institution);
            let roles: BTreeSet<access::Role> = here.map(|one| one.role).collect();
            assert_eq!(roles.len(), access::Role::ALL.len() - 1, "every role of people in {institution}: {roles:?}");
        }
        let works = |one: &&Staff| one.facility != one.institution.to_lowercase();
        for one in demo.staff.iter().filter(works) {
            assert!(demo.facilities.iter().any(|place| place.id() == one.facility), "{} works nowhere", one.user);
        }
        println!(
            "{} resources, {} facilities, {} services",
            demo.resources.len(),
            demo.facilities.len(),
            demo.services.len()
        );
    }

    #[test]
    fn the_directory_is_the_same_in_any_order() {
        let demo = demo();
        let mut backwards = demo.resources.clone();
        backwards.reverse();
        assert_eq!(directory(&demo.resources), directory(&backwards));
    }

    #[test]
    fn a_nurse_finds_who_sees_eyes_nearest_first_and_honestly() {
        let demo = demo();
        let directory = directory(&demo.resources);
        let now = "2026-11-24T14:00:00Z".parse().expect("an instant");
        let offers = directory.options("mspas-1601-p1", "oftalmologia", now);
        let shown: Vec<&str> = offers.iter().map(|offer| offer.facility.code.as_str()).collect();
        assert_eq!(shown[0], "MSPAS-1601-H1", "the department's hospital before the capital's");
        assert!(shown.contains(&"MSPAS-0101-H3") && !shown.contains(&"MSPAS-1401-H1"), "{shown:?}");
        assert!(
            shown.iter().position(|code| code.starts_with("IGSS"))
                > shown.iter().rposition(|code| code.starts_with("MSPAS"))
        );
        assert!(offers[0].next_free.is_some_and(|at| at > now));
        let far = offers.iter().find(|offer| offer.facility.code == "MSPAS-0101-H3").expect("Roosevelt");
        assert!(matches!(far.distance, Distance::Straight { km, from_seat: true } if (90.0..100.0).contains(&km)));
        assert!(far.distance.text().contains("en línea recta, medidos desde la cabecera municipal"));
    }

    #[test]
    fn a_booked_place_is_no_longer_free_and_comes_back() {
        let demo = demo();
        let mut directory = directory(&demo.resources);
        let now = "2026-11-24T14:00:00Z".parse().expect("an instant");
        let service = "serv-mspas-1601-h1-oftalmologia";
        let (id, first) = directory.free_slots(service, now, 1)[0];
        let id = id.to_owned();
        let mut slot = demo.resources.iter().find(|one| one.id() == Some(&id)).expect("the slot").clone();
        slot.set("status", "busy");
        directory.put("Slot", &id, Some(&slot));
        assert!(directory.free_slots(service, now, 1)[0].1 > first);
        slot.set("status", "free");
        directory.put("Slot", &id, Some(&slot));
        assert_eq!(directory.free_slots(service, now, 1)[0].1, first);
        directory.put("Slot", &id, None);
        assert!(directory.free_slots(service, now, 1)[0].1 > first);
    }

    #[test]
    fn a_community_knows_its_post_and_a_post_its_communities() {
        let demo = demo();
        let directory = directory(&demo.resources);
        let home = &demo.homes[0];
        assert_eq!(directory.responsible(&home.community).map(Facility::id), Some(home.post.clone()));
        let serving: Vec<&str> = directory.serving(&home.community).iter().map(|one| one.facility.as_str()).collect();
        assert!(serving.contains(&home.post.as_str()) && serving.contains(&"mspas-1601-h1"));
        let now = "2026-11-24T14:00:00Z".parse().expect("an instant");
        let page = directory.page(&home.post, now).expect("the post");
        assert_eq!(page.serves.iter().filter(|place| place.level == Level::Community).count(), 4);
        assert_eq!(page.within.iter().map(|place| place.level).max(), Some(Level::Territory));
        assert!(page.refers_to.iter().any(|offer| offer.service.specialty == "oftalmologia"));
        assert!(page.refers_to.iter().all(|offer| offer.facility.institution == "MSPAS"));
        assert_eq!(page.managers.last().map(|(id, _)| *id), Some("mspas"));
        assert!(directory.under("ddriss-220").iter().any(|one| one.id() == home.post));
    }

    #[test]
    fn every_place_below_a_municipality_has_its_people_and_a_team() {
        let demo = demo();
        let places: Vec<Place> = demo.resources.iter().filter_map(Place::of).collect();
        let below: Vec<&Place> = places.iter().filter(|one| one.level >= Level::Network).collect();
        assert_eq!(below.len(), 17 * (1 + 2 + 4 + 8));
        for place in &below {
            assert!(place.population.is_some_and(|persons| persons > 0) && place.manager.is_some(), "{place:?}");
            let inside = below.iter().filter(|one| one.within.as_deref() == Some(place.id.as_str()));
            let sum: u32 = inside.filter_map(|one| one.population).sum();
            assert!(sum == 0 || Some(sum) == place.population, "{place:?} holds {sum}");
        }
        let teams: Vec<&Value> = demo.resources.iter().filter(|one| one.resource_type() == Some("CareTeam")).collect();
        assert_eq!(teams.len(), 17 * 2);
        for home in &demo.homes {
            assert!(teams.iter().any(|team| team.id() == Some(&home.team)), "{home:?}");
        }
        let own = teams.iter().find(|team| team.id() == Some("equipo-mspas-1601-p1")).expect("the team of Chicoj");
        let text = own.to_string();
        for part in ["Practitioner/per-ixmucane-caal", "Practitioner/per-domingo-ical", "Location/territorio-1601-1"] {
            assert!(text.contains(part), "{part} in {text}");
        }
    }

    #[test]
    fn the_list_is_filtered_by_words_in_any_order_and_area() {
        let directory = directory(&demo().resources);
        let find = |text: &str, area: Option<&str>| {
            let filter = Filter { text: text.into(), area: area.map(str::to_owned), ..Filter::default() };
            directory.list(&filter).iter().map(|one| one.code.clone()).collect::<Vec<_>>()
        };
        assert_eq!(find("coban hospital regional", None), ["MSPAS-1601-H1"]);
        assert_eq!(find("roosevelt hospital", Some("01")), ["MSPAS-0101-H3"]);
        assert!(find("roosevelt", Some("16")).is_empty());
        assert!(find("' OR 1=1 --", None).is_empty());
        assert!(find("", Some("1601")).len() >= 5);
    }
}
