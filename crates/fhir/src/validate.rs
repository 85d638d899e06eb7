//! Structural validation on write, from the official definitions: known elements, JSON shapes,
//! cardinality, primitive formats, choices, required codes, reference targets, contained
//! resources, extensions, narrative.
//!
//! Refuses to know profiles and terminology servers; those are later issues. Whether a reference's
//! target exists is not asked.

mod primitive;
mod rules;

use crate::json::{Object, Value};
use crate::outcome::Issue;
use crate::schema::{self, Element, Schema, TypeDef, TypeKind, TypeRef};

pub use primitive::{date, is_id};

/// At most this many issues are collected; a hostile body can't buy more.
const MAX_ISSUES: usize = 100;

/// Everything that is structurally wrong with a resource; empty if nothing.
pub fn validate(resource: &Value) -> Vec<Issue> {
    let mut checker = Checker { schema: schema::r4(), issues: Vec::new(), place: String::new(), inside: &[] };
    checker.resource(resource, false);
    checker.issues
}

struct Checker<'a> {
    schema: &'static Schema,
    issues: Vec<Issue>,
    place: String,
    /// What the resource that is checked contains.
    inside: &'a [Value],
}

impl<'a> Checker<'a> {
    fn report(&mut self, code: &'static str, problem: impl Into<String>) {
        if self.issues.len() < MAX_ISSUES {
            self.issues.push(Issue::error(code, self.place.clone(), problem));
        }
    }

    /// Runs `check` with `part` added to the place.
    fn inside(&mut self, part: &str, check: impl FnOnce(&mut Self)) {
        let length = self.place.len();
        self.place.push_str(part);
        check(self);
        self.place.truncate(length);
    }

    fn resource(&mut self, resource: &'a Value, contained: bool) {
        let outside = self.inside;
        if !contained {
            self.inside = resource.items("contained");
        }
        self.whole(resource, contained);
        self.inside = outside;
    }

    fn whole(&mut self, resource: &'a Value, contained: bool) {
        let Some(object) = resource.as_object() else {
            return self.report("structure", "a resource is a JSON object");
        };
        let Some(name) = object.get("resourceType").and_then(Value::as_str) else {
            return self
                .report("structure", "resourceType is missing: it says what the resource is, such as \"Patient\"");
        };
        let Some(definition) = self.schema.type_def(name).filter(|_| self.schema.is_resource(name)) else {
            return self.report("structure", format!("{name:?} is not a resource type of R4"));
        };
        if self.place.is_empty() {
            self.place = name.to_owned();
        }
        if contained && object.get("contained").is_some() {
            self.report("invariant", "a contained resource can't contain others (dom-2)");
        }
        if contained && object.get("id").is_none() {
            self.report("required", "a contained resource needs an id");
        }
        // The definition calls it a string; R4 §2.27.1 says that it is an id.
        if object.get("id").and_then(Value::as_str).is_some_and(|id| !is_id(id)) {
            self.inside(".id", |checker| {
                checker.report("value", "an id is 1 to 64 characters of A-Z, a-z, 0-9, - and .");
            });
        }
        self.object(definition, object);
        rules::resource(self, name, object, contained);
    }

