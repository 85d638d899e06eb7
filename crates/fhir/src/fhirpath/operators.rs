//! Operators (FHIRPath 2.0 §6).

use std::cmp::Ordering;

use super::decimal::Decimal;
use super::eval::{Evaluator, Items, Outcome, Scope, boolean, single, text, truth};
use super::item::{Item, Quantity, System};
use super::parser::{Expr, Operator};
use super::{PathError, units};

pub(super) fn binary<'a>(
    evaluator: &Evaluator<'a>,
    operator: Operator,
    (left, right): (&'a Expr, &'a Expr),
    scope: Scope<'_, 'a>,
) -> Outcome<'a> {
    let one = evaluator.eval(left, scope)?;
    if matches!(operator, Operator::And | Operator::Or | Operator::Xor | Operator::Implies) {
        let two = evaluator.eval(right, scope)?;
        let answer = logic(operator, truth(&one)?, truth(&two)?);
        return Ok(answer.map(boolean).into_iter().collect());
    }
    let two = evaluator.eval(right, scope)?;
    evaluator.spend(one.len() + two.len())?;
    match operator {
        Operator::Union => union(evaluator, one, two),
        Operator::Equal => Ok(equal(&one, &two).map(boolean).into_iter().collect()),
        Operator::NotEqual => Ok(equal(&one, &two).map(|same| boolean(!same)).into_iter().collect()),
        Operator::Equivalent => Ok(vec![boolean(equivalent(evaluator, &one, &two)?)]),
        Operator::NotEquivalent => Ok(vec![boolean(!equivalent(evaluator, &one, &two)?)]),
        Operator::In => contains(&two, &one),
        Operator::Contains => contains(&one, &two),
        Operator::Less | Operator::Greater | Operator::LessOrEqual | Operator::GreaterOrEqual => {
            order(operator, &one, &two)
        }
        Operator::Concatenate => {
            let part = |items: &[Item<'a>]| match single(items)? {
                None => Ok(String::new()),
                Some(item) => match item.system() {
                    Some(System::String(text)) => Ok(text.into_owned()),
                    _ => Err(PathError::failed("& joins strings")),
                },
            };
            Ok(vec![text(part(&one)? + &part(&two)?)])
        }
        _ => arithmetic(operator, &one, &two),
    }
}

/// Three-valued logic (FHIRPath 2.0 §6.5); `None` is empty.
fn logic(operator: Operator, one: Option<bool>, two: Option<bool>) -> Option<bool> {
    match operator {
        Operator::And => match (one, two) {
            (Some(false), _) | (_, Some(false)) => Some(false),
            _ => Some(one? && two?),
        },
        Operator::Or => match (one, two) {
            (Some(true), _) | (_, Some(true)) => Some(true),
            _ => Some(one? || two?),
        },
        Operator::Xor => Some(one? != two?),
        _ => match (one, two) {
            (Some(false), _) | (_, Some(true)) => Some(true),
            _ => Some(!one? || two?),
        },
    }
}

/// Both collections, each value once.
pub(super) fn union<'a>(evaluator: &Evaluator<'a>, one: Items<'a>, two: Items<'a>) -> Outcome<'a> {
    let mut all = one;
    all.extend(two);
    distinct(evaluator, all)
}

/// Each value once.
pub(super) fn distinct<'a>(evaluator: &Evaluator<'a>, items: Items<'a>) -> Outcome<'a> {
    let mut kept: Items<'a> = Vec::with_capacity(items.len());
    for item in items {
        evaluator.spend(kept.len())?;
        if !has(&kept, &item) {
            kept.push(item);
        }
    }
    Ok(kept)
}

