//! From the names and values of a query string to a [`Query`] (R4 §3.1.1). What is not understood
//! is refused: a filter that is dropped widens the answer, and a wider answer is wrong medicine.

use super::value::{self, Ranged};
use super::{
    Comparator, Condition, Filter, Include, Modifier, ParamType, Query, QueryError, SearchParam, SortBy, SortKey,
    Summary, Total, fold, registry,
};
use crate::schema;

/// How many conditions a search may have.
const MOST_FILTERS: usize = 50;
/// How many values `_id` and `_lastUpdated` may have; the store limits those of the others.
const MOST_ALTERNATIVES: usize = 400;

impl Query {
    /// Reads the names and values (percent-decoded) of a search over `types`; none means all types,
    /// which `_type` may narrow.
    ///
    /// # Errors
    /// A [`QueryError`] that names the parameter, also for those that R4 knows and Tejido does not.
    pub fn parse(types: &[&str], pairs: &[(String, String)]) -> Result<Self, QueryError> {
        let mut query = Self { types: types.iter().map(|name| (*name).to_owned()).collect(), ..Self::default() };
        for (name, value) in pairs.iter().filter(|(name, _)| name == "_type") {
            if !types.is_empty() {
                return Err(malformed(name, "_type stands only in a search over all types"));
            }
            for name in value.split(',') {
                query.types.push(known_type(name, "_type")?);
            }
        }
        for (name, value) in pairs {
            query.pair(name, value)?;
            if !matches!(name.as_str(), "_cursor" | "_format" | "_pretty") {
                query.pairs.push((name.clone(), value.clone()));
            }
        }
        Ok(query)
    }

    fn pair(&mut self, name: &str, value: &str) -> Result<(), QueryError> {
        match name.split_once(':').map_or(name, |(plain, _)| plain) {
            "_type" | "_format" | "_pretty" => {}
            "_include" => self.includes.push(self.include(name, value)?),
            "_revinclude" => self.revincludes.push(self.include(name, value)?),
            "_text" | "_content" | "_filter" | "_query" | "_list" | "_contained" | "_containedType" => {
                return Err(QueryError::Unsupported { name: name.to_owned() });
            }
            "_sort" => {
                for key in value.split(',') {
                    self.sort.push(self.sort_key(key.trim())?);
                }
            }
            "_count" => {
                let count = value.parse().map_err(|_| malformed(name, "a whole number from 0, such as _count=20"))?;
                self.count = Some(count);
            }
            "_total" => self.total = total(value).ok_or(malformed(name, "none, estimate or accurate"))?,
            "_summary" => {
                self.summary = summary(value).ok_or(malformed(name, "true, false, text, data or count"))?;
            }
            "_elements" => self.elements = value.split(',').map(|name| name.trim().to_owned()).collect(),
            "_cursor" => self.cursor = Some(value.to_owned()),
            _ => {
                let scope = Scope { types: &self.types, name };
                let filter = scope.filter(name, value)?;
                self.filters.push(filter);
                if self.filters.len() > MOST_FILTERS {
                    return Err(malformed(name, "at most 50 conditions in one search"));
                }
            }
        }
        Ok(())
    }

    fn sort_key(&self, key: &str) -> Result<SortKey, QueryError> {
        let (code, descending) = key.strip_prefix('-').map_or((key, false), |code| (code, true));
        let by = match code {
            "_id" => SortBy::Id,
            "_lastUpdated" => SortBy::LastUpdated,
            _ => {
                let param = Scope { types: &self.types, name: "_sort" }.param(code, code)?;
                if param.kind == ParamType::Composite {
                    return Err(malformed("_sort", "a composite has no order: sort by one of its parts"));
                }
                SortBy::Param(param)
            }
        };
        Ok(SortKey { by, descending })
    }

