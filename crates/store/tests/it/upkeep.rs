//! Check, rebuild, backup, restore.

use std::path::Path;

use bytes::Bytes;
use fhir::search::Query;
use store::{AuditAction, AuditQuery, AuditRecord, Clock, Commit, Entropy, Expect, HistoryQuery, HistoryScope};
use store::{Location, NewJob, PrivateExpect, PrivateWrite, Report, Store, StoreError, Stored, Visibility};
use testkit::{Place, SeededEntropy};

use crate::kit::{commit, delete, projector, put, write};

/// Some of everything, by chance but the same for a seed.
pub async fn fill(store: &Store, place: &Place, seed: u64, commits: usize) {
    let entropy = SeededEntropy::new(seed);
    let draw = move |below: u8| {
        let mut byte = [0];
        entropy.fill(&mut byte);
        byte[0] % below
    };
    for at in 0..commits {
        let mut changes = Vec::new();
        for _ in 0..=draw(3) {
            let (kind, id) =
                ([("Patient", "name"), ("Observation", "code"), ("Task", "x")][usize::from(draw(3))], draw(12));
            let id = format!("r{id}");
            if draw(4) == 0 {
                changes.push(delete(kind.0, &id, Expect::Any));
                continue;
            }
            let (patient, labels, grantee) = (draw(5), draw(4), draw(3));
            let body = format!(
                r#"{{"resourceType":"{}","patient":"p{patient}","labels":{labels},"custodian":"MSPAS",
                "reason":"g{grantee}","share":"Task/r{patient}@g{grantee}","birthDate":"19{:02}-0{}-1{}",
                "{}":[{{"family":"Caal Ñ{at}","given":["José","Ana"],"coding":[{{"system":"urn:s","code":"c{labels}"}}]}}],
                "identifier":[{{"system":"urn:cui","value":"{at}"}}],"subject":{{"reference":"Patient/r{patient}"}}}}"#,
                kind.0,
                draw(90),
                draw(9) + 1,
                draw(9),
                kind.1,
            );
            changes.push(put(kind.0, &id, Expect::Any, &body));
        }
        // A deletion of what is not there refuses the whole commit; that too is part of the game.
        let _ = commit(store, changes).await;
    }
    let private = ["a", "b"].map(|key| PrivateWrite {
        kind: "session",
        key: key.into(),
        expect: PrivateExpect::Any,
        value: Some(vec![0, 255]),
        owner: Some("ana".into()),
        expires: None,
    });
    let job = NewJob { kind: "remind", key: "k".into(), payload: fhir::json!({ "n": 1 }), run_at: place.clock.now() };
    store.commit(Commit { private: private.into(), jobs: vec![job], ..Commit::default() }).await.unwrap();
    store.put_blob(Bytes::from(vec![7; 100_000])).await.unwrap();
    for patients in [vec![], vec!["p1".to_owned(), "p2".to_owned()]] {
        store.audit_durable(looked(patients, place)).await.unwrap();
    }
}

fn looked(patients: Vec<String>, place: &Place) -> AuditRecord {
    AuditRecord {
        time: place.clock.now(),
        actor: "Practitioner/ana".into(),
        facility: None,
        action: AuditAction::Search,
        patients,
        target: None,
        query: Some("name=jose".into()),
        reason: None,
        request: "r".into(),
        address: Some("127.0.0.1".into()),
    }
}

async fn check(store: &Store) -> Report {
    store.check(|_| ()).await.unwrap()
}

/// Everything that can be read, as text.
async fn told(store: &Store) -> String {
    let log: Vec<Stored> = store.changes(0, 100_000).await.unwrap();
    let mut current = Vec::new();
    for entry in &log {
        current.push(store.read(&entry.key, &Visibility::All).await.unwrap());
    }
    let query = HistoryQuery { scope: HistoryScope::System, since: None, at: None, count: Some(1000), cursor: None };
    let history = store.history(&query, &Visibility::Custodian("MSPAS".into())).await.unwrap();
    let private = store.private_all("session", None, 100).await.unwrap();
    let audit = store.audit_search(&AuditQuery::default()).await.unwrap();
    format!("{log:?}\n{current:?}\n{history:?}\n{private:?}\n{audit:?}\n{:?}", store.head().await.unwrap())
}

