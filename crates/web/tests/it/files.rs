//! Files that are not what they say, through the pages that take files: each is refused early, beside
//! its field, and takes no more memory than a table.

use access::Role;
use axum::http::StatusCode;
use network::{Format, write_sheet};

use crate::house::well_made;
use crate::oversight::with_code;

/// The most memory that this process has taken, bytes; none where the system does not tell.
fn peak() -> Option<usize> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let line = status.lines().find(|line| line.starts_with("VmHWM:"))?;
    Some(line.split_whitespace().nth(1)?.parse::<usize>().ok()? << 10)
}

/// A workbook in which every cell of so many says the same or something of its own.
fn book(rows: usize, columns: usize, own: bool) -> Vec<u8> {
    let long = "a".repeat(30_000);
    let cell = |row: usize, column: usize| if own { format!("{row}-{column}{long}") } else { long.clone() };
    let rows = (0..rows).map(|row| (0..columns).map(|column| cell(row, column)).collect());
    write_sheet(rows, Format::Xlsx).expect("a workbook")
}

#[tokio::test]
async fn a_file_that_is_a_bomb_is_refused_early_and_takes_no_memory() {
    let site = crate::network::with_network().await;
    let mut office = with_code(&site, "eva", Role::Administrator).await;
    let unpacks = book(2500, 1, true);
    let shares = book(5000, 20, false);
    assert!(unpacks.len() < 1 << 20 && shares.len() < 1 << 20, "on the wire they are small");
    let mut lies = book(1, 1, false);
    let end = lies.len() - 6;
    lies[end..].fill(0xff);
    let files: [(&str, Vec<u8>); 9] = [
        ("unpacks to more than it may", unpacks),
        ("one text in every cell", shares),
        ("its list of entries lies", lies),
        ("no ZIP", b"PK\x03\x04 no es un libro".to_vec()),
        ("the beginning of a ZIP", book(1, 1, false)[..200].to_vec()),
        ("a million rows", b"a,b,c\n".repeat(1_000_000)),
        ("a million columns", [vec![b','; 1_000_000], b"\n".to_vec()].concat()),
        ("a quote without end", [b"codigo,nombre\n\"".to_vec(), vec![b'a'; 4 << 20]].concat()),
        ("no text", [b"codigo\n".to_vec(), vec![0xff; 1 << 20]].concat()),
    ];
    let start = site.world.store().head().await.unwrap().seq;
    let before = peak();
    for path in ["/red/importar", "/cuentas/importar"] {
        for (what, file) in &files {
            let page = office.get(path).await;
            let told = office.upload(&page, path, ("tabla.xlsx", file)).await;
            assert_eq!(told.status, StatusCode::UNPROCESSABLE_ENTITY, "{path}, {what}: {}", told.location());
            well_made(path, &told);
            assert!(told.body.contains("id=\"archivo-error\""), "{path}, {what}: {}", told.body);
        }
    }
    let log = site.world.store().changes(start, 1000).await.unwrap();
    assert!(log.iter().all(|one| one.key.resource_type == "AuditEvent"), "nothing is written");
    if let (Some(before), Some(after)) = (before, peak()) {
        assert!(after - before < 200 << 20, "{} MB", (after - before) >> 20);
    }
}