    /// `Source:param[:Target]`, `Source:*` or `*`.
    fn include(&self, name: &str, value: &str) -> Result<Include, QueryError> {
        let reverse = name.starts_with("_rev");
        if name.contains(':') {
            return Err(malformed(
                name,
                "includes go one step: leave the modifier out and ask again for what is missing",
            ));
        }
        if value == "*" && !reverse {
            let [source] = self.types.as_slice() else {
                return Err(malformed(name, "* needs the type when several are searched: Observation:*"));
            };
            return Ok(Include { source: source.clone(), param: None, target: None });
        }
        let mut parts = value.split(':');
        let source = known_type(parts.next().unwrap_or_default(), name)?;
        let code = parts.next().ok_or(malformed(name, "write Type:parameter, such as Observation:subject"))?;
        let target = parts.next().map(|target| known_type(target, name)).transpose()?;
        if parts.next().is_some() {
            return Err(malformed(name, "write Type:parameter:Target, no more"));
        }
        if !reverse && !self.types.is_empty() && !self.types.contains(&source) {
            return Err(malformed(name, "the type before the first colon is not the one that is searched"));
        }
        let param = (code != "*").then(|| reference(&source, code, name)).transpose()?;
        let points_to = |target: &String| param.is_none_or(|param| may_point_to(param, target));
        if target.as_ref().is_some_and(|target| !points_to(target)) {
            return Err(malformed(name, "the parameter does not point to that type"));
        }
        if reverse && !self.types.is_empty() && !self.types.iter().any(points_to) {
            return Err(malformed(name, "the parameter does not point to the type that is searched"));
        }
        Ok(Include { source, param, target })
    }
}

fn total(value: &str) -> Option<Total> {
    Some(match value {
        "none" => Total::None,
        "estimate" => Total::Estimate,
        "accurate" => Total::Accurate,
        _ => return None,
    })
}

fn summary(value: &str) -> Option<Summary> {
    Some(match value {
        "false" => Summary::False,
        "true" => Summary::True,
        "text" => Summary::Text,
        "data" => Summary::Data,
        "count" => Summary::Count,
        _ => return None,
    })
}

fn malformed(name: &str, fix: &'static str) -> QueryError {
    QueryError::Malformed { name: name.to_owned(), fix }
}

fn known_type(name: &str, parameter: &str) -> Result<String, QueryError> {
    if schema::r4().is_resource(name) {
        return Ok(name.to_owned());
    }
    Err(malformed(parameter, "it names a type that R4 does not have"))
}

fn may_point_to(param: &SearchParam, target: &str) -> bool {
    param.targets.is_empty() || param.targets.contains(&target)
}

fn reference(source: &str, code: &str, name: &str) -> Result<&'static SearchParam, QueryError> {
    match registry().get(source, code) {
        Some(param) if param.kind == ParamType::Reference => Ok(param),
        Some(_) => Err(malformed(name, "the parameter after the type is not a reference")),
        None => Err(QueryError::UnknownParameter { name: code.to_owned(), resource_type: source.to_owned() }),
    }
}

/// Where a parameter name is looked up, and the name as written for messages.
struct Scope<'a> {
    types: &'a [String],
    name: &'a str,
}

