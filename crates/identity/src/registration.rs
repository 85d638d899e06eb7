//! The registration form: what is typed about a person becomes a FHIR Patient, or errors beside
//! their fields. Also the other way, so that demographics can be corrected in the same form.

use access::system;
use fhir::{Value, json};
use jiff::civil::Date;

use crate::name::tidy;
use crate::{Cui, CuiFormat, CuiProblem, Document, IgssNumber, NO_DOCUMENT_REASONS, Nit, Origin, PersonName};
use crate::{print_date, written_days};

/// R4's extension that says whether an interpreter is needed.
const EXT_INTERPRETER: &str = "http://hl7.org/fhir/StructureDefinition/patient-interpreterRequired";
const BCP47: &str = "urn:ietf:bcp:47";
const ROLE_CODE: &str = "http://terminology.hl7.org/CodeSystem/v3-RoleCode";
const MOTHER: &str = "MTH";
const OLDEST_YEARS: i16 = 125;
/// Somebody older than this writes the whole year.
const LIKELY_YEARS: i16 = 110;

/// The extensions that the form writes.
const EXTENSIONS: [&str; 6] = [
    system::EXT_MUNICIPALITY,
    system::EXT_COMMUNITY,
    system::EXT_ASSIGNED_POST,
    system::EXT_PUEBLO,
    system::EXT_NO_DOCUMENT,
    EXT_INTERPRETER,
];

/// Which document a person brings.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DocumentKind {
    /// CUI.
    #[default]
    Cui,
    /// Passport.
    Passport,
    /// Another country's document.
    Foreign,
    /// Newborn not yet registered.
    Newborn,
    /// None.
    None,
}

impl DocumentKind {
    /// Every kind, in the order of the form.
    pub const ALL: [Self; 5] = [Self::Cui, Self::Newborn, Self::Passport, Self::Foreign, Self::None];

    /// The value of the form's field.
    pub fn code(self) -> &'static str {
        match self {
            Self::Cui => "cui",
            Self::Passport => "pasaporte",
            Self::Foreign => "extranjero",
            Self::Newborn => "recien-nacido",
            Self::None => "ninguno",
        }
    }

    /// The system of its number.
    fn system(self) -> Option<&'static str> {
        match self {
            Self::Cui => Some(system::CUI),
            Self::Passport => Some(system::PASSPORT),
            Self::Foreign => Some(system::FOREIGN_ID),
            Self::Newborn => Some(system::NEWBORN),
            Self::None => None,
        }
    }

    /// The kind of that value.
    pub fn from_code(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// The form as typed. Empty text is "not said".
#[derive(Clone, Debug, Default, PartialEq, Eq)]
#[allow(missing_docs, reason = "the fields of the form, named as what they ask")]
pub struct Registration {
    pub document: DocumentKind,
    pub cui: String,
    /// Why a CUI that somebody else has is taken all the same, in doubt; empty for no doubt.
    pub cui_doubt: String,
    /// ISO 3166-1 alpha-3.
    pub passport_country: String,
    pub passport_number: String,
    pub foreign_id: String,
    pub mother_cui: String,
    /// 1 for the first born.
    pub birth_order: String,
    /// One of [`NO_DOCUMENT_REASONS`].
    pub no_document_reason: String,
    pub igss_number: String,
    pub nit: String,
    /// Clinical file number at the facility that registers; a Patient may have more, elsewhere.
    pub file: String,
    pub given1: String,
    pub given2: String,
    pub surname1: String,
    pub surname2: String,
    /// Without "de".
    pub married: String,
    /// FHIR gender: `female`, `male`, `other`, `unknown`.
    pub sex: String,
    /// `dd/mm/aaaa`.
    pub birth_date: String,
    /// Years, about, where the birth date is not known.
    pub age: String,
    /// INE code of the municipality of residence, with its name and its department's.
    pub municipality: String,
    pub municipality_name: String,
    pub department_name: String,
    /// Id of the community's Location.
    pub community: String,
    pub address: String,
    /// Id of the assigned post's Organization.
    pub post: String,
    /// Code of [`system::PUEBLO`].
    pub pueblo: String,
    /// BCP 47.
    pub language: String,
    pub interpreter: bool,
    pub phone: String,
    /// Whom to tell: name and telephone.
    pub contact_name: String,
    pub contact_phone: String,
    pub mother_name: String,
}

/// What is wrong with a field.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FieldError {
    /// The field's name, as in [`Registration`].
    pub field: &'static str,
    /// Fluent key of the message.
    pub key: &'static str,
}

