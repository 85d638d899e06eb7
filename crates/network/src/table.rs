//! The CSV tables that the product ships, read once.

/// A row, by the names of its header.
pub(crate) struct Row {
    header: csv::StringRecord,
    fields: csv::StringRecord,
}

impl Row {
    /// A field.
    ///
    /// # Panics
    /// If the table has no such column: the tables are compiled in.
    pub(crate) fn text(&self, column: &str) -> String {
        let at = self.header.iter().position(|name| name == column);
        let at = at.unwrap_or_else(|| panic!("the table has a column {column}"));
        self.fields[at].to_owned()
    }

    /// A number; `None` where the field is empty.
    pub(crate) fn number<N: std::str::FromStr>(&self, column: &str) -> Option<N> {
        let text = self.text(column);
        (!text.is_empty()).then(|| text.parse().unwrap_or_else(|_| panic!("{column}: {text} is a number")))
    }
}

/// The rows of a shipped table.
pub(crate) fn rows(text: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    let header = reader.headers().expect("a shipped table has a header").clone();
    let row = |fields| Row { header: header.clone(), fields };
    reader.records().map(|fields| row(fields.expect("a shipped table is whole"))).collect()
}