impl Scope<'_> {
    /// The parameter of all the types searched.
    fn param(&self, code: &str, written: &str) -> Result<&'static SearchParam, QueryError> {
        let found = match self.types {
            [one] => registry().get(one, code),
            _ => registry().get("Resource", code),
        };
        found.ok_or_else(|| QueryError::UnknownParameter {
            name: written.to_owned(),
            resource_type: match self.types {
                [] => "all types".to_owned(),
                types => types.join(","),
            },
        })
    }

    fn filter(&self, name: &str, value: &str) -> Result<Filter, QueryError> {
        if let Some(rest) = name.strip_prefix("_has:") {
            return self.has(rest, value);
        }
        match name.split_once('.') {
            Some((head, rest)) => self.chain(head, rest, value),
            None => self.simple(name, value),
        }
    }

    fn chain(&self, head: &str, rest: &str, value: &str) -> Result<Filter, QueryError> {
        let (code, said) = head.split_once(':').map_or((head, None), |(code, target)| (code, Some(target)));
        let param = self.param(code, self.name)?;
        if param.kind != ParamType::Reference {
            return Err(malformed(self.name, "only a reference can be followed with a dot"));
        }
        if rest.contains('.') {
            return Err(malformed(self.name, "chains go one step: search the middle first, then by its ids"));
        }
        let target = match said {
            Some(target) => known_type(target, self.name)?,
            None => self.only_target(param, rest)?,
        };
        if !may_point_to(param, &target) {
            return Err(malformed(self.name, "the reference does not point to that type"));
        }
        let inner = Scope { types: std::slice::from_ref(&target), name: self.name };
        let filter = Box::new(inner.simple(rest, value)?);
        Ok(Filter::Chain { param, target, filter })
    }

    /// The one type that the reference may point to and that has the parameter.
    fn only_target(&self, param: &SearchParam, rest: &str) -> Result<String, QueryError> {
        let code = rest.split(':').next().unwrap_or_default();
        let all = if param.targets.is_empty() { schema::r4().resource_types() } else { param.targets.as_slice() };
        let having: Vec<&'static str> =
            all.iter().copied().filter(|target| registry().get(target, code).is_some()).collect();
        match having.as_slice() {
            [one] => Ok((*one).to_owned()),
            [] => {
                Err(QueryError::UnknownParameter { name: self.name.to_owned(), resource_type: param.targets.join(",") })
            }
            [first, ..] => {
                let example = format!("{}:{first}.{rest}", param.code);
                Err(QueryError::Ambiguous { name: self.name.to_owned(), targets: having, example })
            }
        }
    }

    /// `_has:Type:reference:parameter`.
    fn has(&self, rest: &str, value: &str) -> Result<Filter, QueryError> {
        let mut parts = rest.splitn(3, ':');
        let (Some(source), Some(code), Some(inner)) = (parts.next(), parts.next(), parts.next()) else {
            return Err(malformed(self.name, "write _has:Type:reference:parameter"));
        };
        let source = known_type(source, self.name)?;
        let param = reference(&source, code, self.name)?;
        if !self.types.is_empty() && !self.types.iter().any(|target| may_point_to(param, target)) {
            return Err(malformed(self.name, "the reference does not point to the type that is searched"));
        }
        if inner.starts_with("_has:") || inner.contains('.') {
            return Err(malformed(self.name, "_has goes one step"));
        }
        let scope = Scope { types: std::slice::from_ref(&source), name: self.name };
        let filter = Box::new(scope.simple(inner, value)?);
        Ok(Filter::Has { source, param, filter })
    }

    fn simple(&self, name: &str, value: &str) -> Result<Filter, QueryError> {
        let (code, suffix) = name.split_once(':').map_or((name, None), |(code, suffix)| (code, Some(suffix)));
        let param = self.param(code, self.name)?;
        if suffix == Some("missing") && !matches!(code, "_id" | "_lastUpdated") {
            return match value {
                "true" | "false" => Ok(Filter::Missing { param, missing: value == "true" }),
                _ => Err(malformed(self.name, ":missing is true or false")),
            };
        }
        let (modifier, target) = self.modifier(param, suffix)?;
        if matches!(code, "_id" | "_lastUpdated") && value.matches(',').count() >= MOST_ALTERNATIVES {
            return Err(malformed(self.name, "at most 400 values in one condition"));
        }
        let values = split(value, ',').into_iter().map(|alternative| {
            condition(param.kind, modifier, alternative, target).or_else(|| composite(param, alternative)).ok_or_else(
                || QueryError::Value { name: self.name.to_owned(), value: alternative.to_owned(), kind: param.kind },
            )
        });
        let any = values.collect::<Result<Vec<_>, _>>()?;
        Ok(match code {
            "_id" => Filter::Id(any.into_iter().filter_map(token_code).collect()),
            "_lastUpdated" => Filter::LastUpdated(any),
            _ => Filter::Param { param, modifier, any },
        })
    }

    /// The modifier, and for references the type: from `:Patient`, or the only one possible.
    fn modifier<'p>(
        &self,
        param: &'p SearchParam,
        suffix: Option<&'p str>,
    ) -> Result<(Modifier, Option<&'p str>), QueryError> {
        let only = match param.targets.as_slice() {
            [one] => Some(*one),
            _ => None,
        };
        let Some(suffix) = suffix else { return Ok((Modifier::None, only)) };
        let common = matches!(param.code, "_id" | "_lastUpdated");
        let modifier = match (param.kind, suffix) {
            _ if common => None,
            (ParamType::String, "exact") => Some(Modifier::Exact),
            (ParamType::String, "contains") => Some(Modifier::Contains),
            (ParamType::Token, "not") => Some(Modifier::Not),
            (ParamType::Token, "text") => Some(Modifier::Text),
            (ParamType::Uri, "below") => Some(Modifier::Below),
            (ParamType::Uri, "above") => Some(Modifier::Above),
            (ParamType::Reference, "identifier") => Some(Modifier::Identifier),
            (ParamType::Reference, target) if schema::r4().is_resource(target) && may_point_to(param, target) => {
                return Ok((Modifier::None, Some(target)));
            }
            _ => None,
        };
        let refused = || QueryError::Modifier { name: self.name.to_owned(), modifier: suffix.to_owned() };
        modifier.map(|modifier| (modifier, only)).ok_or_else(refused)
    }
}