/// A form that can be taken.
#[derive(Clone, Debug, PartialEq)]
pub struct Checked {
    /// The Patient, without id.
    pub patient: Value,
    /// What should be looked at again, but keeps nobody out.
    pub warnings: Vec<FieldError>,
}

#[derive(Default)]
struct Findings {
    errors: Vec<FieldError>,
    warnings: Vec<FieldError>,
}

impl Findings {
    fn error(&mut self, field: &'static str, key: &'static str) {
        self.errors.push(FieldError { field, key });
    }
}

impl Registration {
    /// Checks the form and makes the Patient.
    ///
    /// # Errors
    /// Every field that has to be looked at again.
    pub fn check(&self, today: Date) -> Result<Checked, Vec<FieldError>> {
        let empty = json!({ "resourceType": "Patient", "active": true });
        self.apply(&empty, today)
    }

    /// Checks the form and puts it into a Patient: what the form does not ask stays as it was, such
    /// as a second telephone or another document than the one it shows.
    ///
    /// # Errors
    /// Every field that has to be looked at again.
    pub fn apply(&self, patient: &Value, today: Date) -> Result<Checked, Vec<FieldError>> {
        let mut findings = Findings::default();
        let document = self.document(&mut findings);
        let igss = self.optional("igss_number", "identidad-error-igss", IgssNumber::parse, &mut findings);
        let nit = self.optional("nit", "identidad-error-nit", Nit::parse, &mut findings);
        let birth = self.birth(today, &mut findings);
        let name = self.name(&mut findings);
        self.rest(&mut findings);
        if !findings.errors.is_empty() {
            return Err(findings.errors);
        }
        let mut next = patient.clone();
        let kept = |name: &str, by: &str, ours: &[&str]| -> Vec<Value> {
            let theirs = |item: &&Value| !item.text_at(&[by]).is_some_and(|url| ours.contains(&url));
            patient.items(name).iter().filter(theirs).cloned().collect()
        };
        let before = Self::of(patient);
        let mut identifiers = patient.items("identifier").to_vec();
        let number = |system: &str, value: &str| json!({ "system": system, "value": value });
        let shown = before.document.system().filter(|_| before.document != self.document);
        let said = document.as_ref().and_then(Document::identifier);
        let (sure, doubted) = if self.is_doubted() { (None, said.map(|one| self.doubted(one))) } else { (said, None) };
        for (system, said) in [
            (shown, None),
            (Some(system::DOUBTED_CUI), doubted),
            (self.document.system(), sure),
            (Some(system::IGSS_NUMBER), igss.map(|igss| number(system::IGSS_NUMBER, igss.as_str()))),
            (Some(system::NIT), nit.map(|nit| number(system::NIT, nit.as_str()))),
        ] {
            say(&mut identifiers, |one| system.is_some() && one.text_at(&["system"]) == system, said);
        }
        let mut extensions = kept("extension", "url", &EXTENSIONS);
        extensions.extend(self.extensions());
        let mut names = kept("name", "use", &["official", "temp"]);
        names.insert(0, name);
        put(&mut next, "extension", list(extensions));
        put(&mut next, "identifier", list(identifiers));
        put(&mut next, "name", list(names));
        put(&mut next, "telecom", list(phones(patient.items("telecom"), &self.phone)));
        put(&mut next, "gender", Some(self.sex.as_str().into()));
        put(&mut next, "birthDate", birth.map(Value::from));
        put(&mut next, "address", list(self.addresses(patient, &before)));
        let order = self.birth_order.trim().parse::<u8>().ok().filter(|_| self.document == DocumentKind::Newborn);
        if let Some(order) = order {
            put(&mut next, "multipleBirthInteger", Some(order.into()));
        }
        put(&mut next, "contact", list(self.contacts(patient, &before)));
        put(&mut next, "communication", list(self.languages(patient, &before)));
        mark_synthetic(&mut next, document.as_ref());
        Ok(Checked { patient: next, warnings: findings.warnings })
    }

