//! Services that can be asked for, as data (`data/care/services.toml`).

use std::sync::LazyLock;

/// A service or specialty.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Service {
    /// Code in [`access::system::SPECIALTY`].
    pub code: &'static str,
    /// Name on the screen.
    pub name: &'static str,
}

static SERVICES: LazyLock<Vec<Service>> = LazyLock::new(|| {
    let table = crate::data::rows(include_str!("../../../data/care/services.toml"), "service");
    table
        .iter()
        .map(|row| Service { code: crate::data::text(row, "code"), name: crate::data::text(row, "name") })
        .collect()
});

impl Service {
    /// Every service, in the order of the list.
    pub fn all() -> &'static [Self] {
        &SERVICES
    }

    /// The service of that code.
    pub fn find(code: &str) -> Option<&'static Self> {
        SERVICES.iter().find(|one| one.code == code)
    }
}