fn token_code(condition: Condition) -> Option<String> {
    match condition {
        Condition::Token { code, .. } => code,
        _ => None,
    }
}

/// Splits at a separator that no `\` precedes; the escapes stay (R4 §3.1.1.4.0.1).
fn split(text: &str, separator: char) -> Vec<&str> {
    let (mut parts, mut start, mut escaped) = (Vec::new(), 0, false);
    for (at, letter) in text.char_indices() {
        if letter == separator && !escaped {
            parts.push(&text[start..at]);
            start = at + letter.len_utf8();
        }
        escaped = letter == '\\' && !escaped;
    }
    parts.push(&text[start..]);
    parts
}

/// Takes `\,` `\|` `\$` `\\` as the letter itself; any other `\` is a letter.
fn unescape(text: &str) -> String {
    let mut plain = String::with_capacity(text.len());
    let mut letters = text.chars().peekable();
    while let Some(letter) = letters.next() {
        match letters.peek() {
            Some(next @ (',' | '|' | '$' | '\\')) if letter == '\\' => {
                plain.push(*next);
                letters.next();
            }
            _ => plain.push(letter),
        }
    }
    plain
}

/// One alternative of a value; `None` if it can't be one.
fn condition(kind: ParamType, modifier: Modifier, text: &str, target: Option<&str>) -> Option<Condition> {
    if text.is_empty() {
        return None;
    }
    match (kind, modifier) {
        (ParamType::String, Modifier::Exact) => Some(Condition::String(unescape(text))),
        (ParamType::String, _) | (_, Modifier::Text) => {
            Some(Condition::String(fold(&unescape(text)))).filter(|found| *found != Condition::String(String::new()))
        }
        (ParamType::Token, _) | (_, Modifier::Identifier) => token(text),
        (ParamType::Reference, _) => reference_value(&unescape(text), target),
        (ParamType::Uri, _) => Some(Condition::Uri(unescape(text))),
        (ParamType::Date, _) => {
            let (comparator, text) = comparator(text);
            let (start, end) = value::date_range(text)?;
            Some(Condition::Date { comparator, start, end })
        }
        (ParamType::Number, _) => {
            let (comparator, text) = comparator(text);
            let Ranged { value, low, high } = value::number(text)?;
            Some(Condition::Number { comparator, value, low, high })
        }
        (ParamType::Quantity, _) => quantity(text),
        (ParamType::Composite | ParamType::Special, _) => None,
    }
}

fn composite(param: &SearchParam, text: &str) -> Option<Condition> {
    let parts = split(text, '$');
    if param.components.is_empty() || parts.len() != param.components.len() {
        return None;
    }
    let conditions = parts.iter().zip(&param.components);
    conditions
        .map(|(text, component)| condition(component.kind, Modifier::None, text, None))
        .collect::<Option<Vec<_>>>()
        .map(Condition::Composite)
}

fn token(text: &str) -> Option<Condition> {
    let some = |text: &str| (!text.is_empty()).then(|| unescape(text));
    match split(text, '|').as_slice() {
        [code] => Some(Condition::Token { system: None, code: some(code) }),
        ["", ""] => None,
        [system, code] => Some(Condition::Token { system: Some(unescape(system)), code: some(code) }),
        _ => None,
    }
}

fn quantity(text: &str) -> Option<Condition> {
    let parts = split(text, '|');
    let (system, code) = match parts.as_slice() {
        [_] => (None, None),
        [_, system, code] if !code.is_empty() => {
            (Some(unescape(system)).filter(|system| !system.is_empty()), Some(unescape(code)))
        }
        _ => return None,
    };
    let (comparator, number) = comparator(parts[0]);
    let Ranged { value, low, high } = value::number(number)?;
    Some(Condition::Quantity { comparator, value, low, high, system, code })
}