pub async fn a_sound_store_has_no_findings(place: Place) {
    let store = place.open().await.unwrap();
    assert_eq!(check(&store).await, Report::default());
    fill(&store, &place, 1, 60).await;
    let report = check(&store).await;
    assert_eq!(report.findings, []);
    assert_eq!(report.log_entries, store.head().await.unwrap().seq);
    assert!(report.resources > 10 && report.blobs == 1 && report.audit_entries == 2);
}

pub async fn rebuilding_while_writing_leaves_a_sound_store(place: Place) {
    let store = place.open().await.unwrap();
    fill(&store, &place, 2, 60).await;
    let before = told(&store).await;
    let rebuilt = store.rebuild(|_| ()).await.unwrap();
    assert_eq!(rebuilt.resources, check(&store).await.resources);
    assert_eq!(told(&store).await, before);
    let writing = {
        let store = store.clone();
        tokio::spawn(async move {
            for at in 0..40 {
                write(&store, &format!("w{}", at % 7), at).await.unwrap();
            }
        })
    };
    for _ in 0..3 {
        store.rebuild(|_| ()).await.unwrap();
    }
    writing.await.unwrap();
    assert_eq!(check(&store).await.findings, []);
}

pub async fn a_backup_restores_to_either_back_end(place: Place) {
    let store = place.open().await.unwrap();
    fill(&store, &place, 3, 40).await;
    let file = place.folder().join("copy.backup");
    let writing = {
        let store = store.clone();
        tokio::spawn(async move {
            for at in 0..30 {
                write(&store, "during", at).await.unwrap();
            }
        })
    };
    let before = told(&store).await;
    writing.await.unwrap();
    store.backup(&file).await.unwrap();
    assert_ne!(told(&store).await, before);
    let before = told(&store).await;
    assert!(matches!(store.backup(&file).await, Err(StoreError::File { .. })), "it overwrites nothing");

    for other in [Place::sqlite(projector()), Place::postgres(projector())] {
        Store::restore(&file, &other.location, false).await.unwrap();
        let copy = other.open().await.unwrap();
        assert_eq!(told(&copy).await, before);
        assert_eq!(check(&copy).await.findings, []);
        assert_eq!(copy.claim_jobs(9, 1).await.unwrap().len(), 1);
        write(&copy, "after", 1).await.unwrap();
        copy.audit(looked(vec!["p9".into()], &place)).await.unwrap();
        assert_eq!(check(&copy).await.findings, []);
        let beside = Store::restore(&file, &other.location, true).await.unwrap_err();
        assert_eq!(beside, StoreError::InUse, "somebody works with it");
        write(&copy, "after", 2).await.unwrap();
        copy.close().await;
        assert_eq!(Store::restore(&file, &other.location, false).await.unwrap_err(), StoreError::NotEmpty);
        Store::restore(&file, &other.location, true).await.unwrap();
        assert_eq!(told(&other.open().await.unwrap()).await, before);
    }
}