    fn object(&mut self, definition: &'static TypeDef, object: &'a Object) {
        if object.is_empty() {
            return self.report("structure", "an empty object says nothing: leave the element out (ele-1)");
        }
        if definition.kind != TypeKind::Resource && object.iter().all(|(name, _)| name == "id") {
            self.report("invariant", "an id alone says nothing: leave the element out (ele-1)");
        }
        let mut seen: Vec<(&'static str, &str)> = Vec::new();
        for (name, value) in object.iter() {
            if name == "resourceType" && definition.kind == TypeKind::Resource {
                continue;
            }
            let plain = name.strip_prefix('_');
            let Some((element, reference)) = definition.member(plain.unwrap_or(name)) else {
                self.unknown(definition, name);
                continue;
            };
            let primitive = self.is_primitive(reference);
            if plain.is_some() && !primitive {
                self.inside(&format!(".{name}"), |checker| {
                    checker.report("structure", "only primitives have a _ sibling")
                });
                continue;
            }
            let bare = plain.unwrap_or(name);
            if let Some((_, other)) = seen.iter().find(|(known, other)| *known == element.name && *other != bare) {
                let text = format!("{}[x] has one type only: {other} stands beside {bare}", element.name);
                self.inside(&format!(".{name}"), |checker| checker.report("structure", text));
            }
            seen.push((element.name, bare));
            if plain.is_none() || object.get(bare).is_none() {
                let sibling = object.get(&format!("_{bare}")).filter(|_| primitive);
                let value = plain.is_none().then_some(value);
                self.inside(&format!(".{bare}"), |checker| checker.member(element, reference, value, sibling));
            }
        }
        self.missing(definition, object, &seen);
        rules::complex(self, definition.name, object);
    }

    fn unknown(&mut self, definition: &TypeDef, name: &str) {
        let text = format!("{} has no element {name:?} in R4", definition.name);
        self.inside(&format!(".{name}"), |checker| checker.report("structure", text));
    }

    fn missing(&mut self, definition: &'static TypeDef, object: &Object, seen: &[(&'static str, &str)]) {
        for element in definition.elements.iter().filter(|element| element.min > 0) {
            // A primitive's value is asked for by `ele-1` and by the format, not as an element.
            let own_value = definition.kind == TypeKind::Primitive && element.name == "value";
            if !own_value && !seen.iter().any(|(name, _)| *name == element.name) {
                let choice = if element.is_choice { "[x]" } else { "" };
                let text = format!("{}.{}{choice} is required", definition.name, element.name);
                self.inside(&format!(".{}", element.name), |checker| checker.report("required", text));
            } else if element.is_list()
                && object.get(element.name).is_some_and(|value| items(value) < element.min as usize)
            {
                self.report("required", format!("{} needs at least {} items", element.name, element.min));
            }
        }
    }

    fn is_primitive(&self, reference: &TypeRef) -> bool {
        self.schema.type_def(reference.code).is_some_and(|found| found.kind == TypeKind::Primitive)
    }

    /// One member, its array if it is a list, and the `_` sibling of a primitive.
    fn member(
        &mut self,
        element: &'static Element,
        reference: &'static TypeRef,
        value: Option<&'a Value>,
        sibling: Option<&'a Value>,
    ) {
        if !element.is_list() {
            if matches!(value, Some(Value::Array(_))) {
                return self.report("structure", "one value is allowed here, not an array");
            }
            return self.value(element, reference, value, sibling);
        }
        let list = |part: Option<&Value>| match part {
            Some(Value::Array(items)) if items.is_empty() => Err("an empty array says nothing: leave the element out"),
            Some(Value::Array(items)) => Ok(items.len()),
            Some(_) => Err("an array is needed here"),
            None => Ok(0),
        };
        let (count, siblings) = match (list(value), list(sibling)) {
            (Ok(count), Ok(siblings)) => (count, siblings),
            (Err(text), _) | (_, Err(text)) => return self.report("structure", text),
        };
        if value.is_some() && sibling.is_some() && count != siblings {
            return self.report("structure", "the array and its _ sibling have different lengths");
        }
        let longest = count.max(siblings);
        if element.max.is_some_and(|max| longest > max as usize) {
            self.report("structure", format!("at most {} items are allowed", element.max.unwrap_or(0)));
        }
        for at in 0..longest {
            let item = value.and_then(Value::as_array).and_then(|items| items.get(at));
            let beside = sibling.and_then(Value::as_array).and_then(|items| items.get(at));
            let absent = |part: &&Value| **part != Value::Null || !self.is_primitive(reference);
            let (item, beside) = (item.filter(absent), beside.filter(|part| **part != Value::Null));
            self.inside(&format!("[{at}]"), |checker| checker.value(element, reference, item, beside));
        }
    }

    fn value(
        &mut self,
        element: &'static Element,
        reference: &'static TypeRef,
        value: Option<&'a Value>,
        sibling: Option<&'a Value>,
    ) {
        let Some(definition) = self.schema.type_def(reference.code) else { return };
        match definition.kind {
            TypeKind::Primitive => self.primitive(element, reference, value, sibling),
            TypeKind::Resource => {
                let Some(resource) = value else { return };
                if element.name == "contained" {
                    return self.resource(resource, true);
                }
                // Bundle.entry.resource, Parameters.parameter.resource: a place of its own inside.
                self.resource(resource, false);
            }
            TypeKind::Complex | TypeKind::Backbone => match value {
                Some(Value::Object(object)) => {
                    self.object(definition, object);
                    self.bound(element, value);
                    if reference.code == "Reference" {
                        rules::reference(self, reference, object);
                    }
                    // The definitions profile such a Quantity (codegen keeps it as its target).
                    if reference.targets.contains(&"SimpleQuantity") && object.get("comparator").is_some() {
                        self.inside(".comparator", |checker| {
                            checker.report("invariant", "this quantity is a plain number: no comparator (sqty-1)");
                        });
                    }
                }
                _ => self.report("structure", format!("{} is a JSON object", reference.code)),
            },
        }
    }

    fn primitive(
        &mut self,
        element: &'static Element,
        reference: &'static TypeRef,
        value: Option<&'a Value>,
        sibling: Option<&'a Value>,
    ) {
        match sibling {
            Some(Value::Object(object)) => {
                for (name, part) in object.iter() {
                    match name {
                        "id" if part.as_str().is_some_and(|id| !id.is_empty()) => {}
                        "extension" => self.inside(".extension", |checker| checker.extensions(part)),
                        _ => self.report("structure", format!("{name:?} can't stand in the _ sibling of a primitive")),
                    }
                }
                if object.get("extension").is_none() && (value.is_none() || object.is_empty()) {
                    self.report("structure", "without value and extension it says nothing: leave it out (ele-1)");
                }
            }
            Some(_) => self.report("structure", "the _ sibling of a primitive is an object"),
            None if value.is_none() => self.report("structure", "null stands only beside a _ sibling"),
            None => {}
        }
        let Some(value) = value else { return };
        if let Some(problem) = primitive::problem(reference.code, value) {
            return self.report("value", problem);
        }
        if reference.code == "xhtml"
            && let Some(problem) = value.as_str().and_then(rules::narrative)
        {
            return self.report("invariant", problem);
        }
        self.bound(element, Some(value));
    }

    fn extensions(&mut self, list: &'a Value) {
        let definition = self.schema.type_def("Extension").expect("Extension is in the table");
        let Some(items) = list.as_array().filter(|items| !items.is_empty()) else {
            return self.report("structure", "extension is an array with at least one item");
        };
        for (at, item) in items.iter().enumerate() {
            self.inside(&format!("[{at}]"), |checker| match item.as_object() {
                Some(object) => checker.object(definition, object),
                None => checker.report("structure", "Extension is a JSON object"),
            });
        }
    }

    /// Required bindings (R4 §4.1.5): a code, a Coding, or one Coding of a CodeableConcept.
    fn bound(&mut self, element: &'static Element, value: Option<&Value>) {
        let Some(binding) = element.binding.as_ref().filter(|binding| binding.required) else { return };
        let (Some(set), Some(value)) = (self.schema.value_set(binding.value_set), value) else { return };
        let coding = |coding: &Value| match (coding.text_at(&["system"]), coding.text_at(&["code"])) {
            (Some(system), Some(code)) => set.has_coding(system, code),
            (None, Some(code)) => set.has_code(code),
            (_, None) => set.open,
        };
        let right = match value {
            Value::String(code) => set.has_code(code),
            Value::Object(object) if object.get("coding").is_some() => value.items("coding").iter().any(coding),
            // Text alone leaves a required CodeableConcept without code; Quantity codes have their own set.
            Value::Object(object) if object.get("code").is_some() => coding(value),
            Value::Object(object) => object.get("text").is_none() || set.open,
            _ => true,
        };
        if !right {
            let shown = value.as_str().map_or_else(|| "the code".to_owned(), |code| format!("{code:?}"));
            self.report("code-invalid", format!("{shown} is not in the required value set {}", set.url));
        }
    }
}