    /// The Patient with this pueblo and this language, as a visit asks them where registration did not:
    /// what is empty stays as it was, and so does everything else.
    pub fn with_people(patient: &Value, pueblo: &str, language: &str) -> Value {
        let (mut next, before) = (patient.clone(), Self::of(patient));
        if !pueblo.is_empty() && pueblo != before.pueblo {
            let mut extensions = patient.items("extension").to_vec();
            let coding = json!({ "system": system::PUEBLO, "code": pueblo });
            let said = json!({ "url": system::EXT_PUEBLO, "valueCoding": coding });
            say(&mut extensions, |one| one.text_at(&["url"]) == Some(system::EXT_PUEBLO), Some(said));
            put(&mut next, "extension", list(extensions));
        }
        if !language.is_empty() {
            let said = Self { language: language.to_owned(), ..before.clone() };
            put(&mut next, "communication", list(said.languages(patient, &before)));
        }
        next
    }

    /// The form filled in from a Patient.
    pub fn of(patient: &Value) -> Self {
        let name = PersonName::of(patient).unwrap_or_default();
        let mut given = name.given.iter().map(String::as_str);
        let identifier = |system: &str| {
            let mut found = patient.items("identifier").iter().filter(|one| one.text_at(&["system"]) == Some(system));
            found.next().and_then(|one| one.text_at(&["value"])).unwrap_or_default().to_owned()
        };
        let extension = |url: &str| patient.items("extension").iter().find(|one| one.text_at(&["url"]) == Some(url));
        let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
        let points = |url: &str| {
            let reference = extension(url).and_then(|one| one.text_at(&["valueReference", "reference"]));
            text(reference.and_then(|to| to.rsplit_once('/')).map(|(_, id)| id))
        };
        let code = |url: &str| text(extension(url).and_then(|one| one.text_at(&["valueCoding", "code"])));
        let (passport, newborn) = (identifier(system::PASSPORT), identifier(system::NEWBORN));
        let (passport_country, passport_number) = passport.split_once(':').unwrap_or_default();
        let (mother_cui, birth_order) = newborn.split_once('/').unwrap_or_default();
        let sure = identifier(system::CUI);
        let (cui, cui_doubt) = if sure.is_empty() { doubted(patient) } else { (sure, String::new()) };
        let foreign_id = identifier(system::FOREIGN_ID);
        let document = [
            (DocumentKind::Cui, &cui),
            (DocumentKind::Passport, &passport),
            (DocumentKind::Foreign, &foreign_id),
            (DocumentKind::Newborn, &newborn),
        ];
        let kind = document.iter().find(|(_, value)| !value.is_empty()).map_or(DocumentKind::None, |(kind, _)| *kind);
        let birth = patient.text_at(&["birthDate"]).map(print_date).unwrap_or_default();
        let mother = patient.items("contact").iter().find(|one| is_mother(one));
        let contact = patient.items("contact").iter().find(|one| !is_mother(one));
        Self {
            document: kind,
            cui,
            cui_doubt,
            passport_country: passport_country.to_owned(),
            passport_number: passport_number.to_owned(),
            foreign_id,
            mother_cui: mother_cui.to_owned(),
            birth_order: birth_order.to_owned(),
            no_document_reason: code(system::EXT_NO_DOCUMENT),
            igss_number: identifier(system::IGSS_NUMBER),
            nit: identifier(system::NIT),
            file: String::new(),
            given1: text(given.next()),
            given2: given.collect::<Vec<_>>().join(" "),
            surname1: name.surname1,
            surname2: name.surname2,
            married: name.married,
            sex: text(patient.text_at(&["gender"])),
            birth_date: birth,
            age: String::new(),
            municipality: text(extension(system::EXT_MUNICIPALITY).and_then(|one| one.text_at(&["valueCode"]))),
            municipality_name: text(patient.text_at(&["address", "city"])),
            department_name: text(patient.text_at(&["address", "state"])),
            community: points(system::EXT_COMMUNITY),
            address: text(patient.text_at(&["address", "text"])),
            post: points(system::EXT_ASSIGNED_POST),
            pueblo: code(system::EXT_PUEBLO),
            language: text(patient.text_at(&["communication", "language", "coding", "code"])),
            interpreter: extension(EXT_INTERPRETER)
                .and_then(|one| one.get("valueBoolean"))
                .and_then(Value::as_bool)
                .unwrap_or(false),
            phone: text(first_phone(patient)),
            contact_name: text(contact.and_then(|one| one.text_at(&["name", "text"]))),
            contact_phone: text(contact.and_then(first_phone)),
            mother_name: text(mother.and_then(|one| one.text_at(&["name", "text"]))),
        }
    }

