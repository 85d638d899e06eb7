//! Vital signs: codes, units (UCUM) and plausibility. Outside the hard limits a value is impossible
//! and refused; outside the soft ones it is unusual and somebody confirms it.

use fhir::Value;
use fhir::json::Number;

use crate::Problem;

/// A vital sign that is measured.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Vital {
    /// Name of the field.
    pub field: &'static str,
    /// Words on the screen.
    pub label: &'static str,
    /// LOINC code.
    pub loinc: &'static str,
    /// UCUM unit.
    pub unit: &'static str,
    /// Possible values.
    pub hard: (f64, f64),
    /// Usual values.
    pub soft: (f64, f64),
}

const fn vital(
    field: &'static str,
    label: &'static str,
    code: (&'static str, &'static str),
    hard: (f64, f64),
    soft: (f64, f64),
) -> Vital {
    Vital { field, label, loinc: code.0, unit: code.1, hard, soft }
}

/// Systolic pressure.
pub const SYSTOLIC: Vital = vital("systolic", "Presión sistólica", ("8480-6", "mm[Hg]"), (40.0, 300.0), (80.0, 180.0));
/// Diastolic pressure.
pub const DIASTOLIC: Vital =
    vital("diastolic", "Presión diastólica", ("8462-4", "mm[Hg]"), (20.0, 200.0), (45.0, 115.0));

/// Field of the height of the womb.
pub const FUNDAL: &str = "fundal";

/// Every vital sign, in the order of the form.
pub const VITALS: [Vital; 12] = [
    SYSTOLIC,
    DIASTOLIC,
    vital("pulse", "Pulso", ("8867-4", "/min"), (20.0, 300.0), (45.0, 180.0)),
    vital("breaths", "Respiraciones", ("9279-1", "/min"), (4.0, 120.0), (10.0, 60.0)),
    vital("temperature", "Temperatura", ("8310-5", "Cel"), (28.0, 44.0), (35.0, 40.0)),
    vital("saturation", "Saturación de oxígeno", ("2708-6", "%"), (40.0, 100.0), (88.0, 100.0)),
    vital("weight", "Peso", ("29463-7", "kg"), (0.3, 350.0), (2.0, 150.0)),
    vital("height", "Talla", ("8302-2", "cm"), (20.0, 250.0), (45.0, 200.0)),
    vital("muac", "Perímetro del brazo", ("56072-2", "cm"), (5.0, 60.0), (11.0, 45.0)),
    vital("head", "Perímetro de la cabeza", ("9843-4", "cm"), (15.0, 70.0), (30.0, 60.0)),
    vital("glucose", "Glucosa", ("2339-0", "mg/dL"), (10.0, 1500.0), (60.0, 350.0)),
    vital(FUNDAL, "Altura uterina", ("11881-0", "cm"), (5.0, 60.0), (10.0, 42.0)),
];

/// A value as it was typed, checked.
#[derive(Clone, Debug, PartialEq)]
pub struct Reading {
    /// Which sign.
    pub vital: Vital,
    /// The number as typed, with a decimal point.
    pub text: String,
    /// Its value.
    pub value: f64,
}

impl Reading {
    /// Whether somebody should confirm it.
    pub fn unusual(&self) -> bool {
        self.value < self.vital.soft.0 || self.value > self.vital.soft.1
    }

    /// As a FHIR Quantity.
    pub fn quantity(&self) -> Value {
        fhir::json!({ "value": Number::new(&self.text).map(Value::Number), "unit": self.vital.unit,
            "system": "http://unitsofmeasure.org", "code": self.vital.unit })
    }
}

/// Reads what was typed for a sign.
///
/// # Errors
/// `number-invalid` or `value-impossible`.
pub fn read(field: &str, typed: &str) -> Result<Reading, Problem> {
    let problem = |key| Problem::new(field, key);
    let vital = VITALS.into_iter().find(|one| one.field == field).ok_or_else(|| problem("field-unknown"))?;
    let text = typed.trim().replace(',', ".");
    let number = Number::new(&text).ok_or_else(|| problem("number-invalid"))?;
    let value = number.as_f64();
    if value < vital.hard.0 || value > vital.hard.1 {
        return Err(problem("value-impossible"));
    }
    Ok(Reading { vital, text, value })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn impossible_is_refused_and_unusual_is_asked() {
        assert_eq!(read("temperature", "36,50").unwrap().quantity().get("value").unwrap().to_string(), "36.50");
        assert_eq!(read("temperature", "365").unwrap_err().key, "value-impossible");
        assert_eq!(read("pulse", "x").unwrap_err().key, "number-invalid");
        assert!(read("systolic", "210").unwrap().unusual());
        assert!(!read("systolic", "112").unwrap().unusual());
        for one in VITALS {
            assert!(one.hard.0 <= one.soft.0 && one.soft.1 <= one.hard.1, "{}", one.field);
        }
    }
}
