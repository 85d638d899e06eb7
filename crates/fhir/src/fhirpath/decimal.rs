//! Decimal arithmetic for FHIRPath: exact within 38 digits, empty beyond, never a binary fraction
//! where a decimal one was written (FHIRPath 2.0 §4.1.4).

use std::cmp::Ordering;
use std::fmt;

/// `digits / 10^scale`; the scale is kept as written, `1.10` has two places.
#[derive(Clone, Copy, Debug)]
pub struct Decimal {
    digits: i128,
    scale: u32,
}

/// Digits that an i128 always holds.
const MAX_SCALE: u32 = 28;
/// Places of a quotient.
const QUOTIENT_PLACES: u32 = 16;

impl Decimal {
    /// Reads a JSON or FHIRPath number, also with exponent; `None` beyond 38 digits.
    pub fn parse(text: &str) -> Option<Self> {
        let (mantissa, exponent) = match text.split_once(['e', 'E']) {
            Some((mantissa, exponent)) => (mantissa, exponent.parse::<i32>().ok()?),
            None => (text, 0),
        };
        let (sign, plain) = match mantissa.strip_prefix('-') {
            Some(plain) => (-1, plain),
            None => (1, mantissa.strip_prefix('+').unwrap_or(mantissa)),
        };
        let (whole, fraction) = plain.split_once('.').unwrap_or((plain, ""));
        if whole.is_empty() || plain.ends_with('.') || whole.len() + fraction.len() > 38 {
            return None;
        }
        let mut digits: i128 = 0;
        for byte in whole.bytes().chain(fraction.bytes()) {
            if !byte.is_ascii_digit() {
                return None;
            }
            digits = digits.checked_mul(10)?.checked_add(i128::from(byte - b'0'))?;
        }
        let scale = i32::try_from(fraction.len()).ok()?.checked_sub(exponent)?;
        let digits = sign * digits;
        match u32::try_from(scale) {
            Ok(scale) => (scale <= 60).then_some(Self { digits, scale }),
            Err(_) => Some(Self { digits: digits.checked_mul(power(scale.unsigned_abs())?)?, scale: 0 }),
        }
    }

    /// The nearest decimal of a double with at most `places` places.
    pub fn from_f64(value: f64, places: usize) -> Option<Self> {
        let text = format!("{value:.places$}");
        let short = if text.contains('.') { text.trim_end_matches('0').trim_end_matches('.') } else { &text };
        value.is_finite().then(|| Self::parse(short))?
    }

    /// The nearest double.
    pub fn as_f64(self) -> f64 {
        self.to_string().parse().unwrap_or(f64::NAN)
    }

    /// Places after the point.
    pub fn scale(self) -> u32 {
        self.scale
    }

    /// Whether it is zero.
    pub fn is_zero(self) -> bool {
        self.digits == 0
    }

    /// Whether it is below zero.
    pub fn is_negative(self) -> bool {
        self.digits < 0
    }

    /// The value with exactly that many places, digits beyond cut off towards minus infinity.
    pub fn floor_to(self, scale: u32) -> Option<Self> {
        let digits = match scale.checked_sub(self.scale) {
            Some(more) => self.digits.checked_mul(power(more)?)?,
            None => self.digits.div_euclid(power(self.scale - scale)?),
        };
        Some(Self { digits, scale })
    }

    /// Rounded to the nearest, half away from zero.
    pub fn round(self, scale: u32) -> Option<Self> {
        if scale >= self.scale {
            return Some(self);
        }
        let unit = power(self.scale - scale)?;
        let (quotient, rest) = (self.digits / unit, self.digits % unit);
        let up = i128::from(rest.abs() * 2 >= unit) * self.digits.signum();
        Some(Self { digits: quotient + up, scale })
    }

    /// The whole part, towards zero.
    pub fn truncate(self) -> Option<Self> {
        Some(Self { digits: self.digits / power(self.scale)?, scale: 0 })
    }

    /// The value as an integer if it is one.
    pub fn as_i64(self) -> Option<i64> {
        let whole = self.truncate()?;
        (whole == self).then(|| i64::try_from(whole.digits).ok())?
    }

    /// Half of the last place: what the precision leaves open.
    pub fn half_unit(self) -> Self {
        Self { digits: 5, scale: self.scale + 1 }
    }