    /// The name in its parts, tidied.
    pub fn person_name(&self) -> PersonName {
        let given = [&self.given1, &self.given2].map(|part| tidy(part));
        PersonName {
            given: given.into_iter().filter(|part| !part.is_empty()).collect(),
            surname1: tidy(&self.surname1),
            surname2: tidy(&self.surname2),
            married: tidy(&self.married),
        }
    }

    fn is_doubted(&self) -> bool {
        self.document == DocumentKind::Cui && !self.cui_doubt.trim().is_empty()
    }

    /// A CUI in doubt is none to whoever asks for a CUI, and says why.
    fn doubted(&self, mut identifier: Value) -> Value {
        identifier.set("use", "temp");
        identifier.set("system", system::DOUBTED_CUI);
        let why = json!({ "url": system::EXT_DOUBT, "valueString": tidy(&self.cui_doubt) });
        identifier.set("extension", json!([why]));
        identifier
    }

    fn document(&self, findings: &mut Findings) -> Option<Document> {
        match self.document {
            DocumentKind::Cui if self.cui.trim().is_empty() => {
                findings.error("cui", "identidad-error-cui-falta");
                None
            }
            DocumentKind::Newborn if self.mother_cui.trim().is_empty() => {
                findings.error("mother_cui", "identidad-error-cui-madre-falta");
                None
            }
            DocumentKind::Cui => checked_cui("cui", &self.cui, findings).map(Document::Cui),
            DocumentKind::Newborn => {
                let mother = checked_cui("mother_cui", &self.mother_cui, findings);
                let order = self.birth_order.trim().parse().ok().filter(|order| (1..=9).contains(order));
                if order.is_none() {
                    findings.error("birth_order", "identidad-error-orden-nacimiento");
                }
                Some(Document::Newborn { mother: mother?, order: order? })
            }
            DocumentKind::Passport => {
                let (country, number) = (self.passport_country.trim().to_uppercase(), plain(&self.passport_number));
                if country.len() != 3 || !country.bytes().all(|byte| byte.is_ascii_uppercase()) {
                    findings.error("passport_country", "identidad-error-pais");
                }
                if number.is_empty() {
                    findings.error("passport_number", "identidad-error-pasaporte");
                }
                Some(Document::Passport { country, number })
            }
            DocumentKind::Foreign => {
                let number = plain(&self.foreign_id);
                if number.is_empty() {
                    findings.error("foreign_id", "identidad-error-documento-extranjero");
                }
                Some(Document::ForeignId(number))
            }
            DocumentKind::None => {
                if !NO_DOCUMENT_REASONS.contains(&self.no_document_reason.as_str()) {
                    findings.error("no_document_reason", "identidad-error-sin-documento");
                }
                Some(Document::None(self.no_document_reason.clone()))
            }
        }
    }

