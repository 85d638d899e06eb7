//! Power cuts, killed processes and full disks: what was acknowledged is there, whole; nothing is
//! there by half; the hash chain holds.

mod disk;

use std::collections::{HashMap, HashSet};
use std::io::{BufRead, BufReader, Write};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};

use store::{BlobId, Expect, Key, Location, Options, Store, StoreError, Stored, Visibility};
use testkit::{FixedClock, SeededEntropy};

use crate::kit::{commit, projector, put};

const WRITERS: u64 = 24;
const CUTS: u64 = 20;

async fn open(folder: &Path) -> Result<Store, StoreError> {
    let options = Options {
        clock: Arc::new(FixedClock::at("2026-11-24T14:00:00Z")),
        entropy: Arc::new(SeededEntropy::new(7)),
        projector: projector(),
    };
    Store::open(&Location::Directory(folder.to_owned()), options).await
}

/// A pair of resources that are written together, recognisable by a number; some are long.
fn body(number: u64) -> String {
    let length = if number.is_multiple_of(7) { 9000 } else { 40 };
    let text = format!("{number}-").repeat(length / 4);
    format!(r#"{{"resourceType":"Basic","number":"{number}","text":"{text}"}}"#)
}

fn blob(number: u64) -> Vec<u8> {
    format!("blob {number} ").repeat(300).into_bytes()
}

async fn write(store: &Store, number: u64) -> Result<(), StoreError> {
    let text = body(number);
    let change = |side: &str| put("Basic", &format!("{side}{number}"), Expect::Absent, &text);
    commit(store, vec![change("l"), change("r")]).await.map(|_| ())
}

/// What was acknowledged.
#[derive(Default)]
struct Acknowledged {
    writes: Vec<u64>,
    blobs: Vec<u64>,
}

type Shared<T> = Arc<Mutex<T>>;

/// Everything acknowledged is there, nothing is there by half, and the store finds itself sound.
async fn sound(store: &Store, acknowledged: &Shared<Acknowledged>, next: &AtomicU64, told: &str) {
    let started = next.load(Ordering::SeqCst);
    let keys: Vec<Key> =
        (0..started).flat_map(|number| ["l", "r"].map(|side| Key::new("Basic", format!("{side}{number}")))).collect();
    let found: HashMap<String, Stored> = store
        .read_many(&keys, &Visibility::All)
        .await
        .unwrap()
        .into_iter()
        .map(|stored| (stored.key.id.clone(), stored))
        .collect();
    let (writes, blobs) = {
        let acknowledged = acknowledged.lock().unwrap();
        (acknowledged.writes.iter().copied().collect::<HashSet<_>>(), acknowledged.blobs.clone())
    };
    for number in 0..started {
        let pair = ["l", "r"].map(|side| found.get(&format!("{side}{number}")));
        assert_eq!(pair[0].is_some(), pair[1].is_some(), "{told}: {number} is there by half");
        assert!(pair[0].is_some() || !writes.contains(&number), "{told}: write {number} was acknowledged and is lost");
        for stored in pair.into_iter().flatten() {
            let sent = fhir::json::parse(body(number).as_bytes()).unwrap();
            assert_eq!(stored.value().text_at(&["text"]), sent.text_at(&["text"]), "{told}: {number} is whole");
        }
    }
    for number in blobs {
        let kept = store.blob(&BlobId::of(&blob(number))).await.unwrap();
        let whole = kept.as_deref() == Some(blob(number).as_slice());
        assert!(whole, "{told}: blob {number} was acknowledged and is lost");
    }
    let report = store.check(|_| {}).await.unwrap();
    assert_eq!(report.findings, [], "{told}");
}

/// Many writers at full speed until the store fails.
async fn storm(store: &Store, acknowledged: &Shared<Acknowledged>, next: &Arc<AtomicU64>) {
    let writers = (0..WRITERS).map(|who| {
        let (store, acknowledged, next) = (store.clone(), acknowledged.clone(), next.clone());
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::SeqCst);
                let done = if who.is_multiple_of(6) {
                    store.put_blob(blob(number).into()).await.map(|_| true)
                } else {
                    write(&store, number).await.map(|()| false)
                };
                let mut acknowledged = acknowledged.lock().unwrap();
                match done {
                    Ok(true) => acknowledged.blobs.push(number),
                    Ok(false) => acknowledged.writes.push(number),
                    Err(_) => return,
                }
            }
        })
    });
    for writer in futures_util::future::join_all(writers).await {
        writer.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn nothing_acknowledged_is_lost_when_the_power_goes() {
    let place = tempfile::tempdir().unwrap();
    let folder = |cut: u64| place.path().join(format!("cut{cut}"));
    let acknowledged = Arc::new(Mutex::new(Acknowledged::default()));
    let next = Arc::new(AtomicU64::new(0));
    std::fs::create_dir(folder(0)).unwrap();
    let mut pending = 0;
    for cut in 0..CUTS {
        disk::watch(&folder(cut), &folder(cut + 1), cut);
        // The first cuts come while the store is being made, later ones at any point of its work.
        let fuse = 5 + cut * 137 + cut * cut * 29 % 61;
        if cut < 3 {
            disk::light(fuse);
        }
        match open(&folder(cut)).await {
            Ok(store) => {
                sound(&store, &acknowledged, &next, &format!("before cut {cut}")).await;
                disk::light(fuse);
                storm(&store, &acknowledged, &next).await;
                store.close().await;
            }
            Err(error) => assert!(cut < 3, "before cut {cut}: {error}"),
        }
        pending += disk::cut();
        std::fs::remove_dir_all(folder(cut)).unwrap();
    }
    disk::watch(&folder(CUTS), &place.path().join("after"), CUTS);
    let store = open(&folder(CUTS)).await.unwrap();
    sound(&store, &acknowledged, &next, "after the last cut").await;
    store.close().await;
    let acknowledged = acknowledged.lock().unwrap();
    let counts = (acknowledged.writes.len(), acknowledged.blobs.len(), pending);
    assert!(counts.0 > 200 && counts.1 > 50 && counts.2 > 100, "too little to mean something: {counts:?}");
}

/// A child of the tests below: does nothing unless it is told a folder on its input.
#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "started by killed_processes_lose_nothing"]
async fn child() {
    let mut line = String::new();
    std::io::stdin().read_line(&mut line).unwrap();
    let Some((folder, first)) = line.trim().rsplit_once(' ') else { return };
    let next = Arc::new(AtomicU64::new(first.parse().unwrap()));
    let store = open(Path::new(folder)).await.unwrap();
    let writers = (0..WRITERS).map(|_| {
        let (store, next) = (store.clone(), next.clone());
        tokio::spawn(async move {
            loop {
                let number = next.fetch_add(1, Ordering::SeqCst);
                write(&store, number).await.unwrap();
                writeln!(std::io::stdout(), "acknowledged {number}").unwrap();
            }
        })
    });
    futures_util::future::join_all(writers).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn killed_processes_lose_nothing() {
    let place = tempfile::tempdir().unwrap();
    let acknowledged = Arc::new(Mutex::new(Acknowledged::default()));
    let next = Arc::new(AtomicU64::new(0));
    for round in 0..10 {
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["power::child", "--exact", "--ignored", "--nocapture"])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let first = next.load(Ordering::SeqCst);
        writeln!(child.stdin.take().unwrap(), "{} {first}", place.path().join("store").display()).unwrap();
        let mut told = BufReader::new(child.stdout.take().unwrap()).lines().map_while(Result::ok);
        let mut hear = |line: String| {
            let number = line.strip_prefix("acknowledged ").and_then(|number| number.parse::<u64>().ok());
            acknowledged.lock().unwrap().writes.extend(number);
            next.fetch_max(number.map_or(0, |number| number + 1), Ordering::SeqCst);
        };
        told.by_ref().take(20 + round * 17).for_each(&mut hear);
        child.kill().unwrap();
        child.wait().unwrap();
        // What was acknowledged and is still in the pipe counts, and what was under way may be there.
        told.for_each(&mut hear);
        next.fetch_add(2 * WRITERS, Ordering::SeqCst);
        let store = open(&place.path().join("store")).await.unwrap();
        sound(&store, &acknowledged, &next, &format!("round {round}")).await;
        store.close().await;
    }
}

/// A small file system in memory; gone when dropped.
struct Small(PathBuf);

impl Small {
    fn mount(folder: PathBuf) -> Option<Self> {
        std::fs::create_dir(&folder).ok()?;
        let mounted = Command::new("mount")
            .args(["-t", "tmpfs", "-o", "size=6m", "tejido-test"])
            .arg(&folder)
            .stderr(Stdio::null())
            .status();
        mounted.is_ok_and(|status| status.success()).then_some(Self(folder))
    }
}

impl Drop for Small {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("--lazy").arg(&self.0).status();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_full_disk_refuses_and_loses_nothing() {
    let place = tempfile::tempdir().unwrap();
    let Some(small) = Small::mount(place.path().join("small")) else {
        writeln!(std::io::stderr(), "skipped: no right to mount a tmpfs").unwrap();
        return;
    };
    let ballast = small.0.join("ballast");
    std::fs::write(&ballast, vec![1; 2 << 20]).unwrap();
    let acknowledged = Arc::new(Mutex::new(Acknowledged::default()));
    let next = Arc::new(AtomicU64::new(0));
    let store = open(&small.0.join("store")).await.unwrap();
    storm(&store, &acknowledged, &next).await;
    // What was too much for many at once may still do for one.
    let refused = loop {
        let number = next.fetch_add(1, Ordering::SeqCst);
        match write(&store, number).await {
            Ok(()) => acknowledged.lock().unwrap().writes.push(number),
            Err(refused) => break refused,
        }
    };
    assert!(refused.to_string().contains("full"), "{refused}");
    sound(&store, &acknowledged, &next, "while full").await;
    std::fs::remove_file(&ballast).unwrap();
    let number = next.fetch_add(1, Ordering::SeqCst);
    write(&store, number).await.unwrap();
    acknowledged.lock().unwrap().writes.push(number);
    sound(&store, &acknowledged, &next, "with room again").await;
    store.close().await;
    let store = open(&small.0.join("store")).await.unwrap();
    sound(&store, &acknowledged, &next, "opened again").await;
    store.close().await;
    assert!(acknowledged.lock().unwrap().writes.len() > 20);
}
