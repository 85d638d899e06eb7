//! FHIR XML (R4 §2.6.1) to our tree, enough for HL7's test inputs.

use fhir::Value;
use fhir::json::{Number, Object};
use fhir::schema::{self, TypeDef, TypeKind};
use roxmltree::Node;

/// A resource from its XML.
pub fn resource(node: Node<'_, '_>) -> Value {
    let name = node.tag_name().name();
    let of = schema::r4().type_def(name).unwrap_or_else(|| panic!("{name} is no type"));
    let mut object = Object::new();
    object.set("resourceType", name);
    members(node, of, &mut object);
    Value::Object(object)
}

fn members(node: Node<'_, '_>, of: &'static TypeDef, object: &mut Object) {
    for attribute in node.attributes().filter(|attribute| ["id", "url"].contains(&attribute.name())) {
        object.set(attribute.name(), attribute.value());
    }
    for child in node.children().filter(Node::is_element) {
        let name = child.tag_name().name();
        let (element, reference) = of.member(name).unwrap_or_else(|| panic!("{} has no {name}", of.name));
        let of = schema::r4().type_def(reference.code).expect("the type is in the table");
        let (value, sibling) = value(child, of);
        let sibling_name = format!("_{name}");
        if !element.is_list() {
            if let Some(value) = value {
                object.set(name, value);
            }
            if let Some(sibling) = sibling {
                object.set(sibling_name, sibling);
            }
            continue;
        }
        let count = object.get(name).and_then(Value::as_array).map_or(0, <[Value]>::len);
        append(object, name, value, count);
        if of.kind == TypeKind::Primitive && (sibling.is_some() || object.get(&sibling_name).is_some()) {
            append(object, &sibling_name, sibling, count);
        }
    }
}

fn append(object: &mut Object, name: &str, value: Option<Value>, at: usize) {
    let mut items = object.get(name).and_then(Value::as_array).unwrap_or_default().to_vec();
    items.resize(at, Value::Null);
    items.push(value.unwrap_or(Value::Null));
    object.set(name, Value::Array(items));
}

/// The value and, for primitives, the sibling with its extensions.
fn value(node: Node<'_, '_>, of: &'static TypeDef) -> (Option<Value>, Option<Value>) {
    if of.name == "xhtml" {
        return (Some(Value::from(&node.document().input_text()[node.range()])), None);
    }
    match of.kind {
        TypeKind::Resource => (node.children().find(Node::is_element).map(resource), None),
        TypeKind::Primitive => {
            let value = node.attribute("value").map(|text| match of.name {
                "boolean" => Value::Bool(text == "true"),
                "decimal" | "integer" | "positiveInt" | "unsignedInt" => {
                    Value::Number(Number::new(text).expect("a number"))
                }
                _ => Value::from(text),
            });
            let mut sibling = Object::new();
            members(node, of, &mut sibling);
            (value, (!sibling.is_empty()).then_some(Value::Object(sibling)))
        }
        _ => {
            let mut object = Object::new();
            members(node, of, &mut object);
            (Some(Value::Object(object)), None)
        }
    }
}
