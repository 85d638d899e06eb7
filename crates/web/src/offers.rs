//! Where the network offers a service to a place: the nearest first, each with an honest distance.

use care::referral::Named;
use network::{Directory, Distance, Offer};

use crate::format::date_time;
use crate::gate::Visit;
use crate::problem::Problem;
use crate::sheet::Choice;
use crate::text::t;

/// More than these are not shown.
const SHOWN: usize = 6;

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
    Ok(visit.state.network().await?.with(|directory: &Directory| {
        let offers = services.iter().flat_map(|service| directory.options(here, service, cx.now));
        let away = offers.filter(|offer| offer.service.facility != here);
        let mut places: Vec<Place> = Vec::new();
        for offer in away {
            if !places.iter().any(|place| place.facility.id == offer.service.facility) {
                let first = places.is_empty();
                places.push(place(&offer, &cx.institution, chosen, first));
            }
        }
        places.truncate(SHOWN);
        places
    }))
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
