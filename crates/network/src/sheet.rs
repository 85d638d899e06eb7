//! Tables as files: CSV and XLSX, in and out.
//!
//! What comes in is bounded (bytes, rows, columns, what an XLSX unpacks to, and what its cells say: a
//! text that all cells share takes no room in the file); what goes out as CSV can't be run as a
//! formula.

use std::io::{Cursor, Read, Write};

use calamine::{Data, DataRef, Reader, Xlsx};

use crate::NetworkError;

/// Largest file taken, bytes.
pub const SHEET_BYTES: usize = 8 << 20;
/// Most bytes that an XLSX may unpack to.
const MAX_UNPACKED: u64 = 64 << 20;
/// Most marks (`<`) of its XML: each may become a text of its own in memory.
const MAX_MARKS: usize = 4_000_000;
/// Most bytes of a cell: Excel's own limit is 32,767 letters.
const MAX_CELL: usize = 4 * 32_767;
/// Most rows taken at once.
const MAX_ROWS: usize = 5_000;
/// Most columns of a sheet.
const MAX_COLUMNS: usize = 100;

/// How a table is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated, UTF-8.
    Csv,
    /// Excel workbook; the first sheet.
    Xlsx,
}

impl Format {
    /// How a file is written, by its first bytes: an XLSX is a ZIP.
    pub fn of(bytes: &[u8]) -> Self {
        if bytes.starts_with(b"PK") { Self::Xlsx } else { Self::Csv }
    }
}

/// A table as a file, its header first.
///
/// # Errors
/// `Table` when the workbook can't be made.
pub fn write_sheet(rows: impl Iterator<Item = Vec<String>>, format: Format) -> Result<Vec<u8>, NetworkError> {
    let wrong = |problem: String| NetworkError::Table(problem);
    match format {
        Format::Csv => {
            let mut writer = csv::Writer::from_writer(Vec::new());
            for row in rows {
                let row = row.iter().map(|cell| harmless(cell));
                writer.write_record(row).map_err(|error| wrong(error.to_string()))?;
            }
            writer.into_inner().map_err(|error| wrong(error.to_string()))
        }
        Format::Xlsx => {
            let mut book = rust_xlsxwriter::Workbook::new();
            // The same table is the same file: the writer would put the clock's time into it.
            let steady =
                rust_xlsxwriter::ExcelDateTime::from_ymd(2000, 1, 1).map_err(|error| wrong(error.to_string()))?;
            book.set_properties(&rust_xlsxwriter::DocProperties::new().set_creation_datetime(&steady));
            let sheet = book.add_worksheet();
            for (at, row) in (0_u32..).zip(rows) {
                for (column, cell) in (0_u16..).zip(&row) {
                    sheet.write_string(at, column, cell).map_err(|error| wrong(error.to_string()))?;
                }
            }
            book.save_to_buffer().map_err(|error| wrong(error.to_string()))
        }
    }
}

/// The rows of a file, its header first; the cells without blanks around them.
///
/// # Errors
/// `Table` for what is too large, no such file, or empty.
pub fn read_sheet(bytes: &[u8], format: Format) -> Result<Vec<Vec<String>>, NetworkError> {
    let wrong = |problem: &str| NetworkError::Table(problem.to_owned());
    if bytes.len() > SHEET_BYTES {
        return Err(wrong("El archivo pasa de 8 MB"));
    }
    let table = match format {
        Format::Csv => csv_rows(bytes)?,
        Format::Xlsx => xlsx_rows(bytes)?,
    };
    if table.is_empty() {
        return Err(wrong("El archivo está vacío"));
    }
    if table.len() > MAX_ROWS + 1 {
        return Err(wrong("El archivo pasa de 5,000 filas"));
    }
    Ok(table.into_iter().map(|row| row.iter().map(|cell| plain(cell.trim()).to_owned()).collect()).collect())
}