    fn optional<T>(
        &self,
        field: &'static str,
        key: &'static str,
        parse: fn(&str) -> Option<T>,
        findings: &mut Findings,
    ) -> Option<T> {
        let text = if field == "nit" { &self.nit } else { &self.igss_number };
        if text.trim().is_empty() {
            return None;
        }
        let parsed = parse(text);
        if parsed.is_none() {
            findings.error(field, key);
        }
        parsed
    }

    /// Whether somebody came who can't say who they are.
    fn unknown_person(&self) -> bool {
        self.document == DocumentKind::None && self.no_document_reason == "emergencia"
    }

    fn birth(&self, today: Date, findings: &mut Findings) -> Option<String> {
        let (date, age) = (self.birth_date.trim(), self.age.trim());
        let years = age.parse::<i16>().ok().filter(|years| (0..=OLDEST_YEARS).contains(years));
        if !age.is_empty() && years.is_none() {
            findings.error("age", "identidad-error-edad");
        }
        if !date.is_empty() {
            // What a correction brings back may be as vague as it was: year, or month and year.
            let iso: String = date.split('/').rev().collect::<Vec<_>>().join("-");
            if date.len() < 8 && fhir::date(&iso).is_some_and(|(year, _, _)| year <= today.year()) {
                return Some(iso);
            }
            match read_birth(date, today) {
                Err(key) => findings.error("birth_date", key),
                Ok(born) => return Some(born.to_string()),
            }
        } else if !age.is_empty() {
            return years.map(|years| (today.year() - years).to_string());
        } else if !self.unknown_person() {
            findings.error("birth_date", "identidad-error-fecha-o-edad");
        }
        None
    }

    fn name(&self, findings: &mut Findings) -> Value {
        let name = self.person_name();
        if name.full().chars().count() > 200 {
            findings.error("given1", "identidad-error-nombre-largo");
        }
        if name.given.is_empty() && name.surname1.is_empty() {
            if !self.unknown_person() {
                findings.error("given1", "identidad-error-nombre");
            }
            return json!({ "use": "temp", "text": "Persona sin identificar" });
        }
        name.human_name()
    }

    fn rest(&self, findings: &mut Findings) {
        if !["female", "male", "other", "unknown"].contains(&self.sex.as_str()) {
            findings.error("sex", "identidad-error-sexo");
        }
        let code = &self.municipality;
        let plain = code.len() == 4 && code.bytes().all(|byte| byte.is_ascii_digit());
        let may_be_unknown = code.is_empty() && self.unknown_person();
        if !(plain || may_be_unknown) {
            findings.error("municipality", "identidad-error-municipio");
        }
        for (field, text) in [("phone", &self.phone), ("contact_phone", &self.contact_phone)] {
            let digits = text.chars().filter(char::is_ascii_digit).count();
            let right = text.chars().all(|c| c.is_ascii_digit() || " +-()".contains(c)) && (8..=15).contains(&digits);
            if !text.trim().is_empty() && !right {
                findings.error(field, "identidad-error-telefono");
            }
        }
        for (field, id) in [("community", &self.community), ("post", &self.post)] {
            if !id.is_empty() && !fhir::is_id(id) {
                findings.error(field, "identidad-error-lugar");
            }
        }
    }

    fn extensions(&self) -> Vec<Value> {
        let mut out = Vec::new();
        let said = |text: &String| !text.is_empty();
        if said(&self.municipality) {
            out.push(json!({ "url": system::EXT_MUNICIPALITY, "valueCode": &self.municipality }));
        }
        for (url, kind, id) in [
            (system::EXT_COMMUNITY, "Location", &self.community),
            (system::EXT_ASSIGNED_POST, "Organization", &self.post),
        ] {
            if said(id) {
                out.push(json!({ "url": url, "valueReference": { "reference": format!("{kind}/{id}") } }));
            }
        }
        let mut reason = &String::new();
        if self.document == DocumentKind::None {
            reason = &self.no_document_reason;
        }
        for (url, system, code) in
            [(system::EXT_PUEBLO, system::PUEBLO, &self.pueblo), (system::EXT_NO_DOCUMENT, system::NO_DOCUMENT, reason)]
        {
            if said(code) {
                out.push(json!({ "url": url, "valueCoding": { "system": system, "code": code } }));
            }
        }
        if self.interpreter {
            out.push(json!({ "url": EXT_INTERPRETER, "valueBoolean": true }));
        }
        out
    }

