//! What may not be seen can't be told from any answer: for random resources, facts and questions,
//! a search finds what an evaluation without an index finds among what is visible, and taking away
//! what is invisible changes no byte of it.

use proptest::prelude::*;
use store::{Store, Visibility};
use testkit::Place;

use crate::kit;
use crate::search::{fill, query};

const FAMILIES: [&str; 4] = ["Caal", "Cáal Xol", "Ixcoy", "Tzʼul"];

/// A resource as the evaluation sees it: a Patient, an Observation, or a Basic that carries facts.
#[derive(Clone, Debug)]
struct Thing {
    kind: &'static str,
    custodian: Option<bool>,
    labels: u32,
    /// The patient it is about, by place among the things; of a Patient its own.
    patient: usize,
    family: Option<usize>,
    male: Option<bool>,
    /// Years since 1990, and the month.
    birth: Option<(i64, Option<i64>)>,
    code: u8,
    value: i64,
    /// To whom a Basic gives a reason for its patient, or shows that thing.
    grantee: u8,
    shown: Option<usize>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum Compare {
    Eq,
    Ne,
    Gt,
    Lt,
    Ge,
    Le,
    Sa,
    Eb,
}

#[derive(Clone, Debug)]
enum Ask {
    Name(&'static str),
    Male(bool),
    NotMale(bool),
    Birth(Compare, i64, Option<i64>),
    NoBirth(bool),
    HasCode(u8),
    Code(u8),
    Value(Compare, i64),
    CodeValue(u8, Compare, i64),
    Of(usize),
    OfName(&'static str),
}

#[derive(Clone, Debug)]
struct Question {
    kind: &'static str,
    asks: Vec<Ask>,
    sort: usize,
    include: bool,
}

fn id(at: usize) -> String {
    format!("t{at}")
}

fn custodian(thing: &Thing) -> Option<&'static str> {
    thing.custodian.map(|mspas| if mspas { "MSPAS" } else { "IGSS" })
}

fn body(things: &[Thing], at: usize) -> String {
    let thing = &things[at];
    let mut text = format!(r#"{{"resourceType":"{}","id":"{}","labels":{}"#, thing.kind, id(at), thing.labels);
    text += &custodian(thing).map_or(String::new(), |name| format!(r#","custodian":"{name}""#));
    text += &format!(r#","patient":"{}""#, id(thing.patient));
    match thing.kind {
        "Patient" => {
            text += &thing.family.map_or(String::new(), |at| format!(r#","name":[{{"family":"{}"}}]"#, FAMILIES[at]));
            let gender = |male| if male { "male" } else { "female" };
            text += &thing.male.map_or(String::new(), |male| format!(r#","gender":"{}""#, gender(male)));
            text += &thing.birth.map_or(String::new(), |birth| format!(r#","birthDate":"{}""#, date(birth)));
        }
        "Observation" => {
            text += &format!(
                r#","subject":{{"reference":"Patient/{}"}},"code":{{"coding":[{{"system":"l","code":"c{}"}}]}},"valueQuantity":{{"value":{}}}"#,
                id(thing.patient),
                thing.code,
                thing.value
            );
        }
        _ => {
            text += &match thing.shown {
                None => format!(r#","reason":"g{}""#, thing.grantee),
                Some(shown) => format!(r#","share":"{}/{}@g{}""#, things[shown].kind, id(shown), thing.grantee),
            };
        }
    }
    text + "}"
}

fn date((year, month): (i64, Option<i64>)) -> String {
    month.map_or(format!("{}", 1990 + year), |month| format!("{}-{month:02}", 1990 + year))
}

/// Months since January 1990, half open.
fn months((year, month): (i64, Option<i64>)) -> (i64, i64) {
    month.map_or((year * 12, year * 12 + 12), |month| (year * 12 + month - 1, year * 12 + month))
}

impl Compare {
    fn prefix(self) -> String {
        format!("{self:?}").to_lowercase()
    }

    /// R4 §3.1.1.4.5, in words: the asked range `a` and the kept range `b`, month by month.
    fn holds(self, a: (i64, i64), b: (i64, i64)) -> bool {
        let contains = a.0 <= b.0 && b.1 <= a.1;
        let any = |test: &dyn Fn(i64) -> bool| (b.0..b.1).any(test);
        match self {
            Self::Eq => contains,
            Self::Ne => !contains,
            Self::Gt => any(&|month| month >= a.1),
            Self::Lt => any(&|month| month < a.0),
            Self::Ge => contains || any(&|month| month >= a.1),
            Self::Le => contains || any(&|month| month < a.0),
            Self::Sa => !any(&|month| month < a.1),
            Self::Eb => !any(&|month| month >= a.0),
        }
    }

    fn holds_number(self, asked: i64, kept: i64) -> bool {
        match self {
            Self::Eq => kept == asked,
            Self::Ne => kept != asked,
            Self::Gt | Self::Sa => kept > asked,
            Self::Lt | Self::Eb => kept < asked,
            Self::Ge => kept >= asked,
            Self::Le => kept <= asked,
        }
    }
}

/// Whether the thing may be seen, decided without SQL.
fn seen(things: &[Thing], at: usize, visibility: &Visibility) -> bool {
    let thing = &things[at];
    let granted = |basic: &Thing, to: &[String], bits: u32, bit: u32, now: i64| {
        basic.kind == "Basic" && to.contains(&format!("g{}", basic.grantee)) && bits & bit != 0 && now >= 0
    };
    match visibility {
        Visibility::All => true,
        Visibility::None | Visibility::NoPatient => false,
        Visibility::And(parts) => parts.iter().all(|part| seen(things, at, part)),
        Visibility::Or(parts) => parts.iter().any(|part| seen(things, at, part)),
        Visibility::Not(part) => !seen(things, at, part),
        Visibility::TypeIn(types) => types.iter().any(|kind| kind == thing.kind),
        Visibility::Custodian(name) => custodian(thing) == Some(name),
        Visibility::NoCustodian => thing.custodian.is_none(),
        Visibility::LabelsWithin(mask) => thing.labels & !mask == 0,
        Visibility::PatientIs(patients) => patients.contains(&id(thing.patient)),
        Visibility::Key(kind, key) => kind == thing.kind && *key == id(at),
        Visibility::PatientReason { grantees, kinds, at: now } => things.iter().any(|basic| {
            granted(basic, grantees, *kinds, 2, *now) && basic.shown.is_none() && basic.patient == thing.patient
        }),
        Visibility::Shared { grantees, classes, at: now } => {
            things.iter().any(|basic| granted(basic, grantees, *classes, 1, *now) && basic.shown == Some(at))
        }
    }
}

fn named(thing: &Thing, prefix: &str) -> bool {
    thing.family.is_some_and(|at| FAMILIES[at].replace('á', "a").replace('ʼ', "").to_lowercase().starts_with(prefix))
}

fn holds(things: &[Thing], visible: &[bool], at: usize, ask: &Ask) -> bool {
    let thing = &things[at];
    match ask {
        Ask::Name(prefix) => named(thing, prefix),
        Ask::Male(male) => thing.male == Some(*male),
        Ask::NotMale(male) => thing.male != Some(*male),
        Ask::Birth(compare, year, month) => {
            thing.birth.is_some_and(|birth| compare.holds(months((*year, *month)), months(birth)))
        }
        Ask::NoBirth(missing) => thing.birth.is_none() == *missing,
        Ask::HasCode(code) => (0..things.len()).any(|other| {
            let it = &things[other];
            visible[other] && it.kind == "Observation" && it.patient == at && it.code == *code
        }),
        Ask::Code(code) => thing.code == *code,
        Ask::Value(compare, value) => compare.holds_number(*value, thing.value),
        Ask::CodeValue(code, compare, value) => thing.code == *code && compare.holds_number(*value, thing.value),
        Ask::Of(patient) => thing.patient == *patient,
        Ask::OfName(prefix) => {
            let patient = &things[thing.patient];
            patient.kind == "Patient" && visible[thing.patient] && named(patient, prefix)
        }
    }
}

impl Question {
    fn text(&self) -> String {
        let gender = |male: &bool| if *male { "male" } else { "female" };
        let ask = |ask: &Ask| match ask {
            Ask::Name(prefix) => format!("name={prefix}"),
            Ask::Male(male) => format!("gender={}", gender(male)),
            Ask::NotMale(male) => format!("gender:not={}", gender(male)),
            Ask::Birth(compare, year, month) => format!("birthdate={}{}", compare.prefix(), date((*year, *month))),
            Ask::NoBirth(missing) => format!("birthdate:missing={missing}"),
            Ask::HasCode(code) => format!("_has:Observation:patient:code=l|c{code}"),
            Ask::Code(code) => format!("code=c{code}"),
            Ask::Value(compare, value) => format!("value-quantity={}{value}", compare.prefix()),
            Ask::CodeValue(code, compare, value) => format!("code-value-quantity=c{code}${}{value}", compare.prefix()),
            Ask::Of(patient) => format!("patient={}", id(*patient)),
            Ask::OfName(prefix) => format!("patient.name={prefix}"),
        };
        let sort = match (self.kind, self.sort) {
            (_, 0) => "",
            (_, 1) => "_sort=-_id",
            ("Patient", 2) => "_sort=birthdate",
            ("Patient", _) => "_sort=-birthdate,-family",
            (_, 2) => "_sort=value-quantity",
            _ => "_sort=-value-quantity,_id",
        };
        let include =
            if self.kind == "Patient" { "_revinclude=Observation:patient" } else { "_include=Observation:patient" };
        let rest = [sort, if self.include { include } else { "" }, "_total=accurate&_count=2"].map(str::to_owned);
        self.asks.iter().map(ask).chain(rest).collect::<Vec<_>>().join("&")
    }

    /// The places of the matches, in order.
    fn answer(&self, things: &[Thing], visible: &[bool]) -> Vec<usize> {
        let wanted = |at: &usize| {
            visible[*at]
                && things[*at].kind == self.kind
                && self.asks.iter().all(|ask| holds(things, visible, *at, ask))
        };
        let mut found: Vec<usize> = (0..things.len()).filter(wanted).collect();
        let birth = |at: &usize| things[*at].birth.map(|birth| months(birth).0);
        // What has no value comes last, whichever way.
        let up = |key: Option<i64>| (key.is_none(), key);
        let down = |key: Option<i64>| (key.is_none(), key.map(|key| -key));
        match (self.kind, self.sort) {
            (_, 0) => {}
            (_, 1) => found.sort_by_key(|at| std::cmp::Reverse(id(*at))),
            ("Patient", 2) => found.sort_by_key(|at| up(birth(at))),
            ("Patient", _) => found.sort_by_key(|at| {
                let family = things[*at].family.and_then(|at| i64::try_from(at).ok());
                (down(birth(at)), down(family), std::cmp::Reverse(*at))
            }),
            (_, 2) => found.sort_by_key(|at| things[*at].value),
            _ => found.sort_by_key(|at| (-things[*at].value, id(*at))),
        }
        found
    }

    /// What a page with these matches includes.
    fn included(&self, things: &[Thing], visible: &[bool], page: &[usize]) -> Vec<String> {
        let wanted = |at: &usize| {
            let thing = &things[*at];
            let linked = match self.kind {
                "Patient" => thing.kind == "Observation" && page.contains(&thing.patient),
                _ => thing.kind == "Patient" && page.iter().any(|page| things[*page].patient == *at),
            };
            self.include && linked && visible[*at]
        };
        (0..things.len()).filter(wanted).map(id).collect()
    }
}

/// The pages of a search: total, matches and included, as bytes.
type Pages = Vec<(Option<u64>, Vec<(String, String)>, Vec<(String, String)>)>;

async fn pages(store: &Store, question: &Question, visibility: &Visibility) -> Pages {
    let mut query = query(&[question.kind], &question.text());
    let mut pages = Vec::new();
    loop {
        let page =
            store.search(&query, visibility).await.unwrap_or_else(|error| panic!("{}: {error}", question.text()));
        let text = |stored: store::Stored| (stored.key.id, String::from_utf8(stored.body.to_vec()).unwrap());
        pages.push((
            page.total,
            page.matches.into_iter().map(text).collect(),
            page.included.into_iter().map(text).collect(),
        ));
        query.cursor = page.next;
        if query.cursor.is_none() || pages.len() > 20 {
            return pages;
        }
    }
}

async fn write(things: &[Thing], keep: impl Fn(usize) -> bool) -> (Store, Place) {
    let place = Place::sqlite(kit::projector());
    let store = place.open().await.unwrap();
    let bodies: Vec<String> = (0..things.len()).filter(|at| keep(*at)).map(|at| body(things, at)).collect();
    fill(&store, &bodies.iter().map(String::as_str).collect::<Vec<_>>()).await;
    (store, place)
}

async fn judge(things: Vec<Thing>, visibility: Visibility, questions: Vec<Question>) {
    // What carries facts stays visible: taking it away would change what others may see.
    let visibility = Visibility::Or(vec![Visibility::TypeIn(vec!["Basic".to_owned()]), visibility]);
    let visible: Vec<bool> = (0..things.len()).map(|at| seen(&things, at, &visibility)).collect();
    let (store, _place) = write(&things, |_| true).await;
    let (poorer, _other) = write(&things, |at| visible[at]).await;
    for question in &questions {
        let told = format!("{}?{} with {visibility:?}", question.kind, question.text());
        let found = pages(&store, question, &visibility).await;
        let answer = question.answer(&things, &visible);
        let ids = |part: &[(String, String)]| part.iter().map(|(id, _)| id.clone()).collect::<Vec<_>>();
        let matches: Vec<String> = found.iter().flat_map(|page| ids(&page.1)).collect();
        assert_eq!(matches, answer.iter().copied().map(id).collect::<Vec<_>>(), "{told}");
        for ((total, _, included), chunk) in found.iter().zip(answer.chunks(2)) {
            assert_eq!(*total, Some(answer.len() as u64), "{told}");
            assert_eq!(ids(included), question.included(&things, &visible, chunk), "{told}");
        }
        assert_eq!(pages(&poorer, question, &visibility).await, found, "{told}, without what is invisible");
    }
}

fn things() -> impl Strategy<Value = Vec<Thing>> {
    use prop::sample::Index;
    type Rest = (u8, i64, u8, Option<Index>);
    let kind = prop_oneof![3 => Just("Patient"), 4 => Just("Observation"), 2 => Just("Basic")];
    let birth = prop::option::of((0..3_i64, prop::option::of(1..4_i64)));
    let person = (prop::option::of(0..FAMILIES.len()), any::<Option<bool>>(), birth);
    let about = (any::<Option<bool>>(), 0..4_u32, any::<Index>());
    let rest = (0..3_u8, 0..5_i64, 0..3_u8, any::<Option<Index>>());
    prop::collection::vec((kind, about, person, rest), 1..28).prop_map(|specs| {
        let count = specs.len();
        let mut things = Vec::new();
        for (at, (kind, (custodian, labels, patient), (family, male, birth), rest)) in specs.into_iter().enumerate() {
            let (code, value, grantee, shown): Rest = rest;
            let patient = if kind == "Patient" { at } else { patient.index(count) };
            let shown = shown.map(|index| index.index(count));
            things.push(Thing { kind, custodian, labels, patient, family, male, birth, code, value, grantee, shown });
        }
        things
    })
}

fn visibilities() -> impl Strategy<Value = Visibility> {
    let grantees = prop::collection::vec((0..3_u8).prop_map(|at| format!("g{at}")), 0..3);
    let leaf = prop_oneof![
        Just(Visibility::All),
        Just(Visibility::None),
        Just(Visibility::NoPatient),
        Just(Visibility::NoCustodian),
        prop::sample::select(vec!["MSPAS", "IGSS", ""]).prop_map(|name| Visibility::Custodian(name.to_owned())),
        (0..4_u32).prop_map(Visibility::LabelsWithin),
        prop::collection::vec((0..28_usize).prop_map(id), 0..8).prop_map(Visibility::PatientIs),
        Just(Visibility::TypeIn(vec!["Patient".to_owned()])),
        (0..28_usize).prop_map(|at| Visibility::Key("Observation".to_owned(), id(at))),
        (grantees.clone(), 0..4_u32, -1..2_i64).prop_map(|(grantees, kinds, at)| Visibility::PatientReason {
            grantees,
            kinds,
            at
        }),
        (grantees, 0..4_u32, -1..2_i64).prop_map(|(grantees, classes, at)| Visibility::Shared {
            grantees,
            classes,
            at
        }),
    ];
    leaf.prop_recursive(3, 16, 3, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Visibility::And),
            prop::collection::vec(inner.clone(), 0..4).prop_map(Visibility::Or),
            inner.prop_map(|part| Visibility::Not(Box::new(part))),
        ]
    })
}

fn questions() -> impl Strategy<Value = Question> {
    use Compare::{Eb, Eq, Ge, Gt, Le, Lt, Ne, Sa};
    let compare = || prop::sample::select(vec![Eq, Ne, Gt, Lt, Ge, Le, Sa, Eb]);
    let prefix = || prop::sample::select(vec!["c", "caal", "tzul", "x"]);
    let of_patient = prop_oneof![
        prefix().prop_map(Ask::Name),
        any::<bool>().prop_map(Ask::Male),
        any::<bool>().prop_map(Ask::NotMale),
        (compare(), 0..3_i64, prop::option::of(1..4_i64))
            .prop_map(|(compare, year, month)| { Ask::Birth(compare, year, month) }),
        any::<bool>().prop_map(Ask::NoBirth),
        (0..3_u8).prop_map(Ask::HasCode),
    ];
    let of_observation = prop_oneof![
        (0..3_u8).prop_map(Ask::Code),
        (compare(), 0..5_i64).prop_map(|(compare, value)| Ask::Value(compare, value)),
        (0..3_u8, compare(), 0..5_i64).prop_map(|(code, compare, value)| Ask::CodeValue(code, compare, value)),
        (0..12_usize).prop_map(Ask::Of),
        prefix().prop_map(Ask::OfName),
    ];
    let asks = prop_oneof![
        prop::collection::vec(of_patient, 0..3).prop_map(|asks| ("Patient", asks)),
        prop::collection::vec(of_observation, 0..3).prop_map(|asks| ("Observation", asks)),
    ];
    (asks, 0..4_usize, any::<bool>()).prop_map(|((kind, asks), sort, include)| Question { kind, asks, sort, include })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 48, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn what_is_invisible_changes_nothing(
        things in things(),
        visibility in visibilities(),
        questions in prop::collection::vec(questions(), 8),
    ) {
        let runtime = tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
        runtime.block_on(judge(things, visibility, questions));
    }
}
