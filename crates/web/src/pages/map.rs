//! The network drawn: departments, or one department with the seats of its municipalities, and the
//! facilities whose place is known. What the drawing says stands in the table below it too.

use askama::Template;
use askama::filters::HtmlSafe;
use network::{Canvas, Directory, Facility, Level, territory};

use crate::text::{Text, t};

/// Width of the drawing, in its own units.
const WIDTH: f64 = 480.0;

/// A line of the table below the map.
pub struct Line {
    name: String,
    href: Option<String>,
    total: usize,
    placed: usize,
}

struct Area {
    name: String,
    path: String,
    on: bool,
}

struct Spot {
    name: String,
    x: String,
    y: String,
    synthetic: bool,
}

/// A map with its table.
#[derive(Template)]
#[template(path = "ui/mapa.html")]
pub struct Map {
    width: u32,
    height: u32,
    title: Text,
    description: Text,
    caption: Text,
    column: Text,
    areas: Vec<Area>,
    seats: Vec<Spot>,
    spots: Vec<Spot>,
    lines: Vec<Line>,
}

impl HtmlSafe for Map {}

impl Map {
    /// Of the whole country, or of one department (INE code).
    pub fn of(directory: &Directory, shown: &[&Facility], department: Option<&str>) -> Self {
        let chosen = department.and_then(|code| territory().department(code));
        let outlines = directory.outlines(chosen.map(|one| one.code.as_str()));
        let canvas = Canvas::around(&outlines, WIDTH);
        let areas = outlines.areas.iter().map(|(code, rings)| Area {
            name: named(code),
            path: canvas.path(rings),
            on: chosen.is_some(),
        });
        let placed = |one: &&&Facility| one.position.is_some();
        let spots: Vec<Spot> = shown.iter().filter(placed).filter_map(|one| spot(&canvas, one)).collect();
        let description = t("mapa-desc").with("total", shown.len()).with("puestos", spots.len());
        let (title, caption, column) = match chosen {
            Some(one) => (
                t("mapa-de").with("departamento", &one.name),
                t("mapa-tabla-de").with("departamento", &one.name),
                t("mapa-municipio"),
            ),
            None => (t("mapa-pais"), t("mapa-tabla-pais"), t("mapa-departamento")),
        };
        let level = if chosen.is_some() { Level::Municipality } else { Level::Department };
        Self {
            width: whole(canvas.width),
            height: whole(canvas.height),
            title,
            description,
            caption,
            column,
            areas: areas.collect(),
            seats: chosen.map(|one| seats(&canvas, &one.code)).unwrap_or_default(),
            spots,
            lines: lines(directory, shown, level),
        }
    }
}

/// The name of a department or municipality.
fn named(code: &str) -> String {
    let municipality = || territory().municipality(code).map(|one| one.name.clone());
    territory().department(code).map(|one| one.name.clone()).or_else(municipality).unwrap_or_default()
}

#[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "a drawing's size is small and positive")]
fn whole(length: f64) -> u32 {
    length.ceil() as u32
}

fn spot(canvas: &Canvas, facility: &Facility) -> Option<Spot> {
    let (x, y) = canvas.place(facility.position?);
    Some(Spot {
        name: facility.name.clone(),
        x: format!("{x:.1}"),
        y: format!("{y:.1}"),
        synthetic: facility.synthetic,
    })
}

fn seats(canvas: &Canvas, department: &str) -> Vec<Spot> {
    let own = territory().municipalities.iter().filter(|one| one.code.starts_with(department));
    let seat = |one: &network::Municipality| {
        let (x, y) = canvas.place(one.seat?);
        Some(Spot { name: one.name.clone(), x: format!("{x:.1}"), y: format!("{y:.1}"), synthetic: false })
    };
    own.filter_map(seat).collect()
}

/// How many of the shown facilities stand in each department or municipality that has some.
fn lines(directory: &Directory, shown: &[&Facility], level: Level) -> Vec<Line> {
    let mut lines: Vec<Line> = Vec::new();
    for facility in shown {
        let area = area_of(directory, facility, level);
        let name = area.map_or_else(|| t("mapa-sin-lugar").to_string(), |place| place.name.clone());
        let href = area.filter(|_| level == Level::Department).and_then(|place| place.code.as_ref());
        let href = href.map(|code| format!("/red?departamento={code}"));
        let at = lines.iter().position(|line| line.name == name).unwrap_or_else(|| {
            lines.push(Line { name, href, total: 0, placed: 0 });
            lines.len() - 1
        });
        lines[at].total += 1;
        lines[at].placed += usize::from(facility.position.is_some());
    }
    lines.sort_by(|a, b| a.name.cmp(&b.name));
    lines
}

/// The place of that level around a facility.
pub fn area_of<'a>(directory: &'a Directory, facility: &Facility, level: Level) -> Option<&'a network::Place> {
    let mut place = directory.place(&facility.place);
    for _ in 0..16 {
        match place {
            Some(here) if here.level == level => return Some(here),
            Some(here) => place = here.within.as_deref().and_then(|id| directory.place(id)),
            None => return None,
        }
    }
    None
}
