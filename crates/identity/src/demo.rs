//! Synthetic people for the demonstration: households with names, CUI of the reserved block,
//! language, post and community. Pure: the same seed gives the same people.
//!
//! Every Patient goes through the registration form, carries the mark SINTÉTICO, and is nobody.
//! Name lists are our own (`data/demo`).

use access::demo::Home;
use access::system;
use fhir::{Value, json};
use jiff::ToSpan;
use jiff::civil::Date;
use store::Dice;

use crate::{Cui, DocumentKind, Registration};

/// Serials from here on are kept for synthetic people.
const RESERVED: u32 = 90_000_000;
const PUEBLOS: [&str; 6] = ["maya", "garifuna", "xinka", "afro", "ladino", "extranjero"];

/// At least `count` people in whole households, and the households (Group), on a day.
///
/// # Panics
/// If there is no home to live in.
pub fn people(seed: u64, count: usize, homes: &[Home], today: Date) -> Vec<Value> {
    assert!(!homes.is_empty(), "people live somewhere");
    let mut town = Town { draw: Dice::new(seed), names: Names::read(), next: 0, out: Vec::new(), today };
    let mut household = 0;
    // Each household is a Group beside its people.
    while town.out.len() < count + household {
        household += 1;
        let home = &homes[town.draw.below(homes.len())];
        town.household(household, home);
    }
    town.out
}

/// The lists: name, sex (given names only), origin.
struct Names {
    given: Vec<[&'static str; 3]>,
    surnames: Vec<[&'static str; 2]>,
}

impl Names {
    fn read() -> Self {
        let given = include_str!("../../../data/demo/given_names.csv").lines().skip(1);
        let surnames = include_str!("../../../data/demo/surnames.csv").lines().skip(1);
        let fields = |line: &'static str| line.split(',').collect::<Vec<_>>();
        Self {
            given: given.filter_map(|line| fields(line).try_into().ok()).collect(),
            surnames: surnames.filter_map(|line| fields(line).try_into().ok()).collect(),
        }
    }

    /// Given names of a sex; of a people's own where the list has some.
    fn given(&self, sex: &str, origin: &str) -> Vec<&'static str> {
        let of = |origin: &str| -> Vec<&'static str> {
            self.given.iter().filter(|one| one[1] == sex && one[2] == origin).map(|one| one[0]).collect()
        };
        Some(of(origin)).filter(|names| !names.is_empty()).unwrap_or_else(|| of("quc"))
    }

    fn surnames(&self, origin: &str) -> Vec<&'static str> {
        let of = |origin: &str| -> Vec<&'static str> {
            self.surnames.iter().filter(|one| one[1] == origin).map(|one| one[0]).collect()
        };
        Some(of(origin)).filter(|names| !names.is_empty()).unwrap_or_else(|| of("quc"))
    }
}

struct Town {
    draw: Dice,
    names: Names,
    next: u32,
    out: Vec<Value>,
    today: Date,
}

/// What the members of a household share.
struct Family<'a> {
    home: &'a Home,
    pueblo: usize,
    /// Language of the household, BCP 47.
    language: &'a str,
    insured: bool,
    phone: Option<String>,
    /// The mother's CUI, once she is there.
    mother: Option<Cui>,
    members: Vec<String>,
}