/// Whether an equal item is there.
pub(super) fn has(items: &[Item<'_>], wanted: &Item<'_>) -> bool {
    items.iter().any(|item| item.equals(wanted) == Some(true))
}

fn equal(one: &[Item<'_>], two: &[Item<'_>]) -> Option<bool> {
    if one.is_empty() || two.is_empty() {
        return None;
    }
    if one.len() != two.len() {
        return Some(false);
    }
    let mut open = false;
    for (one, two) in one.iter().zip(two) {
        match one.equals(two) {
            Some(false) => return Some(false),
            None => open = true,
            Some(true) => {}
        }
    }
    (!open).then_some(true)
}

/// Equivalence does not mind the order.
fn equivalent(evaluator: &Evaluator<'_>, one: &[Item<'_>], two: &[Item<'_>]) -> Result<bool, PathError> {
    if one.len() != two.len() {
        return Ok(false);
    }
    evaluator.spend(one.len() * two.len())?;
    let mut rest: Vec<&Item<'_>> = two.iter().collect();
    Ok(one.iter().all(|item| match rest.iter().position(|other| item.equivalent(other)) {
        Some(at) => {
            rest.swap_remove(at);
            true
        }
        None => false,
    }))
}

fn contains<'a>(items: &[Item<'a>], wanted: &[Item<'a>]) -> Outcome<'a> {
    Ok(single(wanted)?.map(|wanted| boolean(has(items, wanted))).into_iter().collect())
}

fn order<'a>(operator: Operator, one: &[Item<'a>], two: &[Item<'a>]) -> Outcome<'a> {
    let (Some(one), Some(two)) = (single(one)?, single(two)?) else { return Ok(Vec::new()) };
    let (Some(one), Some(two)) = (one.system(), two.system()) else {
        return Err(PathError::failed("these have no order"));
    };
    let holds = one.compare(&two)?.map(|order| match operator {
        Operator::Less => order == Ordering::Less,
        Operator::Greater => order == Ordering::Greater,
        Operator::LessOrEqual => order != Ordering::Greater,
        _ => order != Ordering::Less,
    });
    Ok(holds.map(boolean).into_iter().collect())
}

/// `-x`; in `sort` a text may stand there too, which `sort` itself looks after.
pub(super) fn negate<'a>(items: &[Item<'a>]) -> Outcome<'a> {
    let Some(item) = single(items)? else { return Ok(Vec::new()) };
    let negative = match item.system() {
        Some(System::Integer(value)) => System::Integer(value.saturating_neg()),
        Some(System::Decimal(value)) => System::Decimal(value.negated()),
        Some(System::Quantity(quantity)) => System::Quantity(Quantity { value: quantity.value.negated(), ..quantity }),
        _ => return Err(PathError::failed("only numbers have a negative")),
    };
    Ok(vec![Item::System(negative)])
}

fn arithmetic<'a>(operator: Operator, one: &[Item<'a>], two: &[Item<'a>]) -> Outcome<'a> {
    let (Some(one), Some(two)) = (single(one)?, single(two)?) else { return Ok(Vec::new()) };
    let (Some(one), Some(two)) = (one.system(), two.system()) else {
        return Err(PathError::failed("these can't be reckoned with"));
    };
    let result = match (&one, &two) {
        (System::String(first), System::String(second)) if operator == Operator::Plus => {
            Some(System::String(format!("{first}{second}").into()))
        }
        (System::Integer(first), System::Integer(second)) if operator != Operator::Divide => {
            whole(operator, *first, *second).map(System::Integer)
        }
        (System::Temporal(moment), System::Quantity(amount)) => {
            let value = match operator {
                Operator::Plus => amount.value,
                Operator::Minus => amount.value.negated(),
                _ => return Err(PathError::failed("a date can only be moved with + and -")),
            };
            let word = units::calendar_word(amount).ok_or_else(|| {
                PathError::failed(format!("a date can't be moved by {:?}: write a calendar unit", amount.unit))
            })?;
            moment.plus(value, word).map(System::Temporal)
        }
        _ => match (one.number(), two.number()) {
            (Some(first), Some(second)) => decimal(operator, first, second).map(System::Decimal),
            _ => quantity(operator, &one, &two)?.map(System::Quantity),
        },
    };
    Ok(result.map(Item::System).into_iter().collect())
}

/// `None` is empty: overflow or division by zero.
fn whole(operator: Operator, one: i64, two: i64) -> Option<i64> {
    match operator {
        Operator::Plus => one.checked_add(two),
        Operator::Minus => one.checked_sub(two),
        Operator::Times => one.checked_mul(two),
        Operator::Div => one.checked_div(two),
        _ => one.checked_rem(two),
    }
}

fn decimal(operator: Operator, one: Decimal, two: Decimal) -> Option<Decimal> {
    match operator {
        Operator::Plus => one.plus(two),
        Operator::Minus => one.minus(two),
        Operator::Times => one.times(two),
        Operator::Divide => one.divided_by(two),
        Operator::Div => one.whole_quotient(two),
        _ => one.remainder(two),
    }
}

fn quantity(operator: Operator, one: &System<'_>, two: &System<'_>) -> Result<Option<Quantity>, PathError> {
    let (Some(first), Some(second)) = (one.as_quantity(), two.as_quantity()) else {
        return Err(PathError::failed(format!("{} and {} can't be reckoned with", one.type_name(), two.type_name())));
    };
    Ok(match operator {
        Operator::Times => units::multiplied(&first, &second, false),
        Operator::Divide => units::multiplied(&first, &second, true),
        _ if first.unit == second.unit && first.calendar == second.calendar => {
            decimal(operator, first.value, second.value).map(|value| Quantity { value, ..first })
        }
        _ => None,
    })
}