    /// The addresses: the first is the one that the form asks.
    fn addresses(&self, patient: &Value, before: &Self) -> Vec<Value> {
        let mut all = patient.items("address").to_vec();
        if (&self.municipality, tidy(&self.address)) == (&before.municipality, tidy(&before.address)) {
            return all;
        }
        let named = |text: &str| Some(tidy(text)).filter(|text| !text.is_empty());
        let (text, city) = (named(&self.address), named(&self.municipality_name));
        let said = (text.is_some() || city.is_some()).then(|| {
            let state = named(&self.department_name);
            json!({ "use": "home", "text": text, "city": city, "state": state, "country": "GT" })
        });
        say(&mut all, |_| true, said);
        all
    }

    /// Whom to tell: the form asks one of them, and the mother.
    fn contacts(&self, patient: &Value, before: &Self) -> Vec<Value> {
        let mut all = patient.items("contact").to_vec();
        let named = |text: &str| Some(tidy(text)).filter(|name| !name.is_empty()).map(|name| json!({ "text": name }));
        let said = |form: &Self| (tidy(&form.contact_name), tidy(&form.contact_phone));
        if said(self) != said(before) {
            let known = all.iter().find(|one| !is_mother(one));
            // Another name is somebody else; another telephone is the same person's.
            let same = known.filter(|_| said(self).0 == said(before).0).cloned();
            let mut contact = same.unwrap_or_else(|| json!({ "name": named(&self.contact_name) }));
            let telecom = phones(contact.items("telecom"), &self.contact_phone);
            put(&mut contact, "telecom", list(telecom));
            let any = said(self) != (String::new(), String::new());
            say(&mut all, |one| !is_mother(one), any.then_some(contact));
        }
        if tidy(&self.mother_name) != tidy(&before.mother_name) {
            let role = json!([{ "coding": [{ "system": ROLE_CODE, "code": MOTHER }] }]);
            let known = all.iter().find(|one| is_mother(one)).cloned();
            let mut mother = known.unwrap_or_else(|| json!({ "relationship": role }));
            let name = named(&self.mother_name);
            put(&mut mother, "name", name.clone());
            say(&mut all, is_mother, name.map(|_| mother));
        }
        all
    }

    /// The languages: the first is the one that the form asks.
    fn languages(&self, patient: &Value, before: &Self) -> Vec<Value> {
        let mut all = patient.items("communication").to_vec();
        if self.language == before.language {
            return all;
        }
        let coding = json!({ "system": BCP47, "code": &self.language });
        let said = json!({ "language": { "coding": [coding] }, "preferred": true });
        say(&mut all, |_| true, (!self.language.is_empty()).then_some(said));
        all
    }
}

/// A birth date as it was written, or the key of what is wrong with it. A year of two digits is the
/// one that lets somebody live; of two that do, the whole year is asked.
pub(crate) fn read_birth(text: &str, today: Date) -> Result<Date, &'static str> {
    let days = written_days(text).ok_or("identidad-error-fecha")?;
    let lives = |day: &&Date| **day <= today && day.year() >= today.year() - LIKELY_YEARS;
    let living: Vec<&Date> = days.iter().filter(lives).collect();
    match (&days[..], &living[..]) {
        ([], _) => Err("identidad-error-fecha-no-existe"),
        ([_, _], [day]) => Ok(**day),
        ([_, _], _) => Err("identidad-error-fecha-siglo"),
        ([day, ..], _) if *day > today => Err("identidad-error-fecha-futura"),
        ([day, ..], _) if day.year() < today.year() - OLDEST_YEARS => Err("identidad-error-fecha-antigua"),
        ([day, ..], _) => Ok(*day),
    }
}

