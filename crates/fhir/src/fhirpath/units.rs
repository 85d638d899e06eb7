//! The part of UCUM that everyday expressions need: products and powers of common units, no
//! annotations, no temperatures. Units beyond it compare by their spelling.

use std::cmp::Ordering;
use std::collections::BTreeMap;

use super::decimal::Decimal;
use super::item::Quantity;

/// A unit as a factor of base units and their powers.
#[derive(Debug, PartialEq)]
struct Unit {
    factor: f64,
    powers: BTreeMap<&'static str, i32>,
}

/// Code, factor, base unit; the second column of primes may carry a prefix.
const ATOMS: [(&str, f64, &str, bool); 27] = [
    ("m", 1.0, "m", true),
    ("g", 1.0, "g", true),
    ("s", 1.0, "s", true),
    ("L", 0.001, "m3", true),
    ("l", 0.001, "m3", true),
    ("mol", 1.0, "mol", true),
    ("Pa", 1.0, "Pa", true),
    ("eq", 1.0, "eq", true),
    ("U", 1.0, "U", true),
    ("[iU]", 1.0, "[iU]", false),
    ("K", 1.0, "K", true),
    ("cal", 4.184, "J", true),
    ("J", 1.0, "J", true),
    ("m[Hg]", 133_322.0, "Pa", true),
    ("min", 60.0, "s", false),
    ("h", 3600.0, "s", false),
    ("d", 86_400.0, "s", false),
    ("wk", 604_800.0, "s", false),
    ("mo", 2_629_800.0, "s", false),
    ("a", 31_557_600.0, "s", false),
    ("[in_i]", 0.0254, "m", false),
    ("[ft_i]", 0.3048, "m", false),
    ("[lb_av]", 453.592_37, "g", false),
    ("[oz_av]", 28.349_523_125, "g", false),
    ("%", 0.01, "1", false),
    ("[pH]", 1.0, "[pH]", false),
    ("1", 1.0, "1", false),
];

const PREFIXES: [(&str, f64); 9] = [
    ("da", 10.0),
    ("k", 1e3),
    ("h", 1e2),
    ("d", 1e-1),
    ("c", 1e-2),
    ("m", 1e-3),
    ("u", 1e-6),
    ("n", 1e-9),
    ("p", 1e-12),
];

/// Calendar words; months and years are lengths of their own (FHIRPath 2.0 §4.1.8.1).
fn calendar(word: &str) -> Option<Unit> {
    let (factor, base) = match word {
        "millisecond" => (0.001, "s"),
        "second" => (1.0, "s"),
        "minute" => (60.0, "s"),
        "hour" => (3600.0, "s"),
        "day" => (86_400.0, "s"),
        "week" => (604_800.0, "s"),
        "month" => (1.0, "month"),
        "year" => (12.0, "month"),
        _ => return None,
    };
    Some(Unit { factor, powers: BTreeMap::from([(base, 1)]) })
}

/// The calendar word for a UCUM code whose length is the same everywhere.
pub(super) fn calendar_word(unit: &Quantity) -> Option<&str> {
    Some(match unit.unit.as_str() {
        word if calendar(word).is_some() => word,
        "ms" => "millisecond",
        "s" => "second",
        "min" => "minute",
        "h" => "hour",
        "d" => "day",
        "wk" => "week",
        _ => return None,
    })
}

fn unit(quantity: &Quantity) -> Option<Unit> {
    if quantity.calendar { calendar(&quantity.unit) } else { parse(&quantity.unit) }
}

/// `mg/dL`, `m2`, `kg.m/s2`.
fn parse(text: &str) -> Option<Unit> {
    let mut whole = Unit { factor: 1.0, powers: BTreeMap::new() };
    for (at, divided) in text.split('/').enumerate() {
        for part in divided.split('.').filter(|part| !part.is_empty()) {
            let atom = atom(part)?;
            let sign = if at > 0 { -1 } else { 1 };
            whole.factor *= atom.factor.powi(sign);
            for (base, power) in atom.powers {
                *whole.powers.entry(base).or_default() += sign * power;
            }
        }
    }
    whole.powers.retain(|base, power| *power != 0 && *base != "1");
    Some(whole)
}

