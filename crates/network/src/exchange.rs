//! Facilities as a table, out and in, with every mistake told by row and column.
//!
//! Nothing is written while a row is wrong: all rows or none. What a row must hold, a form that
//! names the same columns must hold too ([`check`]).

use std::collections::BTreeSet;
use std::fmt;

use access::{Access, Act, Cx};

use crate::office::next_versions;
use crate::place::Point;
use crate::sheet::{columns, read_sheet, write_sheet};
use crate::territory::{INSTITUTIONS, territory};
use crate::{Directory, Facility, Format, NetworkError};

/// Nearer to the municipal seat than this, it is the seat that was written, km.
const SEAT_KM: f64 = 0.005;
/// Most mistakes told.
const MAX_MISTAKES: usize = 200;
const COLUMNS: [&str; 10] =
    ["codigo", "nombre", "tipo", "institucion", "municipio", "direccion", "telefono", "latitud", "longitud", "activo"];

/// A mistake in a table; shown in Spanish.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RowError {
    /// Row as a spreadsheet counts it: the header is 1.
    pub row: usize,
    /// Column's name.
    pub column: &'static str,
    /// What is wrong, and what to write.
    pub problem: &'static str,
}

impl fmt::Display for RowError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Fila {}, columna «{}»: {}", self.row, self.column, self.problem)
    }
}

/// What a row of a table will do.
#[derive(Clone, Debug, PartialEq)]
pub struct Planned {
    /// Row as a spreadsheet counts it.
    pub row: usize,
    /// The facility as the row has it.
    pub facility: Facility,
    /// The columns that change; all of them for a new facility, none where it is so already.
    pub changed: Vec<&'static str>,
    /// Whether its code is new.
    pub new: bool,
}

/// What an import did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Imported {
    /// New facilities.
    pub created: usize,
    /// Changed ones.
    pub updated: usize,
    /// Those that were so already.
    pub unchanged: usize,
}

impl Imported {
    /// What these rows do.
    pub fn of(plan: &[Planned]) -> Self {
        let created = plan.iter().filter(|one| one.new).count();
        let unchanged = plan.iter().filter(|one| one.changed.is_empty()).count();
        Self { created, updated: plan.len() - created - unchanged, unchanged }
    }
}

/// The facilities as a table.
///
/// # Errors
/// `Table` when the workbook can't be made.
pub fn export(directory: &Directory, facilities: &[&Facility], format: Format) -> Result<Vec<u8>, NetworkError> {
    let rows = facilities.iter().map(|facility| cells(directory, facility).to_vec());
    write_sheet(std::iter::once(COLUMNS.map(str::to_owned).to_vec()).chain(rows), format)
}

/// Takes facilities from a table: new codes are created, known ones changed. A made-up or
/// unverified mark stays as it is. All rows or none.
///
/// # Errors
/// `Table` for what is no such table, `Rows` for mistakes in it, the gate's for the rest.
pub async fn import(
    access: &Access,
    cx: &Cx,
    directory: &Directory,
    bytes: &[u8],
    format: Format,
) -> Result<Imported, NetworkError> {
    let plan = plan(cx, directory, bytes, format)?;
    let mut changes = Vec::new();
    for one in plan.iter().filter(|one| !one.changed.is_empty()) {
        changes.extend(next_versions(access, cx, &one.facility.resources()).await?.1);
    }
    if !changes.is_empty() {
        access.commit(cx, Act { name: "import", changes, ..Act::default() }).await?;
    }
    Ok(Imported::of(&plan))
}

/// What a table would do, each row checked against the territory and the directory; writes nothing.
///
/// # Errors
/// `Table` and `Rows` as for [`import`].
pub fn plan(cx: &Cx, directory: &Directory, bytes: &[u8], format: Format) -> Result<Vec<Planned>, NetworkError> {
    let table = read_sheet(bytes, format)?;
    let (header, rows) = table.split_first().unwrap_or((const { &Vec::new() }, &[]));
    let at = columns(header, COLUMNS)?;
    let (mut found, mut mistakes, mut codes) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (row, line) in (2_usize..).zip(rows) {
        let values = at.map(|at| line.get(at).map_or("", String::as_str));
        if values.iter().all(|value| value.is_empty()) {
            continue;
        }
        let mut tell = |column: usize, problem| mistakes.push(RowError { row, column: COLUMNS[column], problem });
        let facility = facility(&values, directory, &mut tell);
        if !codes.insert(facility.id()) {
            tell(0, "el código está repetido en el archivo");
        }
        let known = directory.facility(&facility.id());
        let before = known.map(|known| cells(directory, known));
        let after = cells(directory, &facility);
        let differs = |column: &usize| before.as_ref().is_none_or(|before| before[*column] != after[*column]);
        let changed: Vec<&str> = (0..COLUMNS.len()).filter(differs).map(|column| COLUMNS[column]).collect();
        let theirs = |one: &Facility| !cx.institution.is_empty() && one.institution != cx.institution;
        let foreign = theirs(&facility) || known.is_some_and(theirs);
        if foreign && !changed.is_empty() {
            mistakes.push(RowError {
                row,
                column: COLUMNS[3],
                problem: "usted administra otra institución; quite esta fila",
            });
        }
        found.push(Planned { row, facility, changed, new: known.is_none() });
        if mistakes.len() >= MAX_MISTAKES {
            break;
        }
    }
    if mistakes.is_empty() { Ok(found) } else { Err(NetworkError::Rows(mistakes)) }
}