/// The CUI that a person has in doubt, and why.
fn doubted(patient: &Value) -> (String, String) {
    let ours = |one: &&Value| one.text_at(&["system"]) == Some(system::DOUBTED_CUI);
    let Some(found) = patient.items("identifier").iter().find(ours) else { return Default::default() };
    let why = found.items("extension").iter().find(|one| one.text_at(&["url"]) == Some(system::EXT_DOUBT));
    let text = |value: Option<&str>| value.unwrap_or_default().to_owned();
    (text(found.text_at(&["value"])), text(why.and_then(|one| one.text_at(&["valueString"]))))
}

/// Puts what was said in the place of the first that it is about; nothing takes that one away. One
/// that says the same already stays as it is.
fn say(all: &mut Vec<Value>, about: impl Fn(&Value) -> bool, said: Option<Value>) {
    match (all.iter().position(about), said) {
        (Some(at), Some(said)) => {
            let value = said.text_at(&["value"]);
            if value.is_none() || value != all[at].text_at(&["value"]) {
                all[at] = said;
            }
        }
        (Some(at), None) => {
            all.remove(at);
        }
        (None, said) => all.extend(said),
    }
}

fn checked_cui(field: &'static str, text: &str, findings: &mut Findings) -> Option<Cui> {
    let cui = match Cui::parse(text) {
        Ok(cui) => cui,
        Err(CuiFormat::NotDigits) => {
            findings.error(field, "identidad-error-cui-digitos");
            return None;
        }
        Err(CuiFormat::Length(_)) => {
            findings.error(field, "identidad-error-cui-largo");
            return None;
        }
    };
    for problem in cui.problems() {
        let key = match problem {
            CuiProblem::CheckDigit => "identidad-error-cui-verificador",
            CuiProblem::Department | CuiProblem::Municipality => "identidad-aviso-cui-municipio",
        };
        let list = if problem.blocks(Origin::Entry) { &mut findings.errors } else { &mut findings.warnings };
        list.push(FieldError { field, key });
    }
    Some(cui)
}

fn is_mother(contact: &Value) -> bool {
    contact.text_at(&["relationship", "coding", "code"]) == Some(MOTHER)
}

fn is_phone(telecom: &Value) -> bool {
    telecom.text_at(&["system"]) == Some("phone")
}

fn first_phone(of: &Value) -> Option<&str> {
    of.items("telecom").iter().find(|one| is_phone(one))?.text_at(&["value"])
}

/// The ways to reach somebody: the first telephone is the one that the form asks.
fn phones(known: &[Value], typed: &str) -> Vec<Value> {
    let mut all = known.to_vec();
    let text = tidy(typed);
    say(&mut all, is_phone, (!text.is_empty()).then(|| json!({ "system": "phone", "use": "mobile", "value": text })));
    all
}

/// A document number: one word, upper case.
fn plain(text: &str) -> String {
    tidy(text).to_uppercase().replace([' ', ':', '/'], "")
}

fn list(items: Vec<Value>) -> Option<Value> {
    (!items.is_empty()).then_some(Value::Array(items))
}

fn put(patient: &mut Value, name: &str, value: Option<Value>) {
    match (value, patient.as_object_mut()) {
        (Some(value), _) => patient.set(name, value),
        (None, Some(object)) => {
            object.remove(name);
        }
        (None, None) => {}
    }
}

/// A CUI of the reserved block marks its person.
fn mark_synthetic(patient: &mut Value, document: Option<&Document>) {
    let synthetic = match document {
        Some(Document::Cui(cui) | Document::Newborn { mother: cui, .. }) => cui.is_synthetic(),
        _ => false,
    };
    let tags = patient.get("meta").map(|meta| meta.items("tag").to_vec()).unwrap_or_default();
    if synthetic && !tags.iter().any(|tag| tag.text_at(&["system"]) == Some(system::TAG)) {
        let mut meta = patient.get("meta").cloned().unwrap_or_else(|| json!({}));
        let mut tags = tags;
        tags.push(json!({ "system": system::TAG, "code": "sintetico", "display": "SINTÉTICO" }));
        meta.set("tag", tags);
        patient.set("meta", meta);
    }
}

#[cfg(test)]
pub(crate) mod tests;