impl Town {
    fn household(&mut self, number: usize, home: &Home) {
        let pueblo = self.pueblo(home);
        let speaks = pueblo == 0 && self.draw.chance(80);
        let phone = self.draw.chance(60).then(|| format!("0000-{:04}", number % 10_000));
        let insured = home.igss.is_some() && self.draw.chance(18);
        let language = if speaks { home.language.as_str() } else { "es" };
        let mut family = Family { home, pueblo, language, insured, phone, mother: None, members: Vec::new() };
        let age = self.draw.between(19, 76);
        let (his, hers) =
            ([self.surname(&family), self.surname(&family)], [self.surname(&family), self.surname(&family)]);
        let couple = self.draw.chance(72);
        let alone_is_she = self.draw.chance(70);
        if couple || alone_is_she {
            let married = if couple && self.draw.chance(30) { his[0] } else { "" };
            let years = age - if couple { self.draw.between(0, 5) } else { 0 };
            let mut form = self.form(&family, "female", hers, years.max(17));
            married.clone_into(&mut form.married);
            family.mother = Cui::parse(&form.cui).ok();
            self.person(&mut family, form);
        }
        if couple || !alone_is_she {
            let form = self.form(&family, "male", his, age);
            self.person(&mut family, form);
        }
        let children = if age < 60 { self.draw.between(0, 5).min((age - 17) / 2) } else { 0 };
        let surnames = if couple || !alone_is_she { [his[0], hers[0]] } else { hers };
        for _ in 0..children {
            let sex = *self.draw.pick(&["female", "male"]);
            let years = self.draw.between(0, (age - 18).clamp(0, 18));
            let mut form = self.form(&family, sex, surnames, years);
            let newborn = years == 0 && family.mother.is_some() && self.draw.chance(25);
            if newborn && let Some(mother) = &family.mother {
                (form.document, form.birth_order) = (DocumentKind::Newborn, "1".to_owned());
                mother.digits().clone_into(&mut form.mother_cui);
                form.birth_date = print(self.today.checked_sub(self.draw.between(0, 25).days()).unwrap_or(self.today));
                // One newborn a household: two without CUI would be the same mother's first born.
                family.mother = None;
            }
            self.person(&mut family, form);
        }
        let members: Vec<Value> =
            family.members.iter().map(|id| json!({ "entity": { "reference": format!("Patient/{id}") } })).collect();
        self.out.push(json!({
            "resourceType": "Group",
            "id": format!("hogar-{number:05}"),
            "meta": { "security": [custodian(&family)], "tag": [mark()] },
            "active": true,
            "type": "person",
            "actual": true,
            "code": { "coding": [{ "system": system::KIND, "code": "hogar", "display": "Hogar" }] },
            "quantity": members.len(),
            "managingEntity": { "reference": format!("Organization/{}", facility(&family)) },
            "member": members,
        }));
    }

    fn pueblo(&mut self, home: &Home) -> usize {
        let total: u32 = home.by_pueblo.iter().sum();
        let mut at = self.draw.below(usize::try_from(total).unwrap_or(0));
        for (index, persons) in home.by_pueblo.iter().enumerate() {
            let persons = usize::try_from(*persons).unwrap_or(0);
            if at < persons {
                return index;
            }
            at -= persons;
        }
        0
    }

    fn surname(&mut self, family: &Family<'_>) -> &'static str {
        let own = family.pueblo == 0 && self.draw.chance(75);
        let list = self.names.surnames(if own { &family.home.language } else { "es" });
        self.draw.pick::<&str>(&list)
    }

    fn form(&mut self, family: &Family<'_>, sex: &'static str, surnames: [&str; 2], years: i64) -> Registration {
        let mut given = || {
            let own = family.pueblo == 0 && self.draw.chance(22);
            let list = self.names.given(sex, if own { &family.home.language } else { "es" });
            *self.draw.pick(&list)
        };
        let (given1, given2) = (given(), given());
        let days = years * 365 + years / 4 + self.draw.between(1, 360);
        let born = self.today.checked_sub(days.days()).unwrap_or(self.today);
        let home = family.home;
        let birthplace = if self.draw.chance(85) { home.municipality.clone() } else { "0101".to_owned() };
        let mut form = Registration {
            cui: self.cui(&birthplace).digits().to_owned(),
            given1: given1.to_owned(),
            given2: if given1 == given2 || self.draw.chance(15) { String::new() } else { given2.to_owned() },
            surname1: surnames[0].to_owned(),
            surname2: if self.draw.chance(6) { String::new() } else { surnames[1].to_owned() },
            sex: sex.to_owned(),
            birth_date: print(born),
            municipality: home.municipality.clone(),
            municipality_name: home.municipality_name.clone(),
            department_name: home.department_name.clone(),
            community: home.community.clone(),
            post: home.post.clone(),
            pueblo: PUEBLOS[family.pueblo].to_owned(),
            language: family.language.to_owned(),
            interpreter: family.language != "es" && self.draw.chance(25),
            phone: family.phone.clone().unwrap_or_default(),
            ..Registration::default()
        };
        if family.insured {
            form.igss_number.clone_from(&form.cui);
        } else if years > 60 && self.draw.chance(8) {
            (form.document, form.no_document_reason) = (DocumentKind::None, "nunca-inscrito".to_owned());
            (form.birth_date, form.age) = (String::new(), years.to_string());
        }
        form
    }

    /// The next CUI of the reserved block, in an order that looks like none.
    fn cui(&mut self, municipality: &str) -> Cui {
        loop {
            self.next += 1;
            let serial = RESERVED + u32::try_from(u64::from(self.next) * 7_919 % 9_999_991).unwrap_or(0);
            if let Some(cui) = Cui::compose(serial, municipality) {
                return cui;
            }
        }
    }

    fn person(&mut self, family: &mut Family<'_>, form: Registration) {
        let mut patient = form.check(self.today).expect("the generator fills the form in right").patient;
        let id = format!("sin-{:05}", self.out.len());
        patient.set("id", id.as_str());
        patient.set("meta", json!({ "security": [custodian(family)], "tag": [mark()] }));
        patient.set("managingOrganization", json!({ "reference": format!("Organization/{}", facility(family)) }));
        if self.draw.chance(40) {
            let mut identifiers = patient.items("identifier").to_vec();
            let value = format!("{}/{}", facility(family), 1000 + self.out.len());
            identifiers.push(json!({ "system": system::FILE_NUMBER, "value": value }));
            patient.set("identifier", identifiers);
        }
        let team = json!({ "url": system::EXT_TEAM,
            "valueReference": { "reference": format!("CareTeam/{}", family.home.team) } });
        let extensions = patient.items("extension").iter().cloned().chain([team]).collect::<Vec<_>>();
        patient.set("extension", extensions);
        family.members.push(id);
        self.out.push(patient);
    }
}

fn custodian(family: &Family<'_>) -> Value {
    json!({ "system": system::CUSTODIAN, "code": if family.insured { "IGSS" } else { "MSPAS" } })
}

fn mark() -> Value {
    json!({ "system": system::TAG, "code": "sintetico", "display": "SINTÉTICO" })
}

fn facility<'a>(family: &Family<'a>) -> &'a str {
    family.home.igss.as_deref().filter(|_| family.insured).unwrap_or(&family.home.post)
}

