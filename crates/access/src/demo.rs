//! What the parts of a demonstration say to one another.

/// Where a synthetic household may live, and what is likely there: `network` makes them up,
/// `identity` fills them.
#[derive(Clone, Debug)]
pub struct Home {
    /// Id of the community's Location.
    pub community: String,
    /// INE code of the municipality.
    pub municipality: String,
    /// Its name.
    pub municipality_name: String,
    /// Name of the department.
    pub department_name: String,
    /// Id of the post (MSPAS) that answers for the community.
    pub post: String,
    /// Id of the CareTeam of the post that answers for the community's territory.
    pub team: String,
    /// Id of an IGSS unit of the municipality, where some households are affiliated.
    pub igss: Option<String>,
    /// Persons by pueblo in the municipality: maya, garífuna, xinka, afro, ladino, extranjero (the
    /// order of `data/gt/pueblos.csv`).
    pub by_pueblo: [u32; 6],
    /// BCP 47 code of the Mayan language spoken most.
    pub language: String,
}