    /// The negative.
    pub fn negated(self) -> Self {
        Self { digits: self.digits.saturating_neg(), scale: self.scale }
    }

    /// Without a sign.
    pub fn abs(self) -> Self {
        Self { digits: self.digits.saturating_abs(), scale: self.scale }
    }

    /// The sum; `None` on overflow, as in the operations below.
    pub fn plus(self, other: Self) -> Option<Self> {
        let (one, two, scale) = aligned(self, other)?;
        Some(Self { digits: one.checked_add(two)?, scale })
    }

    /// The difference.
    pub fn minus(self, other: Self) -> Option<Self> {
        self.plus(other.negated())
    }

    /// The product.
    pub fn times(self, other: Self) -> Option<Self> {
        Some(Self { digits: self.digits.checked_mul(other.digits)?, scale: self.scale + other.scale }.shortened())
    }

    /// The quotient to 16 places, trailing zeros dropped; `None` for division by zero.
    pub fn divided_by(self, other: Self) -> Option<Self> {
        let (one, two, _) = aligned(self, other)?;
        let quotient = one.checked_mul(power(QUOTIENT_PLACES)?)?.checked_div(two)?;
        Some(Self { digits: quotient, scale: QUOTIENT_PLACES }.trimmed())
    }

    /// The whole quotient, towards zero.
    pub fn whole_quotient(self, other: Self) -> Option<Self> {
        let (one, two, _) = aligned(self, other)?;
        Some(Self { digits: one.checked_div(two)?, scale: 0 })
    }

    /// The rest.
    pub fn remainder(self, other: Self) -> Option<Self> {
        let (one, two, scale) = aligned(self, other)?;
        Some(Self { digits: one.checked_rem(two)?, scale })
    }

    /// Without trailing zeros after the point.
    pub fn trimmed(mut self) -> Self {
        while self.scale > 0 && self.digits % 10 == 0 {
            self.digits /= 10;
            self.scale -= 1;
        }
        self
    }

    fn shortened(self) -> Self {
        if self.scale > MAX_SCALE { self.trimmed() } else { self }
    }
}

impl From<i64> for Decimal {
    fn from(value: i64) -> Self {
        Self { digits: value.into(), scale: 0 }
    }
}

fn power(exponent: u32) -> Option<i128> {
    10i128.checked_pow(exponent)
}

fn aligned(one: Decimal, two: Decimal) -> Option<(i128, i128, u32)> {
    let scale = one.scale.max(two.scale);
    let raise = |value: Decimal| value.digits.checked_mul(power(scale - value.scale)?);
    Some((raise(one)?, raise(two)?, scale))
}

impl PartialEq for Decimal {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Decimal {}

impl PartialOrd for Decimal {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Decimal {
    fn cmp(&self, other: &Self) -> Ordering {
        match aligned(*self, *other) {
            Some((one, two, _)) => one.cmp(&two),
            None => self.as_f64().total_cmp(&other.as_f64()),
        }
    }
}

impl fmt::Display for Decimal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.digits < 0 { "-" } else { "" };
        let digits = format!("{:0>width$}", self.digits.unsigned_abs(), width = self.scale as usize + 1);
        let (whole, fraction) = digits.split_at(digits.len() - self.scale as usize);
        match fraction {
            "" => write!(f, "{sign}{whole}"),
            _ => write!(f, "{sign}{whole}.{fraction}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn arithmetic_is_decimal() {
        let decimal = |text| Decimal::parse(text).unwrap();
        assert_eq!(decimal("0.1").plus(decimal("0.2")).unwrap().to_string(), "0.3");
        assert_eq!(decimal("1.2").divided_by(decimal("1.8")).unwrap().round(2).unwrap().to_string(), "0.67");
        assert_eq!(decimal("-1.10").to_string(), "-1.10");
        assert_eq!(decimal("1.10"), decimal("1.1"));
        assert_eq!(decimal("-1.587").floor_to(2).unwrap().to_string(), "-1.59");
        assert_eq!(decimal("1.5e3").to_string(), "1500");
        assert_eq!(decimal("1e-3").to_string(), "0.001");
        for bad in ["", "-", "1.", "x", "1e99", "1e-99", &"9".repeat(39)] {
            assert!(Decimal::parse(bad).is_none(), "{bad}");
        }
    }
}
