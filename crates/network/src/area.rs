//! The parts of the network by which a territory is given to somebody: departments and
//! municipalities by where facilities stand, the institution and its units (DDRISS, districts) by
//! who manages them.

use std::collections::{BTreeMap, BTreeSet};

use crate::{Directory, Level};

/// What an area is, from the widest.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum AreaKind {
    /// A department.
    Department,
    /// The institution, a DDRISS, a district: whatever manages facilities and is none.
    Unit,
    /// A municipality.
    Municipality,
}

/// A part of the network with the facilities that an institution has in it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Area {
    /// What it is.
    pub kind: AreaKind,
    /// Name.
    pub name: String,
    /// Name of the department around a municipality, if it is known; else empty.
    pub within: String,
    /// Id of its Location (`gt-16`, `gt-1601`), or of its Organization (`ddriss-220`).
    pub id: String,
    /// Ids of the facilities.
    pub facilities: BTreeSet<String>,
}

impl Directory {
    /// The areas in which an institution has a facility, by kind and name.
    pub fn areas(&self, institution: &str) -> Vec<Area> {
        let mut found: BTreeMap<(AreaKind, String), Area> = BTreeMap::new();
        for facility in self.facilities().filter(|one| one.institution == institution) {
            let own = facility.id();
            let around = self.around(&facility.place);
            let department = around.iter().filter_map(|id| self.place(id)).find(|one| one.level == Level::Department);
            let within = department.map_or("", |one| one.name.as_str());
            let places = around.iter().filter_map(|id| {
                let place = self.place(id)?;
                match place.level {
                    Level::Department => Some((AreaKind::Department, *id, place.name.as_str(), "")),
                    Level::Municipality => Some((AreaKind::Municipality, *id, place.name.as_str(), within)),
                    _ => None,
                }
            });
            let units = self.managers(&own).into_iter().filter(|id| self.facility(id).is_none());
            let units = units.map(|id| (AreaKind::Unit, id, self.organization_name(id), ""));
            let units = units.filter(|(_, _, name, _)| !name.is_empty());
            for (kind, id, name, within) in places.chain(units) {
                let new = || Area {
                    kind,
                    name: name.to_owned(),
                    within: within.to_owned(),
                    id: id.to_owned(),
                    facilities: BTreeSet::new(),
                };
                found.entry((kind, id.to_owned())).or_insert_with(new).facilities.insert(own.clone());
            }
        }
        let mut areas: Vec<Area> = found.into_values().collect();
        areas.sort_by(|a, b| (a.kind, &a.name, &a.within, &a.id).cmp(&(b.kind, &b.name, &b.within, &b.id)));
        areas
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::territory;

    #[test]
    fn an_institution_finds_its_facilities_by_place_and_by_who_manages_them() {
        let mut directory = Directory::default();
        let facilities = territory().known_facilities();
        for resource in
            territory().resources().iter().chain(&facilities.iter().flat_map(|one| one.resources()).collect::<Vec<_>>())
        {
            let (kind, id) = (resource.resource_type().unwrap(), resource.id().unwrap());
            directory.put(kind, id, Some(resource));
        }
        let areas = directory.areas("MSPAS");
        let size = |id: &str| areas.iter().find(|one| one.id == id).map_or(0, |one| one.facilities.len());
        let here = |area: &str| {
            facilities.iter().filter(|one| one.institution == "MSPAS" && one.place.starts_with(area)).count()
        };
        assert_eq!((size("mspas"), size("gt-16"), size("gt-1601")), (44, here("gt-16"), here("gt-1601")));
        let verapaz = areas.iter().find(|one| one.name == "DDRISS Alta Verapaz").unwrap();
        assert_eq!((verapaz.kind, verapaz.facilities.len()), (AreaKind::Unit, here("gt-16")));
        let coban = areas.iter().find(|one| one.id == "gt-1601").unwrap();
        assert_eq!((coban.name.as_str(), coban.within.as_str()), ("Cobán", "Alta Verapaz"));
        assert!(areas.iter().all(|one| !one.facilities.is_empty() && !one.name.is_empty()));
        let other = directory.areas("IGSS");
        assert!(
            other
                .iter()
                .all(|one| one.facilities.is_disjoint(&areas.iter().find(|all| all.id == "mspas").unwrap().facilities))
        );
    }
}
