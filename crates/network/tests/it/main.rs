//! Stories of the network's office: facilities come in by table, all or none; the directory follows.

use jiff::civil::{Weekday, date, time};
use network::opening::{MOST, Opening, open, spots};
use network::{Directory, Format, Hours, NetworkError, Outlines, Service, export, import};
use store::Live;
use testkit::{HOSPITAL, World};

const TABLE: &str = "codigo,nombre,tipo,institucion,municipio,direccion,telefono,latitud,longitud,activo\n\
    MSPAS-1601-P8,Puesto Sesajal,puesto-salud,MSPAS,1601,,,,,sí\n\
    MSPAS-1601-P9,Puesto Chitem,puesto-salud,MSPAS,1601,,5555-0101,15.5,-90.4,sí\n";

async fn take(
    world: &World,
    cx: &access::Cx,
    live: &Live<Directory>,
    table: &str,
) -> Result<network::Imported, NetworkError> {
    live.follow(world.store()).await.expect("the log");
    let directory = live.with(Clone::clone);
    import(&world.access, cx, &directory, table.as_bytes(), Format::Csv).await
}

#[tokio::test]
async fn a_table_comes_in_once_changes_what_is_new_and_the_directory_follows() {
    let world = World::new().await;
    let live = Live::<Directory>::default();
    let office = world.administrator("Gabriela");
    let first = take(&world, &office, &live, TABLE).await.expect("taken");
    assert_eq!((first.created, first.updated, first.unchanged), (2, 0, 0));
    let again =
        take(&world, &office, &live, &TABLE.replace("Puesto Chitem", "Puesto Nuevo Chitem")).await.expect("taken");
    assert_eq!((again.created, again.updated, again.unchanged), (0, 1, 1));
    live.follow(world.store()).await.expect("the log");
    live.with(|directory| {
        let post = directory.facility("mspas-1601-p9").expect("it is there");
        assert_eq!((post.name.as_str(), post.phone.as_str(), post.active), ("Puesto Nuevo Chitem", "5555-0101", true));
        assert!(export(directory, &[post], Format::Xlsx).is_ok());
    });
    let rebuilt = Live::<Directory>::default();
    rebuilt.follow(world.store()).await.expect("the log");
    assert!(live.with(|live| rebuilt.with(|rebuilt| live == rebuilt)), "rebuilt equals live");
}

#[tokio::test]
async fn one_wrong_row_or_the_wrong_person_changes_nothing() {
    let world = World::new().await;
    let live = Live::<Directory>::default();
    let before = world.store().head().await.expect("the log").seq;
    let wrong =
        take(&world, &world.administrator("Gabriela"), &live, &TABLE.replace("5555-0101,15.5", "5555-0101,95.5")).await;
    assert!(matches!(wrong, Err(NetworkError::Rows(rows)) if rows[0].row == 3 && rows[0].column == "latitud"));
    let nurse = take(&world, &world.nurse("Ixmucané"), &live, TABLE).await;
    assert!(nurse.is_err_and(|error| error.kind() == store::Kind::Forbidden));
    assert_eq!(world.store().head().await.expect("the log").seq, before);
}

#[tokio::test]
async fn a_long_agenda_is_read_whole_and_no_more_is_opened_than_was_shown() {
    let world = World::new().await;
    let system = world.system();
    let days = vec![Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];
    let service = Service {
        id: "ojos".into(),
        facility: HOSPITAL.into(),
        institution: "MSPAS".into(),
        specialty: "oftalmologia".into(),
        hours: vec![Hours { days, from: time(7, 0, 0, 0), until: time(19, 0, 0, 0) }],
        minutes: 5,
        active: true,
        ..Service::default()
    };
    world.put(&system, "ojos", service.resource()).await;
    let from = date(2026, 11, 30);
    let opening = |until| Opening { service: service.clone(), from, until, modality: String::new() };
    let many = open(&world.access, &system, &opening(date(2026, 12, 14))).await;
    assert!(matches!(many, Err(NetworkError::TooMany { most: MOST })), "none are left out in silence");
    let until = date(2026, 12, 11);
    assert_eq!(open(&world.access, &system, &opening(until)).await.expect("they are opened"), 10 * 144);
    let read = spots(&world.access, &system, "ojos", from, until).await.expect("the agenda");
    assert_eq!(read.len(), 10 * 144, "more than are read at once");
    assert!(read.windows(2).all(|two| two[0].start < two[1].start), "in the order of time");
    assert_eq!(open(&world.access, &system, &opening(until)).await.expect("nothing is doubled"), 0);
}

#[tokio::test]
async fn an_operator_s_outlines_are_drawn_at_once_and_again_after_a_rebuild() {
    let world = World::new().await;
    let live = Live::<Directory>::default();
    live.follow(world.store()).await.expect("the log");
    let square = |west: f64| format!("[[{west},15.0],[{west},15.5],[-89.5,15.5],[{west},15.0]]");
    let feature = |code: &str, name: &str, west: f64| {
        format!(
            r#"{{"type":"Feature","properties":{{"code":"{code}","name":"{name}"}},"geometry":{{"type":"Polygon","coordinates":[{}]}}}}"#,
            square(west)
        )
    };
    let file = |features: &[String]| format!(r#"{{"type":"FeatureCollection","features":[{}]}}"#, features.join(","));
    let features =
        [feature("1601", "Cobán", -90.4), feature("16", "Alta Verapaz", -91.0), feature("99", "Nada", -90.0)];
    let (outlines, bad) = Outlines::from_geojson(file(&features).as_bytes()).expect("a file");
    assert_eq!((bad.len(), bad[0].at, bad[0].name.as_str()), (1, 2, "Nada"));
    assert_eq!(outlines.save(&world.access, &world.system()).await.expect("kept"), 2);
    live.follow(world.store()).await.expect("the log");
    let drawn = live.with(|directory| directory.outlines(Some("16")));
    let codes: Vec<&str> = drawn.areas.iter().map(|(code, _)| code.as_str()).collect();
    assert_eq!(codes, ["16", "1601"], "its own outline, and the municipality's inside it");
    assert_eq!((drawn.areas[0].1[0][0].lon, drawn.areas[1].1[0][0].lon), (-91.0, -90.4));
    live.with(|directory| {
        assert_eq!(directory.outlines(None).areas.len(), 22, "the country shows departments");
        assert_eq!(
            directory.outlines(Some("14")).areas,
            Outlines::departments().areas.into_iter().filter(|one| one.0 == "14").collect::<Vec<_>>()
        );
        assert!(directory.place("gt-1601").is_some(), "the place itself came with it");
    });
    let again = Outlines::from_geojson(file(&[feature("1601", "Cobán", -90.2)]).as_bytes()).expect("a file").0;
    again.save(&world.access, &world.system()).await.expect("kept");
    live.follow(world.store()).await.expect("the log");
    let drawn = live.with(|directory| directory.outlines(Some("16")));
    assert_eq!((drawn.areas.len(), drawn.areas[1].1.len(), drawn.areas[1].1[0][0].lon), (2, 1, -90.2), "the newer one");
    let rebuilt = Live::<Directory>::default();
    rebuilt.follow(world.store()).await.expect("the log");
    assert!(live.with(|live| rebuilt.with(|rebuilt| live == rebuilt)), "rebuilt equals live");
}