/// One unit with prefix and power.
fn atom(text: &str) -> Option<Unit> {
    let name = text.trim_end_matches(|letter: char| letter.is_ascii_digit() || letter == '-' || letter == '+');
    let (name, power) = if name.is_empty() { (text, 1) } else { (name, text[name.len()..].parse().unwrap_or(1)) };
    let found = ATOMS.iter().find(|(code, ..)| *code == name).map(|(_, factor, base, _)| (*factor, *base));
    let (factor, base) = found.or_else(|| {
        PREFIXES.iter().find_map(|(prefix, times)| {
            let rest = name.strip_prefix(prefix)?;
            let (_, factor, base, _) = ATOMS.iter().find(|(code, .., prefixed)| *code == rest && *prefixed)?;
            Some((factor * times, *base))
        })
    })?;
    let (base, times) = if base == "m3" { ("m", 3) } else { (base, 1) };
    Some(Unit { factor: factor.powi(power), powers: BTreeMap::from([(base, power * times)]) })
}

/// Both values in the same unit; `None` if they can't be.
fn common(one: &Quantity, two: &Quantity) -> Option<(f64, f64)> {
    let (first, second) = (unit(one)?, unit(two)?);
    (first.powers == second.powers).then(|| (one.value.as_f64() * first.factor, two.value.as_f64() * second.factor))
}

fn same_unit(one: &Quantity, two: &Quantity) -> bool {
    one.unit == two.unit && one.calendar == two.calendar
}

/// Whether the units can be compared.
pub(super) fn comparable(one: &Quantity, two: &Quantity) -> bool {
    same_unit(one, two) || common(one, two).is_some()
}

/// Equality; a calendar month and UCUM's mean month leave it open.
pub(super) fn equals(one: &Quantity, two: &Quantity) -> Option<bool> {
    if same_unit(one, two) {
        return Some(one.value == two.value);
    }
    match common(one, two) {
        Some((first, second)) => Some((first - second).abs() <= first.abs().max(second.abs()) * 1e-9),
        None if one.calendar || two.calendar => None,
        None => Some(false),
    }
}

/// Equivalence: to the precision of the less precise.
pub(super) fn equivalent(one: &Quantity, two: &Quantity) -> bool {
    if same_unit(one, two) {
        let places = one.value.trimmed().scale().min(two.value.trimmed().scale());
        return one.value.round(places) == two.value.round(places);
    }
    let (Some((first, second)), Some(unit_one), Some(unit_two)) = (common(one, two), unit(one), unit(two)) else {
        return false;
    };
    let step = |quantity: &Quantity, factor: f64| factor * 10f64.powi(-(quantity.value.trimmed().scale() as i32));
    let step = step(one, unit_one.factor).max(step(two, unit_two.factor));
    (first / step).round() == (second / step).round()
}

/// Order; `None` if the units differ in kind.
pub(super) fn compare(one: &Quantity, two: &Quantity) -> Option<Ordering> {
    if same_unit(one, two) {
        return Some(one.value.cmp(&two.value));
    }
    if equals(one, two)? {
        return Some(Ordering::Equal);
    }
    common(one, two)?.0.partial_cmp(&common(one, two)?.1)
}

/// Product or quotient, in base units.
pub(super) fn multiplied(one: &Quantity, two: &Quantity, divided: bool) -> Option<Quantity> {
    let (first, second) = (unit(one)?, unit(two)?);
    let sign = if divided { -1 } else { 1 };
    let mut powers = first.powers;
    for (base, power) in second.powers {
        *powers.entry(base).or_default() += sign * power;
    }
    powers.retain(|_, power| *power != 0);
    let factor = first.factor * second.factor.powi(sign);
    let plain = if divided { one.value.divided_by(two.value)? } else { one.value.times(two.value)? };
    let value = plain.times(Decimal::from_f64(factor, 15)?)?;
    let mut unit = powers.iter().map(|(base, power)| match power {
        1 => (*base).to_owned(),
        _ => format!("{base}{power}"),
    });
    let unit = unit.by_ref().collect::<Vec<_>>().join(".");
    Some(Quantity { value, unit: if unit.is_empty() { "1".to_owned() } else { unit }, calendar: false })
}