/// `id`, `Type/id` (a version is left aside), or anything absolute.
fn reference_value(text: &str, target: Option<&str>) -> Option<Condition> {
    if text.contains(':') || text.starts_with('#') {
        return Some(Condition::Reference { resource_type: None, id: None, url: Some(text.to_owned()) });
    }
    let text = text.split_once("/_history/").map_or(text, |(plain, _)| plain);
    let (resource_type, id) = match text.split_once('/') {
        Some((name, id)) => (Some(name).filter(|name| schema::r4().is_resource(name))?, id),
        None => return id_of(target, text),
    };
    id_of(Some(resource_type), id)
}

fn id_of(resource_type: Option<&str>, id: &str) -> Option<Condition> {
    crate::is_id(id).then(|| Condition::Reference {
        resource_type: resource_type.map(str::to_owned),
        id: Some(id.to_owned()),
        url: None,
    })
}

/// The prefix before a date, number or quantity.
fn comparator(text: &str) -> (Comparator, &str) {
    let found = match text.get(..2) {
        Some("eq") => Comparator::Eq,
        Some("ne") => Comparator::Ne,
        Some("gt") => Comparator::Gt,
        Some("lt") => Comparator::Lt,
        Some("ge") => Comparator::Ge,
        Some("le") => Comparator::Le,
        Some("sa") => Comparator::Sa,
        Some("eb") => Comparator::Eb,
        Some("ap") => Comparator::Ap,
        _ => return (Comparator::Eq, text),
    };
    (found, &text[2..])
}

#[cfg(test)]
mod tests {
    use super::*;

    fn query(types: &[&str], text: &str) -> Result<Query, QueryError> {
        let pairs: Vec<(String, String)> = text
            .split('&')
            .filter_map(|pair| pair.split_once('='))
            .map(|(name, value)| (name.to_owned(), value.to_owned()))
            .collect();
        Query::parse(types, &pairs)
    }

    fn conditions(types: &[&str], text: &str) -> Vec<Condition> {
        match query(types, text).unwrap().filters.remove(0) {
            Filter::Param { any, .. } => any,
            other => panic!("{other:?}"),
        }
    }

    fn token(system: Option<&str>, code: Option<&str>) -> Condition {
        Condition::Token { system: system.map(str::to_owned), code: code.map(str::to_owned) }
    }

