//! Where the network offers a service to a place: the nearest first, each with an honest distance.

use care::referral::Named;
use network::{Directory, Distance, Facility, Offer};

use crate::format::date_time;
use crate::gate::Visit;
use crate::problem::Problem;
use crate::sheet::Choice;
use crate::text::t;

/// A place that can be chosen.
pub struct Place {
    /// The facility.
    pub facility: Named,
    /// Code of the first of the services that it offers.
    pub service: String,
    /// As a card.
    pub card: Choice,
}

/// The places that offer one of these services to the caller's facility.
pub async fn places(visit: &Visit, services: &[&str], chosen: &str) -> Result<Vec<Place>, Problem> {
    match &visit.cx()?.facility {
        Some(here) => places_for(visit, &here.id, services, chosen).await,
        None => Ok(Vec::new()),
    }
}

/// The places that offer one of these services to a facility.
pub async fn places_for(visit: &Visit, here: &str, services: &[&str], chosen: &str) -> Result<Vec<Place>, Problem> {
    let cx = visit.cx()?;
    let sharing = visit.state.access.sharing().await?;
    Ok(visit.state.network().await?.with(|directory: &Directory| {
        let keeper = keeper(directory, here, &cx.institution);
        let offers = services.iter().flat_map(|service| directory.options(here, service, cx.now));
        let away = offers.filter(|offer| offer.service.facility != here);
        // Where nobody would see the referral it is not sent.
        let away = away.filter(|offer| sharing.reaches(keeper, &offer.facility.institution, cx.now));
        let mut places: Vec<Place> = Vec::new();
        for offer in away {
            if !places.iter().any(|place| place.facility.id == offer.service.facility) {
                let first = places.is_empty();
                places.push(place(&offer, &cx.institution, chosen, first));
            }
        }
        places
    }))
}

/// The institution of who refers, which keeps the referral.
fn keeper<'a>(directory: &'a Directory, here: &str, own: &'a str) -> &'a str {
    directory.facility(here).map_or(own, |facility| facility.institution.as_str())
}

/// The service that an urgent transfer asks for.
pub const EMERGENCY: &str = "emergencia";
/// The services that take one.
const URGENT: [&str; 2] = [EMERGENCY, "maternidad"];

/// Where somebody in danger can go, each with its telephone, and whether the network offers an
/// emergency to the place where they are; where it has none on record, every hospital that works, the nearest first.
pub async fn urgent_places(visit: &Visit, here: &str, chosen: &str) -> Result<(Vec<Place>, bool), Problem> {
    let mut offered = places_for(visit, here, &URGENT, chosen).await?;
    let known = !offered.is_empty();
    let network = visit.state.network().await?;
    let (sharing, cx) = (visit.state.access.sharing().await?, visit.cx()?);
    network.with(|directory: &Directory| {
        let keeper = keeper(directory, here, &cx.institution);
        let here = directory.facility(here);
        for place in &mut offered {
            let facility = directory.facility(&place.facility.id);
            place.card.facts.truncate(1);
            place.card.facts.extend(facility.map(telephone));
        }
        if known {
            return;
        }
        let reached = |one: &Facility| sharing.reaches(keeper, &one.institution, cx.now);
        let away = |one: &&Facility| {
            one.active && one.level() == 3 && here.is_none_or(|here| here.id() != one.id()) && reached(one)
        };
        let distance = |one: &Facility| here.map_or(Distance::Unknown, |here| directory.distance(here, one));
        let mut hospitals: Vec<(&Facility, Distance)> =
            directory.facilities().filter(away).map(|one| (one, distance(one))).collect();
        let km = |distance: &Distance| match distance {
            Distance::Unknown => f64::INFINITY,
            Distance::Straight { km, .. } => *km,
        };
        hospitals.sort_by(|a, b| km(&a.1).total_cmp(&km(&b.1)).then_with(|| a.0.name.cmp(&b.0.name)));
        offered.extend(hospitals.into_iter().map(|(one, distance)| hospital(one, distance, chosen)));
    });
    Ok((offered, known))
}

fn hospital(one: &Facility, distance: Distance, chosen: &str) -> Place {
    let id = one.id();
    let card = Choice {
        on: id == chosen,
        value: id.clone(),
        name: one.name.clone(),
        tag: String::new(),
        about: [one.type_name(), one.institution.as_str()].join(" · "),
        facts: vec![(t("lugar-distancia").into(), distance.text()), telephone(one)],
    };
    Place { facility: Named { id, name: one.name.clone() }, service: EMERGENCY.to_owned(), card }
}

fn telephone(one: &Facility) -> (String, String) {
    let number = if one.phone.is_empty() { t("lugar-sin-telefono").into() } else { one.phone.clone() };
    (t("lugar-telefono").into(), number)
}

fn place(offer: &Offer<'_>, institution: &str, chosen: &str, first: bool) -> Place {
    let id = offer.service.facility.clone();
    let free = offer.next_free.map_or_else(|| t("lugar-sin-agenda").to_string(), date_time);
    let other = offer.facility.institution != institution;
    let about = if other {
        t("lugar-otra-institucion").with("cual", &offer.facility.institution).into()
    } else {
        String::new()
    };
    let first_near = first && !matches!(offer.distance, Distance::Unknown) && !other;
    let card = Choice {
        on: id == chosen,
        value: id.clone(),
        name: offer.facility.name.clone(),
        tag: if first_near { t("lugar-primero").into() } else { String::new() },
        about: [offer.service.specialty_name().to_owned(), about]
            .into_iter()
            .filter(|part| !part.is_empty())
            .collect::<Vec<_>>()
            .join(" · "),
        facts: vec![(t("lugar-distancia").into(), offer.distance.text()), (t("lugar-libre").into(), free)],
    };
    let service = offer.service.specialty.clone();
    Place { facility: Named { id, name: offer.facility.name.clone() }, service, card }
}
