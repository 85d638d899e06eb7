//! Formats of the primitive types (R4 §2.24.0.1), by hand: the published expressions, and real
//! calendar dates where these would let 30 February pass.

use crate::json::{Number, Value};

/// Longest string (R4 §2.24.0.1: "Strings SHALL NOT exceed 1MB").
const MAX_STRING: usize = 1024 * 1024;

/// What is wrong with `value` as a primitive of that type; `None` if nothing.
pub fn problem(code: &str, value: &Value) -> Option<String> {
    match (code, value) {
        ("boolean", Value::Bool(_)) => None,
        ("boolean", _) => Some("a boolean is true or false, without quotes".into()),
        ("decimal", Value::Number(_)) => None,
        ("integer" | "positiveInt" | "unsignedInt", Value::Number(number)) => integer(code, number),
        ("decimal" | "integer" | "positiveInt" | "unsignedInt", _) => {
            Some(format!("{code} is a JSON number, without quotes"))
        }
        (_, Value::String(text)) => text_problem(code, text),
        _ => Some(format!("{code} is a JSON string")),
    }
}

fn integer(code: &str, number: &Number) -> Option<String> {
    let least = match code {
        "positiveInt" => 1,
        "unsignedInt" => 0,
        _ => i64::from(i32::MIN),
    };
    let text = number.as_str();
    let whole = number.as_i64().filter(|_| text != "-0").filter(|value| (least..=i64::from(i32::MAX)).contains(value));
    whole.is_none().then(|| format!("{text} is not {code} ({least} to {})", i32::MAX))
}

fn text_problem(code: &str, text: &str) -> Option<String> {
    if text.is_empty() {
        return Some("an empty string says nothing: leave the element out".into());
    }
    if text.len() > MAX_STRING && code != "base64Binary" && code != "xhtml" {
        return Some("a string has at most 1 MB".into());
    }
    let right = match code {
        "id" => is_id(text),
        "oid" => is_oid(text),
        "uuid" => text.strip_prefix("urn:uuid:").is_some_and(is_uuid),
        "uri" | "url" | "canonical" => is_uri(text),
        "code" => is_code(text),
        "date" => date(text).is_some(),
        "dateTime" => is_date_time(text),
        "instant" => text.len() > 10 && is_date_time(text),
        "time" => is_time(text),
        "base64Binary" => is_base64(text),
        "string" | "markdown" => !text.chars().any(|letter| letter < ' ' && !"\t\r\n".contains(letter)) && !blank(text),
        _ => true,
    };
    (!right).then(|| format!("{:?} is not {}", shortened(text), meaning(code)))
}

fn meaning(code: &str) -> &'static str {
    match code {
        "id" => "an id: 1 to 64 letters, digits, - or .",
        "oid" => "an OID: urn:oid:1.2.3",
        "uuid" => "a UUID: urn:uuid: and 36 characters in lower case",
        "uri" | "url" | "canonical" => "a URI: no white space",
        "code" => "a code: no white space at its ends, single blanks inside",
        "date" => "a date: YYYY, YYYY-MM or YYYY-MM-DD that exists",
        "dateTime" => "a dateTime: a date, or YYYY-MM-DDThh:mm:ss with a time zone",
        "instant" => "an instant: YYYY-MM-DDThh:mm:ss with a time zone",
        "time" => "a time: hh:mm:ss",
        "base64Binary" => "base64",
        _ => "text without control characters",
    }
}

fn shortened(text: &str) -> String {
    if text.chars().count() <= 40 { text.to_owned() } else { text.chars().take(40).chain(['…']).collect() }
}

fn blank(text: &str) -> bool {
    text.chars().all(char::is_whitespace)
}

/// `[A-Za-z0-9\-\.]{1,64}`
pub fn is_id(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'.')
}

fn is_oid(text: &str) -> bool {
    let Some(rest) = text.strip_prefix("urn:oid:") else { return false };
    let mut parts = rest.split('.');
    let root = parts.next().is_some_and(|first| ["0", "1", "2"].contains(&first));
    let mut more = 0;
    let whole = parts.all(|part| {
        more += 1;
        !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit()) && (part == "0" || !part.starts_with('0'))
    });
    root && whole && more > 0
}

fn is_uuid(text: &str) -> bool {
    let lengths: Vec<usize> = text.split('-').map(str::len).collect();
    lengths == [8, 4, 4, 4, 12] && text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'-'))
}

fn is_uri(text: &str) -> bool {
    let named = match text.get(..8) {
        Some("urn:oid:") => is_oid(text),
        Some("urn:uuid") => text.get(9..).is_some_and(|uuid| is_uuid(&uuid.to_ascii_lowercase())),
        _ => true,
    };
    named && !text.chars().any(char::is_whitespace)
}

/// `[^\s]+(\s[^\s]+)*`
fn is_code(text: &str) -> bool {
    let mut before = true;
    for letter in text.chars() {
        let space = letter.is_whitespace();
        if space && before {
            return false;
        }
        before = space;
    }
    !before
}