fn items(value: &Value) -> usize {
    value.as_array().map_or(1, <[Value]>::len)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn issues(text: &str) -> Vec<(String, &'static str)> {
        let resource = crate::json::parse(text.as_bytes()).expect("the case is JSON");
        validate(&resource).into_iter().map(|issue| (issue.expression.unwrap_or_default(), issue.code)).collect()
    }

    fn one(text: &str, place: &str, code: &'static str) {
        assert_eq!(issues(text), [(place.to_owned(), code)], "{text}");
    }

    #[test]
    fn a_patient_with_all_kinds_of_elements_is_right() {
        let text = r##"{"resourceType":"Patient","id":"p","meta":{"versionId":"1"},"contained":[{"resourceType":"Organization","id":"o","name":"x"}],
            "active":true,"_active":{"extension":[{"url":"http://x.org/e","valueDecimal":1.10}]},
            "name":[{"given":["Rosa",null],"_given":[null,{"extension":[{"url":"http://x.org/e","valueCode":"masked"}]}]}],
            "gender":"female","birthDate":"1992-03","multipleBirthInteger":2,
            "managingOrganization":{"reference":"#o"},
            "generalPractitioner":[{"reference":"Practitioner/1"}]}"##;
        assert_eq!(issues(text), []);
    }

    #[test]
    fn each_kind_of_mistake_names_its_place() {
        one(r#"{"resourceType":"Patient","nombre":"x"}"#, "Patient.nombre", "structure");
        one(r#"{"resourceType":"Patient","active":"true"}"#, "Patient.active", "value");
        one(r#"{"resourceType":"Patient","name":{"family":"x"}}"#, "Patient.name", "structure");
        one(r#"{"resourceType":"Patient","name":[]}"#, "Patient.name", "structure");
        one(r#"{"resourceType":"Patient","name":[{}]}"#, "Patient.name[0]", "structure");
        one(r#"{"resourceType":"Patient","name":[null]}"#, "Patient.name[0]", "structure");
        one(r#"{"resourceType":"Patient","birthDate":["1992"]}"#, "Patient.birthDate", "structure");
        one(r#"{"resourceType":"Patient","birthDate":"1992-02-30"}"#, "Patient.birthDate", "value");
        one(r#"{"resourceType":"Patient","gender":"mujer"}"#, "Patient.gender", "code-invalid");
        one(
            r#"{"resourceType":"Patient","deceasedBoolean":true,"deceasedDateTime":"2020"}"#,
            "Patient.deceasedDateTime",
            "structure",
        );
        one(r#"{"resourceType":"Patient","name":[{"given":["Rosa",""]}]}"#, "Patient.name[0].given[1]", "value");
        one(
            r#"{"resourceType":"Patient","generalPractitioner":[{"reference":"Patient/1"}]}"#,
            "Patient.generalPractitioner[0]",
            "structure",
        );
        one(r#"{"resourceType":"Observation","code":{"text":"x"}}"#, "Observation.status", "required");
        one(r#"{"resourceType":"Paciente"}"#, "", "structure");
        one(r#"{"id":"x"}"#, "", "structure");
        one(
            r#"{"resourceType":"Patient","extension":[{"url":"http://x","valueString":"a","extension":[{"url":"b","valueString":"c"}]}]}"#,
            "Patient.extension[0]",
            "invariant",
        );
        one(r#"{"resourceType":"Patient","_name":[{"id":"x"}]}"#, "Patient._name", "structure");
    }

    #[test]
    fn an_element_says_something_and_a_local_reference_leads_somewhere() {
        one(r#"{"resourceType":"Patient","name":[{"id":"x"}]}"#, "Patient.name[0]", "invariant");
        one(r#"{"resourceType":"Patient","name":[{"_given":[{"id":"x"}]}]}"#, "Patient.name[0].given[0]", "structure");
        assert_eq!(issues(r#"{"resourceType":"Patient","birthDate":"1992","_birthDate":{"id":"x"}}"#), []);
        let with = |contained: &str, reference: &str| {
            format!(
                r#"{{"resourceType":"Patient","contained":[{contained}],"managingOrganization":{{"reference":"{reference}"}}}}"#
            )
        };
        let office = r#"{"resourceType":"Organization","id":"o","partOf":{"reference":"Organization/1"}}"#;
        assert_eq!(issues(&with(office, "#o")), []);
        one(
            r##"{"resourceType":"Patient","managingOrganization":{"reference":"#o"}}"##,
            "Patient.managingOrganization",
            "invariant",
        );
        one(
            &with(r#"{"resourceType":"Patient","id":"o","active":true}"#, "#o"),
            "Patient.managingOrganization",
            "structure",
        );
        let entry = with(office, "#o");
        let bundle = |entry: &str| {
            format!(r#"{{"resourceType":"Bundle","type":"collection","entry":[{{"resource":{entry}}}]}}"#)
        };
        assert_eq!(issues(&bundle(&entry)), []);
        let other = entry.replace("#o", "#p").replace(r#""id":"o""#, r##""id":"o","contact":[{"name":{"text":"x"}}],"extension":[{"url":"http://x","valueReference":{"reference":"#o"}}]"##);
        one(&bundle(&other), "Bundle.entry[0].resource.managingOrganization", "invariant");
    }

    #[test]
    fn a_simple_quantity_has_no_comparator() {
        let dose = |quantity: &str| {
            format!(
                r#"{{"resourceType":"Immunization","status":"completed","vaccineCode":{{"text":"x"}},"patient":{{"reference":"Patient/1"}},"occurrenceString":"ayer","doseQuantity":{quantity}}}"#
            )
        };
        assert_eq!(issues(&dose(r#"{"value":1}"#)), []);
        one(&dose(r#"{"value":1,"comparator":"<"}"#), "Immunization.doseQuantity.comparator", "invariant");
        let measured = r#"{"resourceType":"Observation","status":"final","code":{"text":"x"},"valueQuantity":{"value":1,"comparator":"<"}}"#;
        assert_eq!(issues(measured), []);
        let range =
            measured.replace("valueQuantity", "referenceRange").replace(r#"{"value":1,"#, r#"[{"low":{"value":1,"#);
        let range = range.replace(r#""<"}}"#, r#""<"}}]}"#);
        one(&range, "Observation.referenceRange[0].low.comparator", "invariant");
    }

    #[test]
    fn what_stands_inside_a_bundle_is_checked_with_its_place() {
        one(
            r#"{"resourceType":"Bundle","type":"collection","entry":[{"resource":{"resourceType":"Patient","gender":"x"}}]}"#,
            "Bundle.entry[0].resource.gender",
            "code-invalid",
        );
    }

    #[test]
    fn narrative_is_one_div_without_scripts() {
        let text = |div: &str| {
            crate::json!({ "resourceType": "Patient", "text": { "status": "generated", "div": div } }).to_string()
        };
        for good in [
            "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>a &amp; b&#160;c</p><br/></div>",
            "<div xmlns='http://www.w3.org/1999/xhtml' class=\"x\"><a href=\"#a\" name='b'>x</a> <a href=\"mailto:a@b.org?x=1&amp;y=2\">y</a></div>",
            "<div xmlns=\"http://www.w3.org/1999/xhtml\"><img src=\"data:image/png;base64,AA==\" alt=\"x\"/><a href=\"Patient/1?a:b\">z</a></div>",
        ] {
            assert_eq!(issues(&text(good)), [], "{good}");
        }
        for bad in [
            "<div xmlns=\"http://www.w3.org/1999/xhtml\"><script>x</script></div>",
            "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p onclick=\"x\">a</p></div>",
            "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p>a</div>",
            "<div>a</div>",
            "<div xmlns=\"http://www.w3.org/2000/svg\">a</div>",
            "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p data-x=\"1\">a</p></div>",
            "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p CLASS=\"x\">a</p></div>",
            "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p class=\"x\" class=\"y\">a</p></div>",
            "<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"JavaScript:x()\">a</a></div>",
            "<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"java&#115;cript:x()\">a</a></div>",
            "<div xmlns=\"http://www.w3.org/1999/xhtml\"><a href=\"vbscript:x()\">a</a></div>",
            "<div xmlns=\"http://www.w3.org/1999/xhtml\"><img src=\"data:image/svg+xml,x\"/></div>",
            "<div xmlns=\"http://www.w3.org/1999/xhtml\">a & b</div>",
            "<div xmlns=\"http://www.w3.org/1999/xhtml\"><p title=\"a<b\">a</p></div>",
            "<p>a</p>",
            "plain",
        ] {
            one(&text(bad), "Patient.text.div", "invariant");
        }
    }
}
