//! Who somebody is, as a form: the fields of [`Registration`] under their own names, what the
//! network knows to choose from, and identity's findings in words.

use identity::{DocumentKind, FieldError, NO_DOCUMENT_REASONS, Registration, Resemblance};
use network::{Directory, Filter, territory};
use store::StoreError;

use crate::form::{Field, Form};
use crate::gate::Visit;
use crate::sheet::{Group, Press};
use crate::text::{Text, t};

/// Longer than this is no part of a name, number or address.
const LONGEST: usize = 200;
/// A box that was ticked.
const YES: &str = "si";

/// What a registration says, field by field: name, label, value.
pub fn told(of: &Registration) -> [(&'static str, Text, &str); 30] {
    [
        ("document", t("dem-documento"), of.document.code()),
        ("cui", t("dato-cui"), &of.cui),
        ("cui_doubt", t("dem-duda"), &of.cui_doubt),
        ("mother_cui", t("dem-cui-madre"), &of.mother_cui),
        ("birth_order", t("dem-orden"), &of.birth_order),
        ("passport_country", t("dem-pais"), &of.passport_country),
        ("passport_number", t("dem-pasaporte"), &of.passport_number),
        ("foreign_id", t("dem-extranjero"), &of.foreign_id),
        ("no_document_reason", t("dem-sin-documento"), &of.no_document_reason),
        ("igss_number", t("dem-igss"), &of.igss_number),
        ("nit", t("dem-nit"), &of.nit),
        ("given1", t("dem-nombre-1"), &of.given1),
        ("given2", t("dem-nombre-2"), &of.given2),
        ("surname1", t("dem-apellido-1"), &of.surname1),
        ("surname2", t("dem-apellido-2"), &of.surname2),
        ("married", t("dem-casada"), &of.married),
        ("sex", t("dem-sexo"), &of.sex),
        ("birth_date", t("dem-nacio"), &of.birth_date),
        ("age", t("dem-edad"), &of.age),
        ("municipality", t("dem-municipio"), &of.municipality),
        ("community", t("dem-comunidad"), &of.community),
        ("address", t("dem-direccion"), &of.address),
        ("post", t("dem-puesto"), &of.post),
        ("pueblo", t("dem-pueblo"), &of.pueblo),
        ("language", t("dato-idioma"), &of.language),
        ("interpreter", t("dem-interprete"), if of.interpreter { YES } else { "" }),
        ("phone", t("dato-telefono"), &of.phone),
        ("contact_name", t("dem-avisar"), &of.contact_name),
        ("contact_phone", t("dem-avisar-telefono"), &of.contact_phone),
        ("mother_name", t("dem-madre"), &of.mother_name),
    ]
}

/// A value as people read it: codes by their names.
pub fn in_words(directory: &Directory, name: &str, value: &str) -> String {
    let chosen = |options: Vec<(String, String)>| options.into_iter().find(|(code, _)| code == value);
    let found = match name {
        "document" => chosen(documents()),
        "no_document_reason" => chosen(no_document_reasons()),
        "sex" => chosen(sexes()),
        "pueblo" => chosen(pueblos()),
        "language" => chosen(languages()),
        "interpreter" if value == YES => return t("dem-si").into(),
        "municipality" => return municipality(value),
        "community" => return directory.place(value).map_or(value, |place| &place.name).to_owned(),
        "post" => return directory.facility(value).map_or(value, |one| &one.name).to_owned(),
        _ => None,
    };
    found.map_or_else(|| value.to_owned(), |(_, words)| words)
}

/// `Cobán, Alta Verapaz`; the code where nobody knows it.
pub fn municipality(code: &str) -> String {
    let (name, department) = place_names(code).unwrap_or_default();
    if name.is_empty() { code.to_owned() } else { format!("{name}, {department}") }
}

/// The name of a language; the code where nobody knows it.
pub fn language(code: &str) -> String {
    languages().into_iter().find(|(known, _)| known == code).map_or_else(|| code.to_owned(), |(_, name)| name)
}

/// Names of a municipality and its department.
fn place_names(code: &str) -> Option<(&'static str, &'static str)> {
    let municipality = territory().municipality(code)?;
    Some((&municipality.name, &territory().department(code.get(..2)?)?.name))
}

/// What was typed. Of the documents only the kind that was chosen counts; a code that no list has
/// counts where it was there before.
pub fn read(form: &mut Form, before: &Registration) -> Registration {
    let names = told(&Registration::default()).map(|(name, _, _)| name);
    names.into_iter().for_each(|name| {
        form.optional(name, LONGEST);
    });
    let text = |name: &str| form.get(name).to_owned();
    let document = DocumentKind::from_code(form.get("document")).unwrap_or_default();
    let of = |kind: DocumentKind, name: &str| if kind == document { text(name) } else { String::new() };
    let code = text("municipality");
    let place = place_names(&code);
    let cui = of(DocumentKind::Cui, "cui");
    // While the number stays, so does what is doubted of it.
    let number = |text: &str| identity::Cui::parse(text).ok();
    let cui_doubt = if number(&cui) == number(&before.cui) { before.cui_doubt.clone() } else { String::new() };
    let (municipality_name, department_name) = place.unwrap_or_default();
    Registration {
        document,
        cui,
        cui_doubt,
        passport_country: of(DocumentKind::Passport, "passport_country"),
        passport_number: of(DocumentKind::Passport, "passport_number"),
        foreign_id: of(DocumentKind::Foreign, "foreign_id"),
        mother_cui: of(DocumentKind::Newborn, "mother_cui"),
        birth_order: of(DocumentKind::Newborn, "birth_order"),
        no_document_reason: of(DocumentKind::None, "no_document_reason"),
        igss_number: text("igss_number"),
        nit: text("nit"),
        file: text("file"),
        given1: text("given1"),
        given2: text("given2"),
        surname1: text("surname1"),
        surname2: text("surname2"),
        married: text("married"),
        sex: text("sex"),
        birth_date: text("birth_date"),
        age: text("age"),
        municipality_name: municipality_name.to_owned(),
        department_name: department_name.to_owned(),
        municipality: if place.is_some() { code } else { String::new() },
        community: text("community"),
        address: text("address"),
        post: text("post"),
        pueblo: one_of(pueblos_and(before), &text("pueblo")),
        language: one_of(languages_and(before), &text("language")),
        interpreter: form.has("interpreter", YES),
        phone: text("phone"),
        contact_name: text("contact_name"),
        contact_phone: text("contact_phone"),
        mother_name: text("mother_name"),
    }
}

fn one_of(options: Vec<(String, String)>, value: &str) -> String {
    options.into_iter().map(|(code, _)| code).find(|code| code == value).unwrap_or_default()
}

/// Holds the places against the network: a community of another municipality is asked again, and
/// the post follows from the community where nobody chose one. What was there before and the
/// network does not know stays.
pub fn settle_places(directory: &Directory, form: &mut Form, (before, typed): (&Registration, &mut Registration)) {
    let inside = directory.municipality_of(&typed.community).is_some_and(|code| code == typed.municipality);
    let kept = typed.community == before.community && resident(before, &typed.municipality);
    let stays = kept && unknown_community(directory, before);
    if !(typed.community.is_empty() || inside || stays) {
        form.error("community", t("dem-mal-comunidad"));
    }
    if !typed.post.is_empty() && typed.post != before.post && directory.facility(&typed.post).is_none() {
        form.error("post", t("identidad-error-lugar"));
    }
    if typed.post.is_empty() {
        typed.post = directory.responsible(&typed.community).map(network::Facility::id).unwrap_or_default();
    }
}

fn unknown_community(directory: &Directory, one: &Registration) -> bool {
    !one.community.is_empty() && directory.place(&one.community).is_none()
}

fn resident(one: &Registration, municipality: &str) -> bool {
    one.municipality == municipality
}

/// Puts identity's findings beside their fields.
pub fn note_errors(form: &mut Form, errors: &[FieldError]) {
    for error in errors {
        form.error(error.field, finding(error.key));
    }
}

/// One of identity's findings in words.
pub fn finding(key: &str) -> Text {
    match key {
        "identidad-error-cui-falta" => t("identidad-error-cui-falta"),
        "identidad-error-cui-madre-falta" => t("identidad-error-cui-madre-falta"),
        "identidad-error-cui-de-otra" => t("identidad-error-cui-de-otra"),
        "identidad-error-cui-digitos" => t("identidad-error-cui-digitos"),
        "identidad-error-cui-largo" => t("identidad-error-cui-largo"),
        "identidad-error-cui-verificador" => t("identidad-error-cui-verificador"),
        "identidad-aviso-cui-municipio" => t("identidad-aviso-cui-municipio"),
        "identidad-error-igss" => t("identidad-error-igss"),
        "identidad-error-nit" => t("identidad-error-nit"),
        "identidad-error-orden-nacimiento" => t("identidad-error-orden-nacimiento"),
        "identidad-error-pais" => t("identidad-error-pais"),
        "identidad-error-pasaporte" => t("identidad-error-pasaporte"),
        "identidad-error-documento-extranjero" => t("identidad-error-documento-extranjero"),
        "identidad-error-sin-documento" => t("identidad-error-sin-documento"),
        "identidad-error-fecha" => t("identidad-error-fecha"),
        "identidad-error-fecha-no-existe" => t("identidad-error-fecha-no-existe"),
        "identidad-error-fecha-siglo" => t("identidad-error-fecha-siglo"),
        "identidad-error-fecha-futura" => t("identidad-error-fecha-futura"),
        "identidad-error-fecha-antigua" => t("identidad-error-fecha-antigua"),
        "identidad-error-edad" => t("identidad-error-edad"),
        "identidad-error-fecha-o-edad" => t("identidad-error-fecha-o-edad"),
        "identidad-error-nombre-largo" => t("identidad-error-nombre-largo"),
        "identidad-error-nombre" => t("identidad-error-nombre"),
        "identidad-error-sexo" => t("identidad-error-sexo"),
        "identidad-error-municipio" => t("identidad-error-municipio"),
        "identidad-error-telefono" => t("identidad-error-telefono"),
        "identidad-error-lugar" => t("identidad-error-lugar"),
        _ => t("mal-otro"),
    }
}

/// Why somebody is alike, in words.
pub fn resemblance(reason: Resemblance) -> Text {
    match reason {
        Resemblance::SameCui => t("parecido-mismo-cui"),
        Resemblance::NearCui => t("parecido-cui-casi-igual"),
        Resemblance::SameNames => t("parecido-mismos-nombres"),
        Resemblance::SomeNames => t("parecido-algunos-nombres"),
        Resemblance::SwappedSurnames => t("parecido-apellidos-cambiados"),
        Resemblance::SameBirthDate => t("parecido-misma-fecha"),
        Resemblance::SwappedBirthDate => t("parecido-dia-y-mes-cambiados"),
        Resemblance::SameBirthYear => t("parecido-mismo-anio"),
        Resemblance::SamePlace => t("parecido-mismo-municipio"),
        Resemblance::SameBirth => t("parecido-mismo-nacimiento"),
        Resemblance::SameDocument => t("parecido-mismo-documento"),
        Resemblance::SameFile => t("parecido-mismo-expediente"),
        Resemblance::SameIgss => t("parecido-misma-afiliacion"),
        Resemblance::SameNit => t("parecido-mismo-nit"),
    }
}

fn options<const N: usize>(from: [(&str, Text); N]) -> Vec<(String, String)> {
    from.into_iter().map(|(code, words)| (code.to_owned(), words.into())).collect()
}

fn documents() -> Vec<(String, String)> {
    let words = |kind| match kind {
        DocumentKind::Cui => t("dem-doc-cui"),
        DocumentKind::Newborn => t("dem-doc-recien-nacido"),
        DocumentKind::Passport => t("dem-doc-pasaporte"),
        DocumentKind::Foreign => t("dem-doc-extranjero"),
        DocumentKind::None => t("dem-doc-ninguno"),
    };
    options(DocumentKind::ALL.map(|kind| (kind.code(), words(kind))))
}

fn no_document_reasons() -> Vec<(String, String)> {
    let words = |code: &str| match code {
        "no-lo-trae" => t("dem-sin-no-lo-trae"),
        "nunca-inscrito" => t("dem-sin-nunca-inscrito"),
        "perdido" => t("dem-sin-perdido"),
        "extranjero-sin-documento" => t("dem-sin-extranjero"),
        "emergencia" => t("dem-sin-emergencia"),
        _ => t("dem-sin-no-quiere"),
    };
    options(NO_DOCUMENT_REASONS.map(|code| (code, words(code))))
}

fn sexes() -> Vec<(String, String)> {
    options([
        ("female", t("dem-mujer")),
        ("male", t("dem-hombre")),
        ("other", t("dem-otro-sexo")),
        ("unknown", t("dem-no-se-sabe")),
    ])
}

fn pueblos() -> Vec<(String, String)> {
    territory().pueblos.iter().map(|one| (one.code.clone(), one.name.clone())).collect()
}

fn languages() -> Vec<(String, String)> {
    territory().languages.iter().map(|one| (one.code.clone(), one.name.clone())).collect()
}

fn pueblos_and(before: &Registration) -> Vec<(String, String)> {
    with_stored(pueblos(), &before.pueblo, &before.pueblo)
}

fn languages_and(before: &Registration) -> Vec<(String, String)> {
    with_stored(languages(), &before.language, &before.language)
}

/// The options, and what is stored where they lack it: else the form would let go of it unsaid.
fn with_stored(mut options: Vec<(String, String)>, code: &str, words: &str) -> Vec<(String, String)> {
    if options.iter().all(|(known, _)| known != code) && !code.is_empty() {
        options.push((code.to_owned(), words.to_owned()));
    }
    options
}

/// What there is to choose from, as the network stands, with what is stored of the person.
pub struct Places {
    municipalities: Vec<(String, String)>,
    communities: Vec<(String, String)>,
    posts: Vec<(String, String)>,
    pueblos: Vec<(String, String)>,
    languages: Vec<(String, String)>,
}

impl Places {
    /// Around the municipality of the form; that of the caller's facility comes first. While the
    /// municipality is the stored one, so are the community and the post among the options.
    pub async fn near(visit: &Visit, form: &Form, before: &Registration) -> Result<Self, StoreError> {
        let own = own_municipality(visit).await?;
        let institution = visit.cx().ok().map(|cx| cx.institution.clone());
        let code = form.get("municipality");
        Ok(visit.state.network().await?.with(|directory: &Directory| {
            let communities = directory.communities(code).into_iter().map(|one| (one.id.clone(), one.name.clone()));
            let mut communities: Vec<(String, String)> = communities.collect();
            let area = Some(code.to_owned()).filter(|code| !code.is_empty());
            let filter = Filter { institution, area: area.clone(), ..Filter::default() };
            let posts = directory.list(&filter).into_iter().filter(|one| area.is_some() && one.level() <= 2);
            let mut posts: Vec<(String, String)> = posts.map(|one| (one.id(), one.name.clone())).collect();
            if resident(before, code) {
                posts = with_stored(posts, &before.post, &in_words(directory, "post", &before.post));
                if unknown_community(directory, before) {
                    communities = with_stored(communities, &before.community, &before.community);
                }
            }
            Self {
                municipalities: municipalities(&own),
                communities: first(t("dem-comunidad-otra"), communities.into_iter()),
                posts: first(t("dem-puesto-segun"), posts.into_iter()),
                pueblos: first(t("dem-no-dijo"), pueblos_and(before).into_iter()),
                languages: first(t("dem-no-dijo"), languages_and(before).into_iter()),
            }
        }))
    }
}

/// The code of the municipality where the caller works; empty where nobody knows.
pub async fn own_municipality(visit: &Visit) -> Result<String, StoreError> {
    let here = visit.cx().ok().and_then(|cx| cx.facility.as_ref()).map(|one| one.id.clone()).unwrap_or_default();
    Ok(visit.state.network().await?.with(|directory: &Directory| {
        let place = directory.facility(&here).map(|one| one.place.as_str()).unwrap_or_default();
        directory.municipality_of(place).unwrap_or_default().to_owned()
    }))
}

fn first(words: Text, rest: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    std::iter::once((String::new(), words.into())).chain(rest).collect()
}

/// The own one, those of its department, the rest by their codes.
fn municipalities(own: &str) -> Vec<(String, String)> {
    let mut all: Vec<&str> = territory().municipalities.iter().map(|one| one.code.as_str()).collect();
    let department = own.get(..2).unwrap_or_default();
    all.sort_by_key(|code| (*code != own, !code.starts_with(department), *code));
    first(t("dem-municipio-elija"), all.into_iter().map(|code| (code.to_owned(), municipality(code))))
}

/// The document, and what each kind of it asks: class of the part, fields.
pub fn papers(form: &Form) -> (Field, Vec<(&'static str, Vec<Field>)>) {
    let parts = vec![
        ("doc-cui", vec![form.line("cui", t("dato-cui")).hint(t("dem-cui-ayuda")).numeric().size("in-m")]),
        (
            "doc-recien-nacido",
            vec![
                form.line("mother_cui", t("dem-cui-madre")).hint(t("dem-cui-ayuda")).numeric().size("in-m"),
                form.line("birth_order", t("dem-orden")).hint(t("dem-orden-ayuda")).numeric().size("in-xs"),
            ],
        ),
        (
            "doc-pasaporte",
            vec![
                form.line("passport_country", t("dem-pais")).hint(t("dem-pais-ayuda")).size("in-xs"),
                form.line("passport_number", t("dem-pasaporte")).size("in-m"),
            ],
        ),
        ("doc-extranjero", vec![form.line("foreign_id", t("dem-extranjero")).size("in-m")]),
        ("doc-ninguno", vec![form.radios("no_document_reason", t("dem-sin-documento"), &no_document_reasons())]),
    ];
    (form.radios("document", t("dem-documento"), &documents()), parts)
}

/// The summary names what is wrong in the order in which the page asks it.
pub fn in_order(form: &mut Form, document: &Field, papers: &[(&str, Vec<Field>)], groups: &[Group]) {
    let asked = papers.iter().map(|(_, fields)| fields).chain(groups.iter().map(|group| &group.fields));
    let names: Vec<&str> = std::iter::once(document).chain(asked.flatten()).map(Field::name).collect();
    form.in_order(&names);
}

/// The rest of the form.
pub fn groups(form: &Form, places: &Places) -> Vec<Group> {
    let mut home = Group::new(t("dem-grupo-vive")).fields([
        form.select("municipality", t("dem-municipio"), &places.municipalities),
        form.select("community", t("dem-comunidad"), &places.communities).hint(t("dem-comunidad-ayuda")),
        form.line("address", t("dem-direccion")).hint(t("dem-direccion-ayuda")),
        form.select("post", t("dem-puesto"), &places.posts),
    ]);
    home.press = Some(Press::new("lugares", t("dem-ver-comunidades")));
    vec![
        Group::new(t("dem-grupo-nombre")).hint(t("dem-nombre-ayuda")).fields([
            form.line("given1", t("dem-nombre-1")),
            form.line("given2", t("dem-nombre-2")),
            form.line("surname1", t("dem-apellido-1")),
            form.line("surname2", t("dem-apellido-2")),
            form.line("married", t("dem-casada")).hint(t("dem-casada-ayuda")),
            form.radios("sex", t("dem-sexo"), &sexes()),
            form.day("birth_date", t("dem-nacio")).hint(t("dem-nacio-ayuda")),
            form.line("age", t("dem-edad")).hint(t("dem-edad-ayuda")).numeric().size("in-xs"),
            form.line("mother_name", t("dem-madre")),
        ]),
        home,
        Group::new(t("dem-grupo-dice")).hint(t("dem-dice-ayuda")).fields([
            form.select("pueblo", t("dem-pueblo"), &places.pueblos),
            form.select("language", t("dem-idioma"), &places.languages),
            form.checks("interpreter", t("dem-interprete"), &options([(YES, t("dem-interprete-si"))])),
        ]),
        Group::new(t("dem-grupo-avisar")).fields([
            form.line("phone", t("dato-telefono")).hint(t("dem-telefono-ayuda")).numeric().size("in-m"),
            form.line("contact_name", t("dem-avisar")),
            form.line("contact_phone", t("dem-avisar-telefono")).numeric().size("in-m"),
        ]),
        Group::new(t("dem-grupo-numeros")).hint(t("dem-numeros-ayuda")).fields([
            form.line("igss_number", t("dem-igss")).numeric().size("in-m"),
            form.line("nit", t("dem-nit")).size("in-m"),
        ]),
    ]
}

/// What a visit asks of the person where the record lacks it: pueblo and language.
pub fn people(form: &Form, before: &Registration) -> [Field; 2] {
    let pueblos = first(t("dem-no-dijo"), pueblos_and(before).into_iter());
    let languages = first(t("dem-no-dijo"), languages_and(before).into_iter());
    [form.select("pueblo", t("dem-pueblo"), &pueblos), form.select("language", t("dem-linguistica"), &languages)]
}

/// What was chosen of them, as codes; empty where nothing was.
pub fn people_chosen(form: &Form, before: &Registration) -> [String; 2] {
    [one_of(pueblos_and(before), form.get("pueblo")), one_of(languages_and(before), form.get("language"))]
}

/// What was looked for, carried into an empty form: a CUI, a day, names in the order they are said.
pub fn carry(form: &mut Form, sought: &str) {
    let identity::Line { cui, day, numbers, names } = identity::Line::read(sought);
    if let Some(day) = day {
        form.set("birth_date", day);
    }
    if let Some(cui) = &cui {
        form.set("cui", cui);
    }
    let number = numbers.concat();
    let digits = number.chars().filter(char::is_ascii_digit).count();
    let year = number.len() == 4 && digits == 4 && (number.starts_with("19") || number.starts_with("20"));
    let wrong = cui.is_none() && digits >= 9 && !number.chars().any(char::is_alphabetic);
    match wrong {
        // A CUI that was typed wrong stands where the check speaks of it.
        true => form.set("cui", numbers.join(" ")),
        false if year => {}
        false => form.set("file", numbers.join(" ")),
    }
    let names = identity::name::split_surnames(&names.join(" "));
    let into: &[&str] = match names.len() {
        0 | 1 => &["given1"],
        2 => &["given1", "surname1"],
        3 => &["given1", "surname1", "surname2"],
        _ => &["given1", "given2", "surname1", "surname2"],
    };
    for (place, name) in into.iter().enumerate() {
        let last = place + 1 == into.len();
        let words = if last { names.get(place..).unwrap_or_default().join(" ") } else { names[place].clone() };
        form.set(name, words);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn carried(sought: &str, name: &str) -> String {
        let mut form = Form::default();
        carry(&mut form, sought);
        form.get(name).to_owned()
    }

    #[test]
    fn what_was_looked_for_is_not_typed_again() {
        let sought = "Rosa Ixmucané de León Caal 9000 00074 1601 02/03/1968";
        for (name, value) in [
            ("given1", "Rosa"),
            ("given2", "Ixmucané"),
            ("surname1", "de León"),
            ("surname2", "Caal"),
            ("cui", "9000 00074 1601"),
            ("birth_date", "02/03/1968"),
        ] {
            assert_eq!(carried(sought, name), value, "{name}");
        }
        assert_eq!((carried("Rosa Tzub", "surname1"), carried("CHI-318", "file")), ("Tzub".into(), "CHI-318".into()));
        assert_eq!(carried("", "given1"), "");
        let spoken = "Rosa Caal 2 de marzo de 1968";
        assert_eq!(
            (carried(spoken, "birth_date").as_str(), carried(spoken, "surname1").as_str()),
            ("2 de marzo de 1968", "Caal")
        );
        let short = "Rosa 9000 00074 160";
        assert_eq!((carried(short, "cui"), carried(short, "file")), ("9000 00074 160".into(), String::new()));
        assert_eq!((carried("Rosa 1968", "file"), carried("77-2026", "file")), (String::new(), "77-2026".into()));
    }

    #[test]
    fn the_form_holds_every_field_of_a_registration() {
        let pairs = told(&Registration::default()).map(|(name, _, _)| (name.to_owned(), format!("x-{name}")));
        let mut form = Form::new(pairs.to_vec());
        form.set("document", "pasaporte");
        form.set("municipality", "1601");
        form.set("pueblo", "maya");
        form.set("language", "kek");
        form.set("interpreter", YES);
        let typed = read(&mut form, &Registration::default());
        assert_eq!((typed.cui.as_str(), typed.passport_number.as_str()), ("", "x-passport_number"));
        assert_eq!((typed.municipality_name.as_str(), typed.department_name.as_str()), ("Cobán", "Alta Verapaz"));
        let lost: Vec<_> = told(&typed).into_iter().filter(|(_, _, value)| value.is_empty()).collect();
        assert_eq!(lost.len(), 6, "only the other documents' fields: {lost:?}");
    }
}
