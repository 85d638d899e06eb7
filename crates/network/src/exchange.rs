//! Facilities as a table: export to CSV and XLSX, import with every mistake told by row and column.
//!
//! Nothing is written while a row is wrong. What comes in is bounded (bytes, rows, and what an XLSX
//! unpacks to); what goes out as CSV can't be run as a formula.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{Cursor, Read};

use access::{Access, Act, Cx};
use calamine::{Data, Reader, Xlsx};
use store::{Change, Expect, Key, Write};

use crate::place::Point;
use crate::territory::{INSTITUTIONS, territory};
use crate::{Directory, Facility, NetworkError};

/// Largest file taken, bytes.
const MAX_BYTES: usize = 8 << 20;
/// Most bytes that an XLSX may unpack to.
const MAX_UNPACKED: u64 = 64 << 20;
/// Most rows taken at once.
const MAX_ROWS: usize = 5_000;
/// Most mistakes told.
const MAX_MISTAKES: usize = 200;

const COLUMNS: [&str; 10] =
    ["codigo", "nombre", "tipo", "institucion", "municipio", "direccion", "telefono", "latitud", "longitud", "activo"];

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, UTF-8.
    Csv,
    /// Excel workbook; the first sheet.
    Xlsx,
}

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

/// The facilities as a table.
///
/// # Errors
/// `Table` when the workbook can't be made.
pub fn export(directory: &Directory, facilities: &[&Facility], format: Format) -> Result<Vec<u8>, NetworkError> {
    let rows = facilities.iter().map(|facility| cells(directory, facility));
    let wrong = |problem: String| NetworkError::Table(problem);
    match format {
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            writer.write_record(COLUMNS).map_err(|error| wrong(error.to_string()))?;
            for row in rows {
                writer.write_record(row.map(|cell| harmless(&cell))).map_err(|error| wrong(error.to_string()))?;
            }
            writer.into_inner().map_err(|error| wrong(error.to_string()))
        }
        Format::Xlsx => {
            let mut book = rust_xlsxwriter::Workbook::new();
            let sheet = book.add_worksheet();
            let header = COLUMNS.map(str::to_owned);
            for (at, row) in (0_u32..).zip(std::iter::once(header).chain(rows)) {
                for (column, cell) in (0_u16..).zip(&row) {
                    sheet.write_string(at, column, cell).map_err(|error| wrong(error.to_string()))?;
                }
            }
            book.save_to_buffer().map_err(|error| wrong(error.to_string()))
        }
    }
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
    let wanted = read(bytes, format, directory)?;
    let mut done = Imported::default();
    let mut changes = Vec::new();
    for facility in wanted {
        match directory.facility(&facility.id()) {
            Some(known) if *known == facility => {
                done.unchanged += 1;
                continue;
            }
            Some(_) => done.updated += 1,
            None => done.created += 1,
        }
        for resource in facility.resources() {
            let key = Key::new(resource.resource_type().unwrap_or_default(), facility.id());
            let known = match access.read(cx, &key).await {
                Ok(stored) => Some(stored),
                Err(error) if error.kind() == store::Kind::NotFound => None,
                Err(error) => return Err(error.into()),
            };
            let expect = known.as_ref().map_or(Expect::Absent, |stored| Expect::Version(stored.version));
            // What the table does not hold (aliases, contacts, hours) stays.
            let mut next = known.map_or_else(|| resource.clone(), |stored| stored.value());
            for (name, value) in resource.as_object().into_iter().flat_map(fhir::json::Object::iter) {
                if name != "meta" {
                    next.set(name, value);
                }
            }
            changes.push(Change { key, expect, write: Write::Put(next.to_bytes().into()) });
        }
    }
    if !changes.is_empty() {
        access.commit(cx, Act { name: "import", changes, ..Act::default() }).await?;
    }
    Ok(done)
}