pub async fn a_damaged_backup_is_refused_before_anything_is_touched(place: Place) {
    let store = place.open().await.unwrap();
    fill(&store, &place, 4, 10).await;
    let before = told(&store).await;
    let file = place.folder().join("copy.backup");
    store.backup(&file).await.unwrap();
    store.close().await;
    let whole = std::fs::read(&file).unwrap();
    let mut flipped = whole.clone();
    let middle = flipped.len() / 2;
    flipped[middle] ^= 1;
    for bad in [&whole[..whole.len() - 20], &whole[..40], &flipped, b"other", b"", b"tejido-backup 1\nrubbish"] {
        std::fs::write(&file, bad).unwrap();
        let refused = Store::restore(&file, &place.location, true).await;
        assert!(matches!(refused, Err(StoreError::Backup(_))), "{refused:?}");
    }
    std::fs::write(&file, b"tejido-backup 2\n").unwrap();
    let newer = Store::restore(&file, &place.location, true).await.unwrap_err();
    assert_eq!(newer, StoreError::NewerFormat { found: 2, known: 1 });
    assert_eq!(told(&place.open().await.unwrap()).await, before);
}

fn folder(place: &Place) -> &Path {
    match &place.location {
        Location::Directory(folder) => folder,
        Location::Postgres { .. } => panic!("a test of SQLite's files"),
    }
}

fn sql(file: &Path, text: &str) {
    rusqlite::Connection::open(file).unwrap().execute_batch(text).unwrap();
}

