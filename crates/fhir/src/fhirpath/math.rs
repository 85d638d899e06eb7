//! Numbers, conversions and boundaries (FHIRPath 2.0 §5.5, §5.7; boundaries are of 3.0).

use super::decimal::Decimal;
use super::eval::{Items, boolean, single};
use super::functions::Context;
use super::item::{Item, Quantity, System};
use super::temporal::{Temporal, TemporalKind};
use super::{PathError, units};

pub(super) fn call<'a>(
    context: &Context<'_, 'a>,
    name: &str,
    input: &[Item<'a>],
) -> Result<Option<Items<'a>>, PathError> {
    if let Some(target) = name.strip_prefix("convertsTo") {
        let found = single(input)?.map(|item| boolean(converted(item, target).is_some()));
        return Ok(Some(found.into_iter().collect()));
    }
    let converts = matches!(
        name,
        "toBoolean" | "toInteger" | "toDecimal" | "toString" | "toDate" | "toDateTime" | "toTime" | "toQuantity"
    );
    if converts {
        let found = single(input)?.and_then(|item| converted(item, &name[2..]));
        return Ok(Some(found.map(Item::System).into_iter().collect()));
    }
    let of_values = matches!(name, "lowBoundary" | "highBoundary" | "precision" | "comparable");
    let of_numbers =
        matches!(name, "abs" | "ceiling" | "exp" | "floor" | "ln" | "log" | "power" | "round" | "sqrt" | "truncate");
    if !of_values && !of_numbers {
        return Ok(None);
    }
    let Some(value) = single(input)?.map(Item::system) else { return Ok(Some(Vec::new())) };
    let value = value.ok_or_else(|| PathError::failed(format!("{name}() needs a value")))?;
    let found = if of_values { boundary(context, name, &value)? } else { reckoned(context, name, &value)? };
    Ok(Some(found.map(Item::System).into_iter().collect()))
}

fn reckoned<'a>(context: &Context<'_, 'a>, name: &str, value: &System<'a>) -> Result<Option<System<'a>>, PathError> {
    if let (System::Quantity(quantity), "abs") = (value, name) {
        return Ok(Some(System::Quantity(Quantity { value: quantity.value.abs(), ..quantity.clone() })));
    }
    let number = value.number().ok_or_else(|| PathError::failed(format!("{name}() needs a number")))?;
    let whole = |number: Option<Decimal>| number.and_then(Decimal::as_i64).map(System::Integer);
    let real = |value: f64| Decimal::from_f64(value, 12).map(System::Decimal);
    Ok(match name {
        "abs" => match value {
            System::Integer(value) => value.checked_abs().map(System::Integer),
            _ => Some(System::Decimal(number.abs())),
        },
        "ceiling" => whole(number.negated().floor_to(0).map(Decimal::negated)),
        "floor" => whole(number.floor_to(0)),
        "truncate" => whole(number.truncate()),
        "round" => {
            let places = context.whole(0)?.unwrap_or(0);
            let places = u32::try_from(places).map_err(|_| PathError::failed("round() needs places from 0"))?;
            number.round(places).map(System::Decimal)
        }
        "exp" => real(number.as_f64().exp()),
        "ln" => real(number.as_f64().ln()),
        "sqrt" => real(number.as_f64().sqrt()),
        "log" => match context.value(0)?.and_then(|base| base.number()) {
            Some(base) => real(number.as_f64().ln() / base.as_f64().ln()),
            None => None,
        },
        _ => match context.value(0)? {
            Some(exponent) => power(value, &exponent),
            None => None,
        },
    })
}

fn power<'a>(value: &System<'_>, exponent: &System<'_>) -> Option<System<'a>> {
    if let (System::Integer(base), System::Integer(exponent)) = (value, exponent)
        && let Ok(exponent) = u32::try_from(*exponent)
    {
        return base.checked_pow(exponent).map(System::Integer);
    }
    let result = value.number()?.as_f64().powf(exponent.number()?.as_f64());
    Decimal::from_f64(result, 12).map(System::Decimal)
}