/// Where each of these columns stands in a header.
///
/// # Errors
/// `Table` naming the column that is missing.
pub fn columns<const N: usize>(header: &[String], wanted: [&str; N]) -> Result<[usize; N], NetworkError> {
    let at = wanted.map(|column| header.iter().position(|name| name.eq_ignore_ascii_case(column)));
    match wanted.iter().zip(at).find(|(_, at)| at.is_none()) {
        Some((missing, _)) => Err(NetworkError::Table(format!("Falta la columna «{missing}»"))),
        None => Ok(at.map(Option::unwrap_or_default)),
    }
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
    let wrong = |problem: &str| NetworkError::Table(problem.to_owned());
    let row = |row: Result<csv::StringRecord, csv::Error>| match row {
        Ok(row) if row.len() > MAX_COLUMNS => Err(wrong("El archivo pasa de 100 columnas")),
        Ok(row) => Ok(row.iter().map(str::to_owned).collect()),
        Err(_) => Err(wrong("El archivo CSV no se puede leer")),
    };
    reader.records().take(MAX_ROWS + 2).map(row).collect()
}

fn xlsx_rows(bytes: &[u8]) -> Result<Vec<Vec<String>>, NetworkError> {
    let wrong = |problem: &str| NetworkError::Table(problem.to_owned());
    if unpacked(bytes).is_none_or(|size| size.bytes > MAX_UNPACKED || size.marks > MAX_MARKS) {
        return Err(wrong("El archivo no es un libro XLSX que se pueda leer, o es demasiado grande al abrirlo"));
    }
    let broken = |_| wrong("El libro XLSX no se puede leer: guárdelo otra vez desde la hoja de cálculo");
    let mut book: Xlsx<_> = Xlsx::new(Cursor::new(bytes)).map_err(broken)?;
    let name = book.sheet_names().into_iter().next().ok_or_else(|| wrong("El libro no tiene hojas"))?;
    let mut cells = book.worksheet_cells_reader(&name).map_err(broken)?;
    let mut table: Vec<Vec<String>> = Vec::new();
    let mut said = 0;
    // Cell by cell: a range would take memory for every cell before the farthest one.
    while let Some(cell) = cells.next_cell().map_err(broken)? {
        let length = match cell.get_value() {
            DataRef::SharedString(text) => text.len(),
            DataRef::String(text) => text.len(),
            _ => 0,
        };
        said += length;
        if length > MAX_CELL || said > SHEET_BYTES {
            return Err(wrong("Las celdas de la hoja dicen demasiado: acorte los textos"));
        }
        let text = match Data::from(cell.get_value().clone()) {
            Data::Empty | Data::Error(_) => continue,
            other => other.to_string(),
        };
        let (row, column) = (index(cell.get_position().0), index(cell.get_position().1));
        if row > MAX_ROWS || column >= MAX_COLUMNS {
            return Err(wrong("La hoja tiene celdas escritas más allá de 5,000 filas o 100 columnas: bórrelas"));
        }
        if table.len() <= row {
            table.resize_with(row + 1, Vec::new);
        }
        if table[row].len() <= column {
            table[row].resize_with(column + 1, String::new);
        }
        table[row][column] = text;
    }
    Ok(table)
}

fn index(at: u32) -> usize {
    usize::try_from(at).unwrap_or(usize::MAX)
}

/// What a ZIP unpacks to.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Unpacked {
    bytes: u64,
    marks: usize,
}

/// Counts what is written and keeps nothing.
impl Write for Unpacked {
    fn write(&mut self, part: &[u8]) -> std::io::Result<usize> {
        self.bytes += u64::try_from(part.len()).unwrap_or(u64::MAX);
        self.marks += part.iter().filter(|byte| **byte == b'<').count();
        Ok(part.len())
    }

    fn flush(&mut self) -> std::io::Result<()> {
        Ok(())
    }
}