fn rows_of_views(place: &Place) -> Vec<String> {
    let conn = rusqlite::Connection::open(folder(place).join("tejido.db")).unwrap();
    let mut tables = conn
        .prepare("SELECT name FROM sqlite_master WHERE type = 'table' AND (name = 'resource' OR name LIKE 'ix_%' OR name LIKE 'fact_%')")
        .unwrap();
    let tables: Vec<String> = tables.query_map([], |row| row.get(0)).unwrap().map(Result::unwrap).collect();
    let mut dump = Vec::new();
    for table in tables {
        let mut query = conn.prepare(&format!("SELECT * FROM {table}")).unwrap();
        let width = query.column_count();
        let mut rows = query.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            let row: Vec<rusqlite::types::Value> = (0..width).map(|at| row.get(at).unwrap()).collect();
            dump.push(format!("{table} {row:?}"));
        }
    }
    dump.sort();
    dump
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn rebuilt_equals_live() {
    for seed in 10..14 {
        let place = Place::sqlite(projector());
        let store = place.open().await.unwrap();
        fill(&store, &place, seed, 50).await;
        let live = rows_of_views(&place);
        assert!(live.iter().any(|row| row.starts_with("fact_share")));
        let file = folder(&place).join("tejido.db");
        sql(&file, "DELETE FROM resource; DELETE FROM fact_reason; DELETE FROM fact_share; DELETE FROM ix_token;");
        sql(&file, "INSERT INTO ix_uri VALUES (1, 'stray', 999); DELETE FROM ix_string;");
        assert_ne!(rows_of_views(&place), live);
        store.rebuild(|_| ()).await.unwrap();
        assert_eq!(rows_of_views(&place), live);
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_finds_what_was_tampered_with() {
    for (damage, place_of_finding) in [
        ("UPDATE log SET author = 'another' WHERE seq = 3", "log 3"),
        ("UPDATE log SET body = CAST(replace(body, 'Caal', 'Choc') AS BLOB) WHERE seq = 1", "log 1"),
        ("UPDATE log SET time_us = time_us - 1 WHERE seq = 5", "log 5"),
        ("DELETE FROM log WHERE seq = (SELECT max(seq) FROM log)", "log"),
        ("DELETE FROM log WHERE seq = 4", "log 5"),
        ("UPDATE resource SET version = version + 1 WHERE rid = 1", "/r"),
        ("DELETE FROM resource WHERE rid = 1", "resource"),
        ("UPDATE resource SET labels = 8 WHERE rid = (SELECT max(rid) FROM resource WHERE deleted = 0)", "/r"),
        ("DELETE FROM fact_reason WHERE rid = (SELECT max(rid) FROM fact_reason)", "/r"),
        ("INSERT INTO ix_uri VALUES (1, 'stray', 999)", "ix_uri"),
        ("UPDATE blob SET size = 1", "blob"),
        ("audit: UPDATE audit SET actor = 'nobody' WHERE seq = 1", "audit 1"),
        ("audit: DELETE FROM audit_patient WHERE patient = 'p2'", "audit 2"),
        ("audit: DELETE FROM audit WHERE seq = 2", "audit 2"),
    ] {
        let place = Place::sqlite(projector());
        let store = place.open().await.unwrap();
        fill(&store, &place, 5, 12).await;
        match damage.strip_prefix("audit: ") {
            Some(damage) => sql(&folder(&place).join("audit.db"), damage),
            None => sql(&folder(&place).join("tejido.db"), damage),
        }
        let found = check(&store).await.findings;
        assert!(found.iter().any(|finding| finding.place.contains(place_of_finding)), "{damage}: {found:?}");
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_chain_that_can_not_be_written_stops_reads() {
    let (store, place) = testkit::store(projector()).await;
    let file = folder(&place).join("audit.db");
    sql(&file, "ALTER TABLE audit RENAME TO away");
    for durable in [false, true] {
        let record = looked(vec![], &place);
        let written = if durable { store.audit_durable(record).await } else { store.audit(record).await };
        assert!(matches!(written, Err(StoreError::AuditUnavailable(_))));
    }
    sql(&file, "ALTER TABLE away RENAME TO audit");
    store.audit_durable(looked(vec![], &place)).await.unwrap();
    assert_eq!(check(&store).await.findings, []);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn check_finds_a_changed_blob() {
    let (store, place) = testkit::store(projector()).await;
    let id = store.put_blob(Bytes::from_static(b"an image")).await.unwrap();
    let file = folder(&place).join("blobs").join(&id.as_str()[..2]).join(id.as_str());
    std::fs::write(&file, b"another!").unwrap();
    assert_eq!(check(&store).await.findings[0].place, format!("blob {id}"));
    std::fs::remove_file(&file).unwrap();
    assert_eq!(check(&store).await.findings.len(), 1);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn files_are_for_their_owner_only() {
    use std::os::unix::fs::PermissionsExt;
    let (store, place) = testkit::store(projector()).await;
    fill(&store, &place, 6, 3).await;
    store.backup(&folder(&place).join("copy.backup")).await.unwrap();
    let mut todo = vec![folder(&place).to_owned()];
    let mut files = 0;
    while let Some(path) = todo.pop() {
        let mode = path.metadata().unwrap().permissions().mode() & 0o777;
        assert_eq!(mode, if path.is_dir() { 0o700 } else { 0o600 }, "{}", path.display());
        files += 1;
        if path.is_dir() {
            todo.extend(path.read_dir().unwrap().map(|entry| entry.unwrap().path()));
        }
    }
    assert!(files > 5);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_newer_format_is_refused() {
    let (store, place) = testkit::store(projector()).await;
    store.close().await;
    sql(&folder(&place).join("tejido.db"), "UPDATE meta SET value = '2' WHERE key = 'format'");
    let refused = place.open().await.err();
    assert_eq!(refused, Some(StoreError::NewerFormat { found: 2, known: Store::format_version() }));
}

/// A store that the real code of format 1 wrote, compressed. `cargo nextest run -p store
/// --run-ignored only` makes it; do that once for each new format, never for an old one.
const FORMAT_1: [&str; 2] = ["tejido.db", "audit.db"];

fn fixture(file: &str) -> std::path::PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/fixtures/format-1/{file}.gz"))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "makes the fixture of a format"]
async fn make_the_fixture() {
    let (store, place) = testkit::store(projector()).await;
    fill(&store, &place, 1, 12).await;
    store.close().await;
    for file in FORMAT_1 {
        let out = std::fs::File::create(fixture(file)).unwrap();
        let mut out = flate2::write::GzEncoder::new(out, flate2::Compression::best());
        std::io::copy(&mut std::fs::File::open(folder(&place).join(file)).unwrap(), &mut out).unwrap();
        out.finish().unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_store_of_format_1_opens_is_checked_and_rebuilt() {
    let place = Place::sqlite(projector());
    std::fs::create_dir(folder(&place)).unwrap();
    for file in FORMAT_1 {
        let mut input = flate2::read::GzDecoder::new(std::fs::File::open(fixture(file)).unwrap());
        std::io::copy(&mut input, &mut std::fs::File::create(folder(&place).join(file)).unwrap()).unwrap();
    }
    let store = place.open().await.unwrap();
    store.rebuild(|_| ()).await.unwrap();
    let report = check(&store).await;
    let only_blob = report.findings.iter().all(|finding| finding.place.starts_with("blob "));
    assert!(only_blob && report.findings.len() == 1, "the fixture carries no blob: {:?}", report.findings);
    assert_eq!((report.log_entries, report.audit_entries), (store.head().await.unwrap().seq, 2));
    assert!(report.log_entries > 5 && store.private("session", "a").await.unwrap().is_some());
    write(&store, "new", 1).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn another_projector_makes_the_facts_anew() {
    let mut place = Place::sqlite(std::sync::Arc::new(testkit::NoFacts));
    let store = place.open().await.unwrap();
    commit(&store, vec![put("Patient", "rosa", Expect::Any, r#"{"custodian":"IGSS"}"#)]).await.unwrap();
    store.close().await;
    let igss = Visibility::Custodian("IGSS".into());
    place.projector = std::sync::Arc::new(Newer);
    let store = place.open().await.unwrap();
    assert!(store.read(&store::Key::new("Patient", "rosa"), &igss).await.unwrap().is_some());
    assert_eq!(check(&store).await.findings, []);
}

// One thread: what goes on behind waits until the test waits.
#[tokio::test]
async fn an_older_index_is_made_anew_while_the_store_serves() {
    let place = Place::sqlite(projector());
    let store = place.open().await.unwrap();
    let sent = r#"{"resourceType":"Patient","name":[{"family":"Caal"}]}"#;
    commit(&store, vec![put("Patient", "rosa", Expect::Any, sent)]).await.unwrap();
    store.close().await;
    let file = folder(&place).join("tejido.db");
    sql(&file, "UPDATE meta SET value = '0' WHERE key = 'index'; DELETE FROM ix_string;");

    let store = Store::open_serving(&place.location, place.options()).await.unwrap();
    let query = |text: &str| Query::parse(&["Patient"], &[("family".to_owned(), text.to_owned())]).unwrap();
    let behind = StoreError::Reindexing { done: 0, total: 0 };
    assert_eq!(store.search(&query("caal"), &Visibility::All).await.unwrap_err(), behind);
    assert_eq!(store.count(&query("caal"), &Visibility::All).await.unwrap_err(), behind);
    let unmatched = Expect::Unmatched(Box::new(query("caal")), Visibility::All);
    assert_eq!(commit(&store, vec![put("Patient", "twice", unmatched, sent)]).await.unwrap_err(), behind);
    let rosa = store.read(&store::Key::new("Patient", "rosa"), &Visibility::All).await.unwrap();
    assert_eq!(rosa.map(|rosa| rosa.version), Some(1), "what is read needs no index");
    write(&store, "meanwhile", 1).await.unwrap();
    while store.reindexing().is_some() {
        tokio::task::yield_now().await;
    }
    assert_eq!(store.search(&query("caal"), &Visibility::All).await.unwrap().matches.len(), 1);
    assert_eq!(check(&store).await.findings, []);
    store.close().await;
    let store = Store::open_serving(&place.location, place.options()).await.unwrap();
    assert_eq!(store.reindexing(), None, "once is enough");
}

struct Newer;

impl store::Projector for Newer {
    fn project(&self, resource: &fhir::Value) -> store::Facts {
        crate::kit::Told.project(resource)
    }

    fn version(&self) -> u32 {
        2
    }
}