/// The facilities of a table, each checked against the territory and the directory.
///
/// # Errors
/// `Table` and `Rows` as for [`import`].
pub fn read(bytes: &[u8], format: Format, directory: &Directory) -> Result<Vec<Facility>, NetworkError> {
    let wrong = |problem: &str| NetworkError::Table(problem.to_owned());
    if bytes.len() > MAX_BYTES {
        return Err(wrong("El archivo pasa de 8 MB"));
    }
    let table = match format {
        Format::Csv => csv_rows(bytes)?,
        Format::Xlsx => xlsx_rows(bytes)?,
    };
    let Some((header, rows)) = table.split_first() else { return Err(wrong("El archivo está vacío")) };
    if rows.len() > MAX_ROWS {
        return Err(wrong("El archivo pasa de 5,000 filas"));
    }
    let at = COLUMNS.map(|column| header.iter().position(|name| name.trim().eq_ignore_ascii_case(column)));
    if let Some(missing) = COLUMNS.iter().zip(at).find(|(_, at)| at.is_none()) {
        return Err(NetworkError::Table(format!("Falta la columna «{}»", missing.0)));
    }
    let (mut found, mut mistakes, mut codes) = (Vec::new(), Vec::new(), BTreeSet::new());
    for (number, row) in (2_usize..).zip(rows) {
        let cell = |column: usize| at[column].and_then(|at| row.get(at)).map_or("", |cell| cell.trim());
        let values: [&str; 10] = std::array::from_fn(|column| plain(cell(column)));
        if values.iter().all(|value| value.is_empty()) {
            continue;
        }
        let mut tell =
            |column: usize, problem| mistakes.push(RowError { row: number, column: COLUMNS[column], problem });
        let facility = facility(&values, directory, &mut tell);
        if !codes.insert(facility.id()) {
            tell(0, "el código está repetido en el archivo");
        }
        found.push(facility);
        if mistakes.len() >= MAX_MISTAKES {
            break;
        }
    }
    if mistakes.is_empty() { Ok(found) } else { Err(NetworkError::Rows(mistakes)) }
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
        position: north.zip(east).map(|(lat, lon)| Point { lat, lon }),
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

/// A cell that a spreadsheet would take for a formula gets an apostrophe before it.
fn harmless(cell: &str) -> String {
    let number = cell.parse::<f64>().is_ok();
    if cell.starts_with(['=', '+', '-', '@', '\t', '\r']) && !number { format!("'{cell}") } else { cell.to_owned() }
}

/// Without the apostrophe of [`harmless`].
fn plain(cell: &str) -> &str {
    cell.strip_prefix('\'').filter(|rest| harmless(rest) != *rest).unwrap_or(cell)
}

fn csv_rows(bytes: &[u8]) -> Result<Vec<Vec<String>>, NetworkError> {
    let bytes = bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes);
    let text = std::str::from_utf8(bytes).map_err(|_| NetworkError::Table("El archivo no está en UTF-8".into()))?;
    let first = text.lines().next().unwrap_or_default();
    let delimiter = if first.matches(';').count() > first.matches(',').count() { b';' } else { b',' };
    let mut reader =
        csv::ReaderBuilder::new().has_headers(false).flexible(true).delimiter(delimiter).from_reader(bytes);
    let rows = reader.records().take(MAX_ROWS + 2).map(|row| row.map(|row| row.iter().map(str::to_owned).collect()));
    rows.collect::<Result<_, _>>().map_err(|error| NetworkError::Table(error.to_string()))
}

fn xlsx_rows(bytes: &[u8]) -> Result<Vec<Vec<String>>, NetworkError> {
    let wrong = |problem: &str| NetworkError::Table(problem.to_owned());
    if unpacked(bytes).is_none_or(|size| size > MAX_UNPACKED) {
        return Err(wrong("El archivo no es un libro XLSX que se pueda leer, o es demasiado grande al abrirlo"));
    }
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(|error| NetworkError::Table(error.to_string()))?;
    let sheet = book.worksheet_range_at(0).ok_or_else(|| wrong("El libro no tiene hojas"))?;
    let sheet = sheet.map_err(|error| NetworkError::Table(error.to_string()))?;
    let text = |cell: &Data| match cell {
        Data::Empty | Data::Error(_) => String::new(),
        other => other.to_string(),
    };
    Ok(sheet.rows().take(MAX_ROWS + 2).map(|row| row.iter().map(text).collect()).collect())
}

