//! Values as bytes: for comparing rows and for the backup file. A tag, then eight bytes
//! (big-endian) or a length of eight bytes and the content.

use bytes::Bytes;

use crate::sql::Sql;

/// Appends a value.
pub(crate) fn put(out: &mut Vec<u8>, value: &Sql) {
    let mut long = |tag: u8, content: &[u8]| {
        out.push(tag);
        out.extend((content.len() as u64).to_be_bytes());
        out.extend(content);
    };
    match value {
        Sql::Null => out.push(b'n'),
        Sql::Text(text) => long(b't', text.as_bytes()),
        Sql::Bytes(bytes) => long(b'b', bytes),
        Sql::Int(number) => {
            out.push(b'i');
            out.extend(number.to_be_bytes());
        }
        Sql::Real(number) => {
            out.push(b'r');
            out.extend(number.to_be_bytes());
        }
    }
}

/// Reads the values that [`put`] wrote, up to the first that it did not.
pub(crate) fn read(mut bytes: &[u8]) -> Vec<Sql> {
    let mut values = Vec::new();
    while let Some(value) = take(&mut bytes) {
        values.push(value);
    }
    values
}

fn take(bytes: &mut &[u8]) -> Option<Sql> {
    let (tag, rest) = bytes.split_first()?;
    if *tag == b'n' {
        *bytes = rest;
        return Some(Sql::Null);
    }
    let (number, rest) = rest.split_first_chunk::<8>()?;
    let length = usize::try_from(u64::from_be_bytes(*number)).ok();
    let (value, rest) = match tag {
        b'i' => (Sql::Int(i64::from_be_bytes(*number)), rest),
        b'r' => (Sql::Real(f64::from_be_bytes(*number)), rest),
        b't' => {
            let (text, rest) = rest.split_at_checked(length?)?;
            (Sql::Text(String::from_utf8(text.to_vec()).ok()?), rest)
        }
        b'b' => {
            let (content, rest) = rest.split_at_checked(length?)?;
            (Sql::Bytes(Bytes::copy_from_slice(content)), rest)
        }
        _ => return None,
    };
    *bytes = rest;
    Some(value)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_put_is_read() {
        let values =
            vec![Sql::Null, Sql::Int(-7), Sql::Real(1.5), Sql::Text("José".into()), Sql::Bytes(vec![0, 1, 2].into())];
        let mut bytes = Vec::new();
        values.iter().for_each(|value| put(&mut bytes, value));
        assert_eq!(read(&bytes), values);
        assert_eq!(read(&bytes[..bytes.len() - 1]), values[..4]);
    }
}