/// How much a ZIP unpacks to, by unpacking it into nothing: the sizes it states may lie. `None`
/// when it is no ZIP of stored and deflated entries with one list of them, at its end: what reads it
/// later must find the same list.
fn unpacked(bytes: &[u8]) -> Option<Unpacked> {
    let short = |at: usize| Some(u16::from_le_bytes(bytes.get(at..at + 2)?.try_into().ok()?));
    let long = |at: usize| usize::try_from(u32::from_le_bytes(bytes.get(at..at + 4)?.try_into().ok()?)).ok();
    let end = bytes.len().checked_sub(22)?;
    let only = bytes.get(end..)?.starts_with(b"PK\x05\x06")
        && short(end + 4)? == 0
        && short(end + 6)? == 0
        && short(end + 8)? == short(end + 10)?
        && !bytes.get(end.saturating_sub(20)..end)?.starts_with(b"PK\x06\x07");
    if !only {
        return None;
    }
    let (entries, mut at) = (short(end + 10)?, long(end + 16)?);
    let mut total = Unpacked::default();
    for _ in 0..entries {
        if !bytes.get(at..)?.starts_with(b"PK\x01\x02") {
            return None;
        }
        let (method, packed, local) = (short(at + 10)?, long(at + 20)?, long(at + 42)?);
        let data = local + 30 + usize::from(short(local + 26)?) + usize::from(short(local + 28)?);
        let data = bytes.get(data..data.checked_add(packed)?)?;
        let most = MAX_UNPACKED + 1 - total.bytes;
        match method {
            0 => std::io::copy(&mut data.take(most), &mut total).ok()?,
            8 => std::io::copy(&mut flate2::read::DeflateDecoder::new(data).take(most), &mut total).ok()?,
            _ => return None,
        };
        if total.bytes > MAX_UNPACKED {
            return Some(total);
        }
        at += 46 + usize::from(short(at + 28)?) + usize::from(short(at + 30)?) + usize::from(short(at + 32)?);
    }
    Some(total)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A ZIP with one deflated entry that states the size it is told to.
    fn zip(content: &[u8], stated: u32) -> Vec<u8> {
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
        assert_eq!(unpacked(&zip(&[7; 1000], 1000)).map(|size| size.bytes), Some(1000));
        let bomb = zip(&vec![0; 80 << 20], 10);
        assert!(bomb.len() < 200_000);
        assert!(unpacked(&bomb).is_some_and(|size| size.bytes > MAX_UNPACKED));
        assert!(matches!(read_sheet(&bomb, Format::Xlsx), Err(NetworkError::Table(_))));
        assert!(read_sheet(b"PK\x05\x06", Format::Xlsx).is_err());
    }
    #[test]
    fn a_text_that_every_cell_shares_is_counted_in_every_cell() {
        let long = "a".repeat(30_000);
        let row = || vec![long.clone(); 20];
        let bomb = write_sheet((0..5000).map(|_| row()), Format::Xlsx).expect("a workbook");
        assert!(unpacked(&bomb).is_some_and(|size| size.bytes < MAX_UNPACKED), "in the file it is small");
        let refused = read_sheet(&bomb, Format::Xlsx);
        assert!(matches!(&refused, Err(NetworkError::Table(why)) if why.contains("dicen demasiado")), "{refused:?}");
        let two = write_sheet((0..2).map(|_| row()), Format::Xlsx).expect("a workbook");
        assert_eq!(read_sheet(&two, Format::Xlsx).map(|rows| rows.len()).ok(), Some(2));
    }

    #[test]
    fn marks_without_end_and_a_second_list_of_entries_are_refused() {
        let marks = zip(&b"<si/>".repeat(5_000_000), 10);
        assert!(unpacked(&marks).is_some_and(|size| size.marks > MAX_MARKS && size.bytes < MAX_UNPACKED));
        assert!(read_sheet(&marks, Format::Xlsx).is_err());
        let mut hidden = zip(&[7; 1000], 1000);
        hidden.extend(b"PK\x05\x06");
        hidden.extend([0; 18]);
        assert_eq!(unpacked(&hidden), Some(Unpacked::default()), "the last list is the one that counts");
        hidden.push(0);
        assert_eq!(unpacked(&hidden), None, "what follows the list may hide another");
        let wide = format!("a{}\n", ",".repeat(1_000_000));
        assert!(read_sheet(wide.as_bytes(), Format::Csv).is_err());
    }
}