fn boundary<'a>(context: &Context<'_, 'a>, name: &str, value: &System<'a>) -> Result<Option<System<'a>>, PathError> {
    let high = name == "highBoundary";
    if name == "comparable" {
        let other = context.value(0)?.and_then(|other| other.as_quantity());
        let both = value.as_quantity().zip(other);
        return Ok(both.map(|(one, two)| System::Boolean(units::comparable(&one, &two))));
    }
    if name == "precision" {
        return Ok(match value {
            System::Integer(_) => Some(System::Integer(0)),
            System::Decimal(number) => Some(System::Integer(number.scale().into())),
            System::Temporal(moment) => Some(System::Integer(moment.precision())),
            _ => None,
        });
    }
    let digits = context.whole(0)?;
    let of_number = |number: Decimal| {
        let places = u32::try_from(digits.unwrap_or(8)).ok().filter(|places| *places <= 28)?;
        let half = number.half_unit();
        let bound = if high { number.plus(half)? } else { number.minus(half)? };
        // The outward neighbour with so many places.
        if high { bound.negated().floor_to(places).map(Decimal::negated) } else { bound.floor_to(places) }
    };
    Ok(match value {
        System::Integer(_) | System::Decimal(_) => value.number().and_then(of_number).map(System::Decimal),
        System::Quantity(quantity) => {
            of_number(quantity.value).map(|value| System::Quantity(Quantity { value, ..quantity.clone() }))
        }
        System::Temporal(moment) => moment.boundary(digits, high).map(System::Temporal),
        _ => return Err(PathError::failed(format!("{name}() needs a number, date or time"))),
    })
}

/// The value as another type (FHIRPath 2.0 §5.5); `None` if it can't be.
fn converted<'a>(item: &Item<'a>, target: &str) -> Option<System<'a>> {
    let value = item.system()?;
    let text = match &value {
        System::String(text) => Some(text.as_ref()),
        _ => None,
    };
    let one_or_zero = |flag: bool| i64::from(flag);
    match target {
        "Boolean" => to_boolean(&value, text).map(System::Boolean),
        "Integer" => match &value {
            System::Integer(_) => Some(value),
            System::Boolean(flag) => Some(System::Integer(one_or_zero(*flag))),
            _ => text.and_then(|text| text.parse().ok()).map(System::Integer),
        },
        "Decimal" => match &value {
            System::Boolean(flag) => Some(System::Decimal(one_or_zero(*flag).into())),
            _ => value.number().or_else(|| Decimal::parse(text?)).map(System::Decimal),
        },
        "String" => match value {
            System::Type { .. } => None,
            _ => Some(System::String(value.to_string().into())),
        },
        "Date" => {
            moment(&value, text, Temporal::date, |moment| (moment.kind != TemporalKind::Time).then(|| moment.to_date()))
        }
        "DateTime" => moment(&value, text, Temporal::date_time, |moment| {
            (moment.kind != TemporalKind::Time).then(|| moment.to_date_time())
        }),
        "Time" => {
            moment(&value, text, Temporal::time, |moment| (moment.kind == TemporalKind::Time).then(|| moment.clone()))
        }
        _ => match &value {
            System::Boolean(flag) => System::Integer(one_or_zero(*flag)).as_quantity(),
            System::String(text) => quantity(text),
            _ => value.as_quantity(),
        }
        .map(System::Quantity),
    }
}

fn to_boolean(value: &System<'_>, text: Option<&str>) -> Option<bool> {
    if let System::Boolean(flag) = value {
        return Some(*flag);
    }
    if let Some(number) = value.number() {
        return match number.as_i64() {
            Some(1) => Some(true),
            Some(0) => Some(false),
            _ => None,
        };
    }
    match text?.to_lowercase().as_str() {
        "true" | "t" | "yes" | "y" | "1" | "1.0" => Some(true),
        "false" | "f" | "no" | "n" | "0" | "0.0" => Some(false),
        _ => None,
    }
}

fn moment<'a>(
    value: &System<'_>,
    text: Option<&str>,
    read: impl Fn(&str) -> Option<Temporal>,
    cast: impl Fn(&Temporal) -> Option<Temporal>,
) -> Option<System<'a>> {
    match value {
        System::Temporal(moment) => cast(moment),
        _ => read(text?),
    }
    .map(System::Temporal)
}

/// `1`, `1 day`, `1 'wk'`.
fn quantity(text: &str) -> Option<Quantity> {
    let text = text.trim();
    let end = text.find(|letter: char| !matches!(letter, '0'..='9' | '.' | '-' | '+')).unwrap_or(text.len());
    let value = Decimal::parse(&text[..end])?;
    let rest = text[end..].trim();
    if rest.is_empty() {
        return Some(Quantity { value, unit: "1".to_owned(), calendar: false });
    }
    if let Some(unit) = rest.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return Some(Quantity { value, unit: unit.to_owned(), calendar: false });
    }
    let word = rest.strip_suffix('s').unwrap_or(rest);
    let probe = Quantity { value, unit: word.to_owned(), calendar: true };
    (units::calendar_word(&probe) == Some(word) && !matches!(word, "m" | "" | "h" | "d" | "min" | "wk"))
        .then_some(probe)
}