/// How many bytes a ZIP unpacks to, by unpacking it into nothing: the sizes it states may lie.
/// `None` when it is no ZIP of stored and deflated entries.
fn unpacked(bytes: &[u8]) -> Option<u64> {
    let short = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let long = |at: usize| usize::try_from(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?)).ok();
    let end = (0..bytes.len().saturating_sub(21)).rev().find(|at| bytes[*at..].starts_with(b"PK\x05\x06"))?;
    let (entries, mut at) = (short(end + 10)?, long(end + 16)?);
    let mut total = 0;
    for _ in 0..entries {
        if !bytes.get(at..)?.starts_with(b"PK\x01\x02") {
            return None;
        }
        let (method, packed, local) = (short(at + 10)?, long(at + 20)?, long(at + 42)?);
        let data = local + 30 + usize::from(short(local + 26)?) + usize::from(short(local + 28)?);
        let data = bytes.get(data..data.checked_add(packed)?)?;
        total += match method {
            0 => u64::try_from(data.len()).ok()?,
            8 => {
                let mut left = flate2::read::DeflateDecoder::new(data).take(MAX_UNPACKED + 1 - total);
                std::io::copy(&mut left, &mut std::io::sink()).ok()?
            }
            _ => return None,
        };
        if total > MAX_UNPACKED {
            return Some(total);
        }
        at += 46 + usize::from(short(at + 28)?) + usize::from(short(at + 30)?) + usize::from(short(at + 32)?);
    }
    Some(total)
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

    fn csv(row: &str) -> Vec<u8> {
        format!("{}\n{row}\n", COLUMNS.join(",")).into_bytes()
    }

    fn mistakes(row: &str) -> Vec<String> {
        match read(&csv(row), Format::Csv, &Directory::default()) {
            Err(NetworkError::Rows(rows)) => rows.iter().map(RowError::to_string).collect(),
            Err(other) => vec![other.to_string()],
            Ok(_) => Vec::new(),
        }
    }

    #[test]
    fn what_goes_out_comes_back_the_same_in_both_formats() {
        let directory = directory();
        let all: Vec<&Facility> = directory.facilities().collect();
        for format in [Format::Csv, Format::Xlsx] {
            let bytes = export(&directory, &all, format).expect("a table");
            let back = read(&bytes, format, &directory).expect("the same table");
            assert_eq!(back.iter().collect::<Vec<_>>(), all);
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
        assert!(read(b"a,b\n1,2\n", Format::Csv, &Directory::default()).is_err());
        assert!(read(b"\xff\xfe", Format::Csv, &Directory::default()).is_err());
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
        assert_eq!(read(&bytes, Format::Csv, &directory).expect("it comes back"), [facility]);
    }

    /// A ZIP with one deflated entry that states the size it is told to.
    fn zip(content: &[u8], stated: u32) -> Vec<u8> {
        use std::io::Write as _;
        let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::best());
        packer.write_all(content).expect("memory");
        let packed = packer.finish().expect("memory");
        let size = u32::try_from(packed.len()).expect("small");
        let mut out = Vec::new();
        let common = |out: &mut Vec<u8>| {
            out.extend([20, 0, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 0, 0]);
            out.extend(size.to_le_bytes());
            out.extend(stated.to_le_bytes());
            out.extend([1, 0, 0, 0]);
        };
        out.extend(b"PK\x03\x04");
        common(&mut out);
        out.extend(b"a");
        out.extend(&packed);
        let central = u32::try_from(out.len()).expect("small");
        out.extend(b"PK\x01\x02\x14\x00");
        common(&mut out);
        out.extend([0; 14]);
        out.extend(b"a");
        let length = u32::try_from(out.len()).expect("small") - central;
        out.extend(b"PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00");
        out.extend(length.to_le_bytes());
        out.extend(central.to_le_bytes());
        out.extend([0, 0]);
        out
    }

    #[test]
    fn a_zip_bomb_is_refused_whatever_size_it_states() {
        assert_eq!(unpacked(&zip(&[7; 1000], 1000)), Some(1000));
        let bomb = zip(&vec![0; 80 << 20], 10);
        assert!(bomb.len() < 200_000);
        assert!(unpacked(&bomb).is_some_and(|size| size > MAX_UNPACKED));
        assert!(matches!(read(&bomb, Format::Xlsx, &Directory::default()), Err(NetworkError::Table(_))));
        assert!(read(b"PK\x05\x06", Format::Xlsx, &Directory::default()).is_err());
    }
}