    #[test]
    fn tokens_say_system_and_code() {
        assert_eq!(conditions(&["Patient"], "identifier=a"), [token(None, Some("a"))]);
        assert_eq!(conditions(&["Patient"], "identifier=|a"), [token(Some(""), Some("a"))]);
        assert_eq!(conditions(&["Patient"], "identifier=u:x|"), [token(Some("u:x"), None)]);
        assert_eq!(
            conditions(&["Patient"], r"identifier=u:x|a\|b\,c,d\\"),
            [token(Some("u:x"), Some("a|b,c")), token(None, Some(r"d\"))]
        );
        for bad in ["identifier=|", "identifier=a|b|c", "identifier=", "identifier=a,"] {
            assert!(matches!(query(&["Patient"], bad), Err(QueryError::Value { .. })), "{bad}");
        }
    }

    #[test]
    fn strings_are_folded_unless_exact() {
        assert_eq!(conditions(&["Patient"], "name=JOSÉ %"), [Condition::String("jose %".into())]);
        assert_eq!(conditions(&["Patient"], "name:exact=José"), [Condition::String("José".into())]);
        assert!(matches!(query(&["Patient"], "name:not=x"), Err(QueryError::Modifier { .. })));
        assert!(query(&["Patient"], "name='").is_err(), "it would match everybody");
    }

    #[test]
    fn a_bare_id_gets_the_only_type_it_can_have() {
        let reference = |resource_type: Option<&str>, id: &str| Condition::Reference {
            resource_type: resource_type.map(str::to_owned),
            id: Some(id.to_owned()),
            url: None,
        };
        assert_eq!(conditions(&["Observation"], "patient=1"), [reference(Some("Patient"), "1")]);
        assert_eq!(conditions(&["Observation"], "subject=1"), [reference(None, "1")]);
        assert_eq!(conditions(&["Observation"], "subject:Patient=1"), [reference(Some("Patient"), "1")]);
        assert_eq!(conditions(&["Observation"], "subject=Group/1"), [reference(Some("Group"), "1")]);
        let Condition::Reference { url, .. } = &conditions(&["Observation"], "subject=https://x/Patient/1")[0] else {
            panic!()
        };
        assert_eq!(url.as_deref(), Some("https://x/Patient/1"));
        assert!(query(&["Observation"], "subject=Paciente/1").is_err());
        assert!(query(&["Observation"], "subject:Slot=1").is_err());
    }

    #[test]
    fn prefixes_and_precision() {
        let found = conditions(&["Observation"], "value-quantity=gt5.40|http://unitsofmeasure.org|mg");
        assert_eq!(
            found,
            [Condition::Quantity {
                comparator: Comparator::Gt,
                value: 5.4,
                low: 5.395,
                high: 5.405,
                system: Some("http://unitsofmeasure.org".into()),
                code: Some("mg".into())
            }]
        );
        let [Condition::Date { comparator: Comparator::Ge, .. }] = conditions(&["Patient"], "birthdate=ge1992-03")[..]
        else {
            panic!()
        };
        for bad in ["birthdate=1992-02-30", "birthdate=xx1992", "birthdate=ge"] {
            assert!(query(&["Patient"], bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn composites_have_all_their_parts() {
        let found = conditions(&["Observation"], r"code-value-quantity=http://loinc.org|8480-6$gt140");
        let [Condition::Composite(parts)] = found.as_slice() else { panic!() };
        assert_eq!(parts[0], token(Some("http://loinc.org"), Some("8480-6")));
        assert!(matches!(parts[1], Condition::Quantity { comparator: Comparator::Gt, .. }));
        assert!(query(&["Observation"], "code-value-quantity=1").is_err());
    }

    #[test]
    fn chains_and_has_go_one_step() {
        let one = |types: &[&str], text: &str| query(types, text).map(|mut query| query.filters.remove(0));
        let Ok(Filter::Chain { target, .. }) = one(&["ServiceRequest"], "patient.name=x") else { panic!() };
        assert_eq!(target, "Patient");
        let Ok(Filter::Chain { filter, .. }) = one(&["Encounter"], "subject:Patient._id=x") else { panic!() };
        assert!(matches!(*filter, Filter::Id(ref ids) if ids == &["x"]));
        let Ok(Filter::Has { source, .. }) = one(&["Patient"], "_has:Observation:patient:code=x") else { panic!() };
        assert_eq!(source, "Observation");
        for bad in [
            "subject.identifier=x",
            "subject:Slot.start=2020",
            "patient.organization.name=x",
            "status.name=x",
            "_has:Observation:patient=x",
            "_has:Observation:code:code=x",
            "_has:Slot:schedule:start=x",
        ] {
            assert!(one(&["ServiceRequest"], bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn control_parameters() {
        let text = "_sort=-date,_id&_count=0&_total=accurate&_summary=count&_elements=status,code&_cursor=abc&_format=json\
                    &_include=Observation:subject:Patient&_revinclude=Provenance:target&_id=a,b&_lastUpdated=ge2026";
        let found = query(&["Observation"], text).unwrap();
        assert_eq!((found.count, found.total, found.summary), (Some(0), Total::Accurate, Summary::Count));
        assert_eq!((found.sort.len(), found.sort[0].descending, found.elements.len()), (2, true, 2));
        assert_eq!(found.includes[0].target.as_deref(), Some("Patient"));
        assert_eq!(found.revincludes[0].source, "Provenance");
        assert_eq!(found.cursor.as_deref(), Some("abc"));
        assert!(found.pairs.iter().all(|(name, _)| name != "_cursor" && name != "_format"));
        assert!(matches!(&found.filters[..], [Filter::Id(_), Filter::LastUpdated(_)]));
        for bad in [
            "_include:iterate=Observation:subject",
            "_include=Patient:organization",
            "_include=Observation:code",
            "_include=Observation:subject:Slot",
            "_revinclude=Slot:schedule",
            "_sort=nada",
            "_sort=code-value-quantity",
            "_count=-1",
            "_total=x",
            "_text=x",
            "_filter=x",
            "_type=Patient",
            "_id:not=a",
            "nada=1",
        ] {
            assert!(query(&["Observation"], bad).is_err(), "{bad}");
        }
    }

    #[test]
    fn a_search_over_all_types_knows_the_common_parameters() {
        assert!(query(&[], "_tag=x&_type=Patient,Observation").is_ok());
        let error = query(&[], "name=x").unwrap_err();
        assert_eq!(error.to_string(), r#"unknown search parameter "name" for all types"#);
    }
}
