//! A file between its preview and its confirmation: kept as a private record of whoever sent it,
//! for an hour, and given to nobody else.

use store::{Commit, Kind, Private, PrivateExpect, PrivateWrite};

use crate::gate::Visit;
use crate::problem::Problem;

const KEPT_US: i64 = 3_600_000_000;

/// Keeps a file; gives the key that leads to it.
pub async fn keep(visit: &Visit, kind: &'static str, file: Vec<u8>) -> Result<String, Problem> {
    let store = visit.state.access.store();
    let key = store.entropy().id();
    let expires = Some(store.clock().now().as_microsecond() + KEPT_US);
    let owner = Some(visit.cx()?.actor.label());
    let record =
        PrivateWrite { kind, key: key.clone(), expect: PrivateExpect::Absent, value: Some(file), owner, expires };
    write(visit, record).await?;
    Ok(key)
}

/// The caller's own file of that key.
pub async fn find(visit: &Visit, kind: &'static str, key: &str) -> Result<Private, Problem> {
    let own = visit.cx()?.actor.label();
    let found = visit.state.access.store().private(kind, key).await?;
    found.filter(|record| record.owner.as_deref() == Some(&own)).ok_or(Problem::NotFound)
}

/// Takes the file away, once: whoever comes second is told that it is done.
pub async fn take(visit: &Visit, kind: &'static str, file: &Private) -> Result<(), Problem> {
    let expect = PrivateExpect::Version(file.version);
    let record = PrivateWrite { kind, key: file.key.clone(), expect, value: None, owner: None, expires: None };
    write(visit, record).await
}

async fn write(visit: &Visit, record: PrivateWrite) -> Result<(), Problem> {
    let author = visit.cx()?.actor.label();
    let commit = Commit { author, private: vec![record], ..Commit::default() };
    match visit.state.access.store().commit(commit).await {
        Err(error) if error.kind() == Kind::Conflict => Err(Problem::Twice),
        done => Ok(done.map(|_| ())?),
    }
}
