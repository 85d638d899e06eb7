//! Services that can be asked for, as data (`data/gt/services.csv`, shared with the network).

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
    let lines = include_str!("../../../data/gt/services.csv").lines().skip(1);
    let service = |line: &'static str| {
        let mut cells = line.split(',');
        Some(Service { code: cells.next()?, name: cells.next()? })
    };
    lines.filter_map(service).collect()
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