fn print(date: Date) -> String {
    date.strftime("%d/%m/%Y").to_string()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn town() -> Vec<Value> {
        let home = |municipality: &str, igss: Option<&str>, language: &str| Home {
            community: format!("com-{municipality}-sechaj"),
            municipality: municipality.into(),
            municipality_name: "Cobán".into(),
            department_name: "Alta Verapaz".into(),
            post: format!("mspas-{municipality}-p1"),
            team: format!("equipo-mspas-{municipality}-p1"),
            igss: igss.map(str::to_owned),
            by_pueblo: [170_000, 30, 20, 60, 40_000, 300],
            language: language.into(),
        };
        let homes = [home("1601", Some("igss-1601-u1"), "kek"), home("1413", None, "ixl"), home("1416", None, "quv")];
        people(7, 5_000, &homes, Date::constant(2026, 11, 24))
    }

    #[test]
    fn five_thousand_people_are_valid_marked_and_of_the_reserved_block() {
        let town = town();
        let (mut numbers, mut ids) = (BTreeSet::new(), BTreeSet::new());
        let mut patients = 0;
        for resource in &town {
            assert_eq!(fhir::validate(resource), [], "{resource}");
            assert_eq!(resource.text_at(&["meta", "tag", "code"]), Some("sintetico"));
            assert!(ids.insert((resource.resource_type(), resource.id())), "{resource}");
            let is_patient = resource.resource_type() == Some("Patient");
            patients += usize::from(is_patient);
            let place = |url: &str| {
                let all = resource.items("extension").iter();
                all.filter(|one| one.text_at(&["url"]) == Some(url)).count()
            };
            let placed = [system::EXT_COMMUNITY, system::EXT_ASSIGNED_POST, system::EXT_TEAM].map(place);
            assert!(!is_patient || placed == [1, 1, 1], "{resource}");
            for one in resource.items("identifier") {
                let (system, value) = (one.text_at(&["system"]), one.text_at(&["value"]).expect("a value"));
                assert!(numbers.insert((system, value)), "{value} twice");
                if system == Some(system::CUI) {
                    let cui = Cui::parse(value).expect("a CUI");
                    assert!(cui.problems().is_empty() && cui.is_synthetic(), "{value}");
                }
            }
        }
        let with = |system: &str| numbers.iter().filter(|(found, _)| *found == Some(system)).count();
        assert!((5_000..5_020).contains(&patients), "{patients}");
        assert!(with(system::NEWBORN) > 5 && with(system::IGSS_NUMBER) > 50, "{patients}");
    }

    #[test]
    fn the_same_seed_gives_the_same_people() {
        assert_eq!(town(), town());
    }
}
