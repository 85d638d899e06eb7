//! HL7's FHIRPath tests for R4.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use fhir::Value;
use fhir::fhirpath::{Environment, Item, PathError, Program, System};
use roxmltree::{Document, Node};

use testkit::outside;

use crate::xml;

/// How many pass; may only grow.
const PASSING: usize = 906;

#[test]
fn the_official_expressions_give_the_official_answers() {
    let Some(folder) = outside::conformance() else {
        println!("skipped: ../shared/conformance is not here");
        return;
    };
    let text = fs::read_to_string(folder.join("fhir/r4/fhirpath/tests-fhir-r4.xml")).unwrap();
    let document = Document::parse(&text).unwrap();
    let mut inputs = HashMap::new();
    let (mut passed, mut skipped) = (0, 0);
    for test in document.descendants().filter(|node| node.has_tag_name("test")) {
        let file = test.attribute("inputfile").unwrap_or("patient-example.xml");
        let input = inputs.entry(file).or_insert_with(|| input(&folder.join("fhir/r4/examples"), file));
        let Some(input) = input else {
            skipped += 1;
            continue;
        };
        match problem(test, input) {
            None => passed += 1,
            Some(problem) => println!("{}: {problem}", test.attribute("name").unwrap_or_default()),
        }
    }
    println!("{passed} passed, {skipped} skipped because their input is not here");
    assert!(passed >= PASSING, "{passed} of HL7's FHIRPath tests pass, {PASSING} did");
}

/// The input as XML, or the same example as JSON.
fn input(folder: &Path, file: &str) -> Option<Value> {
    if let Ok(text) = fs::read_to_string(folder.join(file))
        && file.ends_with(".xml")
    {
        return Some(xml::resource(Document::parse(&text).unwrap().root_element()));
    }
    let bytes = fs::read(folder.join(file).with_extension("json")).ok()?;
    Some(fhir::json::parse(&bytes).unwrap())
}

/// What is wrong with our answer; `None` if nothing.
fn problem(test: Node<'_, '_>, input: &Value) -> Option<String> {
    let expression = test.children().find(|node| node.has_tag_name("expression"))?;
    let text = expression.text().unwrap_or_default();
    let outputs: Vec<Node<'_, '_>> = test.children().filter(|node| node.has_tag_name("output")).collect();
    let refused = expression.has_attribute("invalid") || test.has_attribute("invalid");
    let program = Program::compile(text);
    let environment = Environment { now: Some("2026-11-24T12:00:00.000-06:00") };
    let answer = program.as_ref().map_err(PathError::clone).and_then(|program| program.evaluate(input, environment));
    let items = match answer {
        Err(_) if refused => return None,
        Err(error) => return Some(format!("{text}: {error}")),
        Ok(items) => items,
    };
    let shown: Vec<String> = items.iter().map(show).collect();
    if refused {
        return Some(format!("{text}: {shown:?} instead of a refusal"));
    }
    let predicate = test.attribute("predicate") == Some("true");
    let right = if predicate {
        outputs[0].text() == Some(if items.is_empty() { "false" } else { "true" })
    } else {
        items.len() == outputs.len() && matches(&items, &outputs, test.attribute("ordered") == Some("false"))
    };
    let wanted: Vec<_> = outputs.iter().filter_map(Node::text).collect();
    (!right).then(|| format!("{text}: {shown:?} instead of {wanted:?}"))
}

fn matches(items: &[Item<'_>], outputs: &[Node<'_, '_>], any_order: bool) -> bool {
    let same = |item: &Item<'_>, output: &Node<'_, '_>| {
        let text = output.text().unwrap_or_default();
        let shown = show(item);
        shown == text.strip_prefix('@').unwrap_or(text)
            || text.strip_prefix("@T") == Some(&shown)
            || (output.attribute("type") == Some("decimal") && shown.parse::<f64>().ok() == text.parse().ok())
    };
    if any_order {
        return outputs.iter().all(|output| items.iter().any(|item| same(item, output)));
    }
    items.iter().zip(outputs).all(|(item, output)| same(item, output))
}

fn show(item: &Item<'_>) -> String {
    item.system().as_ref().map_or_else(|| format!("{item:?}").chars().take(60).collect(), System::to_string)
}
