//! The documents of a file: lines of NDJSON, or the whole of a `.json` file; unpacked where it is
//! gzip. What a file unpacks to is bounded, and so is the memory that one document takes.

use std::fs::File;
use std::io::{self, BufRead, BufReader, Read};
use std::path::Path;

use anyhow::{Result, ensure};
use flate2::read::MultiGzDecoder;

/// The longest line or `.json` file that is read, in bytes.
const MAX_DOCUMENT: u64 = 64 << 20;
/// How many times its size a packed file may unpack to (FHIR packs to a tenth or a fiftieth) …
const MAX_RATIO: u64 = 200;
/// … or to so many bytes, if that is more.
const ALWAYS_ALLOWED: u64 = 64 << 20;

/// Opens a file, unpacked where it is gzip.
///
/// # Errors
/// If it can't be read, or is a zip archive.
pub fn open(path: &Path) -> Result<Box<dyn BufRead + Send>> {
    let file = File::open(path)?;
    let most = (file.metadata()?.len().saturating_mul(MAX_RATIO)).max(ALWAYS_ALLOWED);
    let mut reader = BufReader::new(file);
    let start = reader.fill_buf()?;
    ensure!(!start.starts_with(b"PK\x03\x04"), "this is a zip archive; unpack it first");
    Ok(match start.starts_with(&[0x1f, 0x8b]) {
        true => Box::new(BufReader::new(Bounded { inner: MultiGzDecoder::new(reader), left: most })),
        false => Box::new(reader),
    })
}

/// Ends with an error after so many bytes.
struct Bounded<R> {
    inner: R,
    left: u64,
}

impl<R: Read> Read for Bounded<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        let left = self.left.checked_sub(count as u64);
        self.left = left.ok_or_else(|| io::Error::other("the file unpacks to far more than its size"))?;
        Ok(count)
    }
}

/// The documents of a file, in order.
pub struct Documents {
    /// The file's name.
    pub name: String,
    reader: Box<dyn BufRead + Send>,
    /// The whole file is one document.
    whole: bool,
    line: u64,
}

impl Documents {
    /// # Errors
    /// As for [`open`].
    pub fn open(path: &Path) -> Result<Self> {
        let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
        let whole = name.to_lowercase().trim_end_matches(".gz").ends_with(".json");
        Ok(Self { reader: open(path)?, name, whole, line: 0 })
    }

    /// Where the last document stood: file and line.
    pub fn place(&self) -> String {
        format!("{}:{}", self.name, self.line.max(1))
    }

    /// The next document and its place, or why the file can't be read on.
    pub fn read(&mut self) -> Result<Option<(String, Vec<u8>)>, String> {
        loop {
            self.line += 1;
            let mut text = Vec::new();
            let mut bounded = (&mut self.reader).take(MAX_DOCUMENT + 1);
            let read = match self.whole {
                true => bounded.read_to_end(&mut text),
                false => bounded.read_until(b'\n', &mut text),
            };
            let count = read.map_err(|error| error.to_string())?;
            if count as u64 > MAX_DOCUMENT {
                return Err(format!("a document of more than {} MB; NDJSON may be longer", MAX_DOCUMENT >> 20));
            }
            if count == 0 {
                return Ok(None);
            }
            if !text.trim_ascii().is_empty() {
                return Ok(Some((self.place(), text.trim_ascii().to_vec())));
            }
        }
    }
}
