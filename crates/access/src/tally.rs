//! Numbers without anybody in them: what advisers and programme staff see, and all that they see.
//!
//! A number leaves rounded to a multiple of five, and from one to four only as "few": neither a
//! small place nor the difference of two tables names somebody.

use fhir::search::Query;
use store::{AuditAction, Visibility};

use crate::gate::Look;
use crate::{Access, AccessError, Cx, Role, asked};

/// How many, as an adviser gets it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Tally {
    /// None.
    None,
    /// From one to four.
    Few,
    /// So many, to the nearest multiple of five.
    About(u64),
}

impl Tally {
    fn of(count: u64) -> Self {
        match count {
            0 => Self::None,
            1..5 => Self::Few,
            many => Self::About((many + 2) / 5 * 5),
        }
    }
}

impl Access {
    /// How many resources that the caller's institution keeps match, whoever they are about.
    ///
    /// # Errors
    /// `Forbidden` but for advisers; the store's.
    pub async fn tally(&self, cx: &Cx, query: &Query) -> Result<Tally, AccessError> {
        if cx.role != Role::Adviser || cx.institution.is_empty() {
            let error = AccessError::Forbidden { role: cx.role.code(), act: "ask for aggregates".to_owned() };
            return Err(self.refused(cx, error, "Task").await);
        }
        let count = self.store().count(query, &Visibility::Custodian(cx.institution.clone())).await?;
        let look = Look { query: Some(asked::text(query)), ..Look::default() };
        self.look(cx, AuditAction::Search, look).await?;
        Ok(Tally::of(count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_number_tells_of_one_person_more_or_less_in_a_small_group() {
        let told = |count| match Tally::of(count) {
            Tally::None => "none".to_owned(),
            Tally::Few => "few".to_owned(),
            Tally::About(number) => number.to_string(),
        };
        let numbers = [0, 1, 4, 5, 7, 8, 12, 13, 1002];
        assert_eq!(numbers.map(told), ["none", "few", "few", "5", "5", "10", "10", "15", "1000"]);
    }
}