/// A facility from the columns of the table, in their order, as a form has them.
///
/// # Errors
/// Each column with a mistake, and what to write there.
pub fn check(values: &[&str; 10], directory: &Directory) -> Result<Facility, Vec<(&'static str, &'static str)>> {
    let mut mistakes = Vec::new();
    let facility = facility(values, directory, &mut |column, problem| mistakes.push((COLUMNS[column], problem)));
    if mistakes.is_empty() { Ok(facility) } else { Err(mistakes) }
}

fn facility(values: &[&str; 10], directory: &Directory, tell: &mut impl FnMut(usize, &'static str)) -> Facility {
    let [code, name, kind, institution, municipality, address, phone, lat, lon, active] = *values;
    let id = crate::facility::slug(code);
    if !fhir::is_id(&id) {
        tell(0, "escriba un código de letras, números y guiones, hasta 64");
    }
    if name.is_empty() || name.chars().count() > 200 {
        tell(1, "escriba el nombre, hasta 200 letras");
    }
    let level = territory().facility_type(kind).map(|one| one.level);
    if level.is_none() {
        tell(2, "no es un tipo de la tabla de tipos");
    }
    if !INSTITUTIONS.iter().any(|(known, _)| *known == institution) {
        tell(3, "escriba MSPAS o IGSS");
    }
    if territory().municipality(municipality).is_none() {
        tell(4, "escriba el código INE de cuatro cifras, con el cero de adelante");
    }
    let number =
        |text: &str, low: f64, high: f64| text.parse().ok().filter(|degrees: &f64| (low..=high).contains(degrees));
    // The country lies within 13.5–18° N and 92.5–88° W.
    let (north, east) = (number(lat, 13.5, 18.0), number(lon, -92.5, -88.0));
    if !lat.is_empty() && north.is_none() || lat.is_empty() && !lon.is_empty() {
        tell(7, "escriba grados con punto, entre 13.5 y 18, o deje vacías las dos");
    }
    if !lon.is_empty() && east.is_none() || lon.is_empty() && !lat.is_empty() {
        tell(8, "escriba grados con punto, entre -92.5 y -88, o deje vacías las dos");
    }
    if address.chars().count() > 200 {
        tell(5, "escriba la dirección en 200 letras o menos");
    }
    if phone.chars().count() > 60 {
        tell(6, "escriba el teléfono en 60 letras o menos");
    }
    let seat = territory().municipality(municipality).and_then(|one| one.seat);
    let position = north.zip(east).map(|(lat, lon)| Point { lat, lon });
    if seat.zip(position).is_some_and(|(seat, point)| seat.km_to(point) < SEAT_KM) {
        tell(7, "es la cabecera municipal, no el lugar; mídalo o deje vacías las dos");
    }
    if !["", "si", "sí", "no"].contains(&active.to_lowercase().as_str()) {
        tell(9, "escriba sí o no");
    }
    let known = directory.facility(&id);
    let moved = known.is_none_or(|known| directory.municipality_of(&known.place) != Some(municipality));
    Facility {
        code: known.map_or(code, |known| &known.code).to_owned(),
        name: name.to_owned(),
        type_code: kind.to_owned(),
        institution: institution.to_owned(),
        // A finer place below the municipality is kept while the municipality is the same.
        place: known.filter(|_| !moved).map_or_else(|| format!("gt-{municipality}"), |known| known.place.clone()),
        manager: known.filter(|known| !moved && known.institution == institution).map_or_else(
            || territory().manager(institution, municipality, level.unwrap_or(0)),
            |known| known.manager.clone(),
        ),
        position,
        phone: phone.to_owned(),
        address: address.to_owned(),
        verified: known.is_none_or(|known| known.verified),
        active: !active.eq_ignore_ascii_case("no"),
        synthetic: known.is_some_and(|known| known.synthetic),
    }
}

fn cells(directory: &Directory, facility: &Facility) -> [String; 10] {
    let degrees =
        |pick: fn(Point) -> f64| facility.position.map(|point| format!("{:.6}", pick(point))).unwrap_or_default();
    [
        facility.code.clone(),
        facility.name.clone(),
        facility.type_code.clone(),
        facility.institution.clone(),
        directory.municipality_of(&facility.place).unwrap_or_default().to_owned(),
        facility.address.clone(),
        facility.phone.clone(),
        degrees(|point| point.lat),
        degrees(|point| point.lon),
        if facility.active { "sí" } else { "no" }.to_owned(),
    ]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::demo;

    fn directory() -> Directory {
        let mut directory = Directory::default();
        for resource in demo::network(jiff::civil::date(2026, 11, 24)).resources {
            directory.put(resource.resource_type().unwrap(), resource.id().unwrap(), Some(&resource));
        }
        directory
    }

    fn office() -> Cx {
        Cx::system(jiff::Timestamp::UNIX_EPOCH, "prueba")
    }

    fn csv(row: &str) -> Vec<u8> {
        format!("{}\n{row}\n", COLUMNS.join(",")).into_bytes()
    }

    fn mistakes(row: &str) -> Vec<String> {
        match plan(&office(), &Directory::default(), &csv(row), Format::Csv) {
            Err(NetworkError::Rows(rows)) => rows.iter().map(RowError::to_string).collect(),
            Err(other) => vec![other.to_string()],
            Ok(_) => Vec::new(),
        }
    }

    #[test]
    fn nobody_takes_a_facility_from_another_institution_by_writing_their_own_in_its_row() {
        let directory = directory();
        let theirs = directory.facilities().find(|one| one.institution == "IGSS").expect("one of IGSS");
        let mut values = cells(&directory, theirs);
        values[3] = "MSPAS".into();
        let row = values.map(|value| format!("\"{value}\"")).join(",");
        let office = Cx { institution: "MSPAS".into(), ..office() };
        let refused = plan(&office, &directory, &csv(&row), Format::Csv);
        assert!(matches!(refused, Err(NetworkError::Rows(rows)) if rows[0].problem.contains("otra institución")));
    }

    #[test]
    fn what_goes_out_comes_back_the_same_in_both_formats() {
        let directory = directory();
        let all: Vec<&Facility> = directory.facilities().collect();
        for format in [Format::Csv, Format::Xlsx] {
            let bytes = export(&directory, &all, format).expect("a table");
            let back = plan(&office(), &directory, &bytes, format).expect("the same table");
            assert_eq!(back.iter().map(|one| &one.facility).collect::<Vec<_>>(), all);
            assert_eq!(Imported::of(&back), Imported { unchanged: all.len(), ..Imported::default() });
        }
    }

    #[test]
    fn each_mistake_is_told_by_row_and_column() {
        assert!(mistakes("MSPAS-1601-P9,Puesto Nuevo,puesto-salud,MSPAS,1601,,,,,sí").is_empty());
        assert_eq!(
            mistakes("MSPAS-1601-P9,,posta,Cruz Roja,99,,,90.5,,quizás"),
            [
                "Fila 2, columna «nombre»: escriba el nombre, hasta 200 letras",
                "Fila 2, columna «tipo»: no es un tipo de la tabla de tipos",
                "Fila 2, columna «institucion»: escriba MSPAS o IGSS",
                "Fila 2, columna «municipio»: escriba el código INE de cuatro cifras, con el cero de adelante",
                "Fila 2, columna «latitud»: escriba grados con punto, entre 13.5 y 18, o deje vacías las dos",
                "Fila 2, columna «longitud»: escriba grados con punto, entre -92.5 y -88, o deje vacías las dos",
                "Fila 2, columna «activo»: escriba sí o no",
            ]
        );
        let twice = "A-1601-1,Uno,puesto-salud,MSPAS,1601,,,,,\nA-1601-1,Dos,puesto-salud,MSPAS,1601,,,,,";
        assert_eq!(mistakes(twice), ["Fila 3, columna «codigo»: el código está repetido en el archivo"]);
        assert!(plan(&office(), &Directory::default(), b"a,b\n1,2\n", Format::Csv).is_err());
        assert!(plan(&office(), &Directory::default(), b"\xff\xfe", Format::Csv).is_err());
    }

    #[test]
    fn a_name_that_is_a_formula_is_made_harmless_and_comes_back() {
        let mut facility = directory().facilities().next().expect("one").clone();
        facility.name = "=HYPERLINK(\"http://x\")".into();
        facility.phone = "+502 0000 0000".into();
        let directory = directory();
        let bytes = export(&directory, &[&facility], Format::Csv).expect("a table");
        let text = String::from_utf8(bytes.clone()).expect("UTF-8");
        assert!(
            text.contains("'=HYPERLINK") && text.contains("'+502") && !text.contains(",=") && !text.contains("\"=")
        );
        let back = plan(&office(), &directory, &bytes, Format::Csv).expect("it comes back");
        assert_eq!(back.first().map(|one| &one.facility), Some(&facility));
    }
}