/// A date that exists: year, month and day as far as given.
pub fn date(text: &str) -> Option<(i16, Option<i8>, Option<i8>)> {
    let bytes = text.as_bytes();
    let digits = |from: usize, to: usize| {
        let part = bytes.get(from..to)?;
        part.iter().all(u8::is_ascii_digit).then(|| text[from..to].parse::<i16>().ok())?
    };
    let year = digits(0, 4).filter(|year| *year > 0)?;
    if bytes.len() == 4 {
        return Some((year, None, None));
    }
    let month = digits(5, 7).filter(|month| bytes[4] == b'-' && (1..=12).contains(month))?;
    let month = i8::try_from(month).ok()?;
    if bytes.len() == 7 {
        return Some((year, Some(month), None));
    }
    let day = digits(8, 10).filter(|_| bytes.len() == 10 && bytes[7] == b'-')?;
    let day = i8::try_from(day).ok()?;
    jiff::civil::Date::new(year, month, day).ok()?;
    Some((year, Some(month), Some(day)))
}

fn is_date_time(text: &str) -> bool {
    if text.len() <= 10 {
        return date(text).is_some();
    }
    let whole_date = text.get(..10).is_some_and(|part| part.len() == 10 && date(part).is_some());
    let Some(rest) = text.get(10..).and_then(|rest| rest.strip_prefix('T')).filter(|_| whole_date) else {
        return false;
    };
    let zone = rest.find(['Z', '+', '-']);
    let Some(zone) = zone else { return false };
    is_time(&rest[..zone]) && is_zone(&rest[zone..])
}

fn is_zone(text: &str) -> bool {
    if text == "Z" {
        return true;
    }
    let bytes = text.as_bytes();
    let number = |from: usize| text.get(from..from + 2).and_then(|part| part.parse::<u8>().ok());
    let shape = bytes.len() == 6 && bytes[3] == b':' && bytes[1..3].iter().chain(&bytes[4..]).all(u8::is_ascii_digit);
    shape
        && number(1)
            .zip(number(4))
            .is_some_and(|(hour, minute)| (hour <= 13 && minute <= 59) || (hour == 14 && minute == 0))
}

/// `([01][0-9]|2[0-3]):[0-5][0-9]:([0-5][0-9]|60)(\.[0-9]+)?`
fn is_time(text: &str) -> bool {
    let bytes = text.as_bytes();
    if bytes.len() < 8 || bytes[2] != b':' || bytes[5] != b':' {
        return false;
    }
    let number = |from: usize| {
        let part = &bytes[from..from + 2];
        part.iter().all(u8::is_ascii_digit).then(|| (part[0] - b'0') * 10 + part[1] - b'0')
    };
    let clock = matches!((number(0), number(3), number(6)), (Some(0..=23), Some(0..=59), Some(0..=60)));
    let fraction = &bytes[8..];
    clock
        && (fraction.is_empty()
            || (fraction.len() > 1 && fraction[0] == b'.' && fraction[1..].iter().all(u8::is_ascii_digit)))
}

fn is_base64(text: &str) -> bool {
    let letters: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let padding = letters.iter().rev().take_while(|byte| **byte == b'=').count();
    let body = &letters[..letters.len() - padding];
    letters.len().is_multiple_of(4)
        && padding <= 2
        && body.iter().all(|byte| byte.is_ascii_alphanumeric() || *byte == b'+' || *byte == b'/')
}

#[cfg(test)]
mod tests {
    use super::*;

    fn right(code: &str, text: &str) -> bool {
        problem(code, &Value::from(text)).is_none()
    }

    #[test]
    fn dates_must_exist() {
        for good in ["2026", "2026-02", "2024-02-29"] {
            assert!(right("date", good), "{good}");
        }
        for bad in ["2026-02-30", "2023-02-29", "2026-13", "26-01-01", "2026-1-1", "2026-01-01T00:00:00Z", "0000"] {
            assert!(!right("date", bad), "{bad}");
        }
    }

    #[test]
    fn a_time_needs_a_zone() {
        for good in ["2026-11-24T14:00:00Z", "2026-11-24T14:00:00.123-06:00", "2026-11-24", "2015-02-07T13:28:17+14:00"]
        {
            assert!(right("dateTime", good), "{good}");
        }
        for bad in [
            "2026-11-24T14:00",
            "2026-11-24T14:00:00",
            "2026-11-24T24:00:00Z",
            "2026-11-24T14:00:00+15:00",
            "2026-11-24T",
        ] {
            assert!(!right("dateTime", bad), "{bad}");
        }
        assert!(!right("instant", "2026-11-24"));
    }

    #[test]
    fn other_formats() {
        assert!(right("id", &"a".repeat(64)) && !right("id", &"a".repeat(65)) && !right("id", "a_b"));
        assert!(right("code", "a b") && !right("code", " a") && !right("code", "a  b"));
        assert!(right("oid", "urn:oid:1.2.3") && !right("oid", "1.2.3") && !right("oid", "urn:oid:3.2"));
        assert!(right("base64Binary", "QUJD") && !right("base64Binary", "QUJ"));
        assert!(right("time", "08:30:00") && !right("time", "8:30") && !right("time", "25:00:00"));
        assert!(!right("string", "") && !right("string", "a\u{1}") && right("string", "línea\notra"));
        let number = |text: &str| Value::Number(Number::new(text).unwrap());
        assert!(problem("positiveInt", &number("0")).is_some());
        assert!(problem("integer", &number("2147483648")).is_some());
        assert!(problem("integer", &number("1.0")).is_some());
        assert!(problem("decimal", &number("1e-3")).is_none());
    }
}
