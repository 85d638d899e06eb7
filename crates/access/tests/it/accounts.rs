//! Getting in and out: passwords, lock-out, sessions, tokens, the second factor.

use access::{AccessError, Entry, Login, NewToken, NewUser, Pending, Role, SessionInfo};
use jiff::SignedDuration;
use store::{AuditAction, Kind};
use testkit::{HOSPITAL, IGSS_HOSPITAL, OFFICE, OTHER_POST, POST, World};

use crate::story::kind;

const PASSWORD: &str = "maiz-frijol-y-sal";

async fn with_user(user: &str, roles: &[(Role, &str)]) -> World {
    let world = World::new().await;
    let new = NewUser {
        user: user.to_owned(),
        name: "Ixmucané Caal".to_owned(),
        roles: roles.iter().map(|(role, facility)| (*role, (*facility).to_owned())).collect(),
        password: Some(PASSWORD.to_owned()),
        ..NewUser::default()
    };
    world.access.accounts().create_user(&world.system(), new).await.unwrap();
    world
}

fn typed(user: &str, password: &str) -> Login {
    Login { user: user.to_owned(), password: password.to_owned(), ..Login::default() }
}

async fn enter(world: &World, login: Login) -> SessionInfo {
    match world.access.accounts().login(login).await.unwrap() {
        Entry::In(info) => *info,
        other => panic!("{other:?}"),
    }
}

#[tokio::test]
async fn a_session_knows_who_asks_and_ends() {
    let world = with_user("Ixmucane", &[(Role::Nurse, POST)]).await;
    let accounts = world.access.accounts();
    let info = enter(&world, typed("IXMUCANE ", PASSWORD)).await;
    let opened = accounts.session(&info.secret, "r1", None).await.unwrap();
    assert_eq!((opened.cx.role, opened.cx.institution.as_str()), (Role::Nurse, "MSPAS"));
    assert_eq!(opened.cx.facility.as_ref().map(|one| one.id.as_str()), Some(POST));
    assert!(accounts.csrf_is_good(&info.secret, &opened.csrf) && !accounts.csrf_is_good("other", &opened.csrf));
    assert_eq!(accounts.sessions("ixmucane").await.unwrap().len(), 1);

    accounts.lock(&info.secret).await.unwrap();
    let locked = accounts.session(&info.secret, "r2", None).await;
    assert!(matches!(locked, Err(AccessError::Pending(Pending::Unlock))));
    assert_eq!(kind(accounts.unlock(&info.secret, "1234").await), Some(Kind::Unauthenticated));
    accounts.set_pin(&info.secret, PASSWORD, "4711").await.unwrap();
    accounts.unlock(&info.secret, "4711").await.unwrap();
    accounts.session(&info.secret, "r3", None).await.unwrap();

    world.clock.advance(SignedDuration::from_hours(3));
    assert_eq!(kind(accounts.session(&info.secret, "r4", None).await), Some(Kind::Unauthenticated), "idle");
    let again = enter(&world, typed("ixmucane", PASSWORD)).await;
    accounts.logout(&again.secret).await.unwrap();
    assert_eq!(kind(accounts.session(&again.secret, "r5", None).await), Some(Kind::Unauthenticated));
}

#[tokio::test]
async fn wrong_tries_lock_the_name_for_a_growing_time_known_or_not() {
    let world = with_user("ixmucane", &[(Role::Nurse, POST)]).await;
    let accounts = world.access.accounts();
    for user in ["ixmucane", "nadie"] {
        for _ in 0..5 {
            assert_eq!(kind(accounts.login(typed(user, "equivocada")).await), Some(Kind::Unauthenticated), "{user}");
        }
        let locked = accounts.login(typed(user, PASSWORD)).await;
        assert!(matches!(locked, Err(AccessError::TooMany { seconds: 30 })), "{user}: {locked:?}");
    }
    world.clock.advance(SignedDuration::from_secs(31));
    assert_eq!(kind(accounts.login(typed("ixmucane", "equivocada")).await), Some(Kind::Unauthenticated));
    let locked = accounts.login(typed("ixmucane", PASSWORD)).await;
    assert!(matches!(locked, Err(AccessError::TooMany { seconds: 60 })), "{locked:?}");
    world.clock.advance(SignedDuration::from_secs(61));
    enter(&world, typed("ixmucane", PASSWORD)).await;
    let query = store::AuditQuery { action: Some(AuditAction::LoginFailed), ..Default::default() };
    let failures = world.access.audit_events(&world.system(), &query).await.unwrap().events;
    assert_eq!(failures.len(), 11);
    assert!(!failures.iter().any(|event| event.to_string().contains("nadie")), "what was typed is not kept");
}

#[tokio::test]
async fn an_administrator_needs_the_second_factor() {
    let world = with_user("jefe.red", &[(Role::Administrator, OFFICE)]).await;
    let accounts = world.access.accounts();
    let info = enter(&world, typed("jefe.red", PASSWORD)).await;
    assert_eq!(info.pending, Some(Pending::Totp));
    assert!(matches!(accounts.session(&info.secret, "r", None).await, Err(AccessError::Pending(Pending::Totp))));
    accounts.start_totp(&info.secret).await.unwrap();
    assert_eq!(kind(accounts.confirm_totp(&info.secret, "abc").await), Some(Kind::Unauthenticated));
}

#[tokio::test]
async fn several_roles_are_chosen_and_switched() {
    let world = with_user("doble", &[(Role::Nurse, POST), (Role::Clerk, HOSPITAL)]).await;
    let accounts = world.access.accounts();
    let Entry::Choose(choices) = accounts.login(typed("doble", PASSWORD)).await.unwrap() else { panic!("a choice") };
    let pick = |role| choices.iter().find(|choice| choice.role == role).unwrap().id.clone();
    let login = Login { role: Some(pick(Role::Nurse)), ..typed("doble", PASSWORD) };
    let info = enter(&world, login).await;
    accounts.switch_role(&info.secret, &pick(Role::Clerk)).await.unwrap();
    assert_eq!(accounts.session(&info.secret, "r", None).await.unwrap().cx.role, Role::Clerk);
    assert_eq!(kind(accounts.switch_role(&info.secret, "otro").await), Some(Kind::NotFound));
}

#[tokio::test]
async fn supervision_answers_for_the_posts_of_its_territory_only() {
    let world = World::new().await;
    let accounts = world.access.accounts();
    let chief = world.at("Tec", Role::Supervisor, OFFICE);
    let new = |role, facility: &str| NewUser {
        user: format!("nuevo-{facility}"),
        name: "Nueva".to_owned(),
        roles: vec![(role, facility.to_owned())],
        ..NewUser::default()
    };
    assert_eq!(kind(accounts.create_user(&chief, new(Role::Nurse, OTHER_POST)).await), Some(Kind::Forbidden));
    assert_eq!(kind(accounts.create_user(&chief, new(Role::Auditor, POST)).await), Some(Kind::Forbidden));
    let nurse = world.nurse("Ixmucané");
    assert_eq!(kind(accounts.create_user(&nurse, new(Role::Nurse, POST)).await), Some(Kind::Forbidden));

    let made = accounts.create_user(&chief, new(Role::Nurse, POST)).await.unwrap();
    let user = format!("nuevo-{POST}");
    let invitation = made.invitation.unwrap();
    accounts.accept_invitation(&invitation, PASSWORD).await.unwrap();
    let twice = accounts.accept_invitation(&invitation, PASSWORD).await;
    assert_eq!(kind(twice), Some(Kind::Unauthenticated), "once only");
    let info = enter(&world, typed(&user, PASSWORD)).await;
    accounts.set_password(&chief, &user, "temporal-de-hoy").await.unwrap();
    assert_eq!(kind(accounts.session(&info.secret, "r", None).await), Some(Kind::Unauthenticated));
    let forced = enter(&world, typed(&user, "temporal-de-hoy")).await;
    assert_eq!(forced.pending, Some(Pending::Password));
    accounts.change_password(&forced.secret, "temporal-de-hoy", "mi propia palabra").await.unwrap();
    accounts.session(&forced.secret, "r", None).await.unwrap();
    assert_eq!(accounts.users(&chief).await.unwrap().len(), 1);

    let task = fhir::json!({ "resourceType": "Task", "status": "requested", "intent": "order",
        "owner": { "reference": format!("Practitioner/{}", made.practitioner) } });
    world.put(&nurse, "visita-pendiente", task).await;
    assert_eq!(kind(accounts.end_user(&chief, &user).await), Some(Kind::Rule), "open work");
    assert_eq!(accounts.hand_over(&chief, &user, POST).await.unwrap(), 1);
    accounts.end_user(&chief, &user).await.unwrap();
    assert_eq!(kind(accounts.login(typed(&user, "mi propia palabra")).await), Some(Kind::Unauthenticated));
}

#[tokio::test]
async fn a_token_is_shown_once_and_can_be_revoked() {
    let world = World::new().await;
    let accounts = world.access.accounts();
    let new = NewToken {
        label: "Laboratorio".to_owned(),
        role: Role::System,
        institution: "MSPAS".to_owned(),
        facility: None,
        scopes: "system/*.rs".to_owned(),
        expires: None,
    };
    assert_eq!(kind(accounts.create_token(&world.nurse("Ixmucané"), new.clone()).await), Some(Kind::Forbidden));
    let admin = world.administrator("Ana");
    let text = accounts.create_token(&admin, new).await.unwrap();
    let cx = accounts.token(&text, "r", None).await.unwrap();
    assert_eq!((cx.role, cx.institution.as_str()), (Role::System, "MSPAS"));
    let forged = format!("{}x", &text[..text.len() - 1]);
    assert_eq!(kind(accounts.token(&forged, "r", None).await), Some(Kind::Unauthenticated));
    let id = accounts.tokens(&admin).await.unwrap()[0].id.clone();
    accounts.revoke_token(&admin, &id).await.unwrap();
    assert_eq!(kind(accounts.token(&text, "r", None).await), Some(Kind::Unauthenticated));
}

#[tokio::test]
async fn an_invitation_dies_with_the_password_and_with_the_next_one() {
    let world = World::new().await;
    let accounts = world.access.accounts();
    let chief = world.at("Tec", Role::Supervisor, OFFICE);
    let new = NewUser {
        user: "ixmucane".to_owned(),
        name: "Ixmucané".to_owned(),
        roles: vec![(Role::Nurse, POST.to_owned())],
        ..NewUser::default()
    };
    let first = accounts.create_user(&chief, new).await.unwrap().invitation.unwrap();
    let second = accounts.reset(&chief, "ixmucane").await.unwrap();
    assert_eq!(kind(accounts.accept_invitation(&first, PASSWORD).await), Some(Kind::Unauthenticated), "the reset's");
    accounts.accept_invitation(&second, PASSWORD).await.unwrap();
    enter(&world, typed("ixmucane", PASSWORD)).await;
    let third = accounts.reset(&chief, "Ixmucane").await.unwrap();
    accounts.set_password(&chief, "ixmucane", "temporal-de-hoy").await.unwrap();
    let late = accounts.accept_invitation(&third, "palabra-del-ladron").await;
    assert_eq!(kind(late), Some(Kind::Unauthenticated), "a password is there");
    assert_eq!(enter(&world, typed("ixmucane", "temporal-de-hoy")).await.pending, Some(Pending::Password));
}

#[tokio::test]
async fn the_auditor_reads_what_was_done_to_accounts_and_tokens() {
    let world = with_user("ixmucane", &[(Role::Nurse, POST)]).await;
    let accounts = world.access.accounts();
    let admin = world.administrator("Ana");
    accounts.set_password(&admin, "ixmucane", "temporal-de-hoy").await.unwrap();
    accounts.set_disabled(&admin, "ixmucane", true).await.unwrap();
    accounts.set_disabled(&world.system(), "ixmucane", false).await.unwrap();
    accounts.reset(&admin, "ixmucane").await.unwrap();
    let new = NewToken {
        label: "Laboratorio".to_owned(),
        role: Role::System,
        institution: "MSPAS".to_owned(),
        facility: None,
        scopes: "system/*.rs".to_owned(),
        expires: None,
    };
    accounts.create_token(&admin, new).await.unwrap();
    let id = accounts.tokens(&admin).await.unwrap()[0].id.clone();
    accounts.revoke_token(&admin, &id).await.unwrap();
    let query = fhir::search::Query::parse(&["AuditEvent"], &[("_count".to_owned(), "100".to_owned())]).unwrap();
    let told = world.access.search(&world.auditor("Tzul"), &query).await.unwrap().matches;
    let acts = [
        "create-account",
        "set-password",
        "disable-account",
        "enable-account",
        "reset-account",
        "create-token",
        "revoke-token",
    ];
    for act in acts {
        let found = told.iter().find(|one| String::from_utf8_lossy(&one.body).contains(&format!("\"{act}\"")));
        let event = found.unwrap_or_else(|| panic!("{act} is not told")).value();
        assert_eq!(fhir::validate(&event), [], "{event}");
        let told = event.to_string();
        assert!(act == "create-account" || told.contains("Ixmucan") || told.contains("Laboratorio"), "whose: {event}");
    }
}

#[tokio::test]
async fn a_locked_session_binds_no_second_factor() {
    let world = with_user("ixmucane", &[(Role::Nurse, POST)]).await;
    let accounts = world.access.accounts();
    let info = enter(&world, typed("ixmucane", PASSWORD)).await;
    accounts.start_totp(&info.secret).await.unwrap();
    accounts.lock(&info.secret).await.unwrap();
    assert!(matches!(accounts.start_totp(&info.secret).await, Err(AccessError::Pending(Pending::Unlock))));
    assert!(matches!(accounts.confirm_totp(&info.secret, "123456").await, Err(AccessError::Pending(Pending::Unlock))));
    accounts.set_password(&world.system(), "ixmucane", "temporal-de-hoy").await.unwrap();
    let forced = enter(&world, typed("ixmucane", "temporal-de-hoy")).await;
    assert!(matches!(accounts.start_totp(&forced.secret).await, Err(AccessError::Pending(Pending::Password))));
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn many_tries_at_once_do_not_slip_past_the_lock_out() {
    let world = with_user("ixmucane", &[(Role::Nurse, POST)]).await;
    let tries = (0..30).map(|at| {
        let access = world.access.clone();
        let login = Login { address: Some(format!("10.0.0.{at}")), ..typed("Ixmucane", "equivocada") };
        tokio::spawn(async move { kind(access.accounts().login(login).await) })
    });
    let mut verified = 0;
    for one in tries.collect::<Vec<_>>() {
        verified += u32::from(one.await.unwrap() == Some(Kind::Unauthenticated));
    }
    assert!(verified <= 10, "{verified} passwords were tried at once");
    world.clock.advance(SignedDuration::from_hours(2));
    for _ in 0..20 {
        enter(&world, typed("ixmucane", PASSWORD)).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_login_that_races_the_closing_of_the_account_leaves_no_session() {
    let world = with_user("ixmucane", &[(Role::Nurse, POST)]).await;
    let accounts = world.access.accounts();
    for _ in 0..3 {
        let logins = (0..4).map(|_| {
            let access = world.access.clone();
            tokio::spawn(async move { access.accounts().login(typed("ixmucane", PASSWORD)).await.is_ok() })
        });
        let logins: Vec<_> = logins.collect();
        accounts.set_disabled(&world.system(), "ixmucane", true).await.unwrap();
        for login in logins {
            login.await.unwrap();
        }
        assert_eq!(accounts.sessions("ixmucane").await.unwrap(), []);
        accounts.set_disabled(&world.system(), "ixmucane", false).await.unwrap();
        world.clock.advance(SignedDuration::from_mins(10));
    }
}

#[tokio::test]
async fn an_ending_that_broke_off_half_way_is_finished_by_the_next() {
    let world = with_user("ixmucane", &[(Role::Nurse, POST)]).await;
    let (accounts, admin) = (world.access.accounts(), world.administrator("Ana"));
    let info = enter(&world, typed("ixmucane", PASSWORD)).await;
    let whose = &accounts.users(&admin).await.unwrap()[0];
    let own = fhir::json!({ "reference": format!("Practitioner/{}", whose.practitioner) });
    for id in ["visita", "llamada"] {
        let task = fhir::json!({ "resourceType": "Task", "status": "requested", "intent": "order", "owner": &own });
        world.put(&world.nurse("Ixmucané"), id, task).await;
    }
    // The tasks were handed over, and then the program stopped.
    assert_eq!(accounts.hand_over(&admin, "ixmucane", POST).await.unwrap(), 2);
    accounts.session(&info.secret, "r", None).await.unwrap();

    assert_eq!(accounts.hand_over(&admin, "ixmucane", POST).await.unwrap(), 0, "nothing is left of the first half");
    accounts.end_user(&admin, "ixmucane").await.unwrap();
    assert_eq!(kind(accounts.session(&info.secret, "r", None).await), Some(Kind::Unauthenticated));
    assert_eq!(kind(accounts.login(typed("ixmucane", PASSWORD)).await), Some(Kind::Unauthenticated));
    // It was ended, and the answer never came.
    accounts.end_user(&admin, "ixmucane").await.unwrap();
    let role = store::Key::new("PractitionerRole", &whose.roles[0].id);
    let ended = world.store().read(&role, &store::Visibility::All).await.unwrap().unwrap();
    assert_eq!(ended.value().get("active").and_then(fhir::Value::as_bool), Some(false));
    assert_eq!(ended.version, 2, "it ended once");
}

#[tokio::test]
async fn a_territory_holds_in_the_open_session_and_over_the_version_that_was_shown() {
    let world = with_user("choc", &[(Role::Coordinator, OFFICE)]).await;
    let accounts = world.access.accounts();
    let info = enter(&world, typed("choc", PASSWORD)).await;
    let admin = world.administrator("Ana");
    let seen = accounts.users(&admin).await.unwrap()[0].roles[0].clone();
    let set =
        async |cx: &access::Cx, facility: &str| accounts.set_territory(cx, "choc", &seen, &[facility.to_owned()]).await;
    assert_eq!(kind(set(&world.at("Tec", Role::Supervisor, OFFICE), POST).await), Some(Kind::Forbidden));
    assert_eq!(kind(set(&world.nurse("Ana"), POST).await), Some(Kind::Forbidden));
    assert_eq!(kind(set(&world.at("Ana", Role::Administrator, IGSS_HOSPITAL), POST).await), Some(Kind::Forbidden));
    assert_eq!(kind(set(&admin, IGSS_HOSPITAL).await), Some(Kind::NotFound), "the other institution's");
    set(&admin, POST).await.unwrap();
    let opened = accounts.session(&info.secret, "r", None).await.unwrap();
    assert_eq!(opened.cx.facility.map(|own| own.territory), Some(vec![OFFICE.to_owned(), POST.to_owned()]));
    assert_eq!(kind(set(&admin, HOSPITAL).await), Some(Kind::Stale), "somebody else was quicker");
    let now = accounts.users(&admin).await.unwrap()[0].roles[0].clone();
    accounts.set_territory(&admin, "choc", &now, &[]).await.unwrap();
    let opened = accounts.session(&info.secret, "r", None).await.unwrap();
    assert_eq!(opened.cx.facility.map(|own| own.territory), Some(vec![OFFICE.to_owned()]));
}

#[tokio::test]
async fn work_that_nobody_or_another_institution_keeps_is_handed_over_too() {
    let world = with_user("ixmucane", &[(Role::Nurse, POST)]).await;
    let accounts = world.access.accounts();
    let admin = world.administrator("Ana");
    world.person(&world.igss_specialist("Lima"), "ajena", "Caal").await;
    let owner = accounts.users(&admin).await.unwrap()[0].practitioner.clone();
    for (id, keeper) in [("de-nadie", None), ("de-otra", Some("IGSS")), ("propia", Some("MSPAS"))] {
        let security = keeper.map(|code| vec![fhir::json!({ "system": access::system::CUSTODIAN, "code": code })]);
        let task = fhir::json!({ "resourceType": "Task", "status": "requested", "intent": "order",
            "meta": security.map(|security| fhir::json!({ "security": security })),
            "for": { "reference": "Patient/ajena" }, "owner": { "reference": format!("Practitioner/{owner}") } });
        world.put(&world.system(), id, task).await;
    }
    assert_eq!(kind(accounts.end_user(&admin, "ixmucane").await), Some(Kind::Rule), "open work");
    assert_eq!(accounts.hand_over(&admin, "ixmucane", POST).await.unwrap(), 3);
    accounts.end_user(&admin, "ixmucane").await.unwrap();
    for (id, keeper) in [("de-nadie", None), ("de-otra", Some("IGSS")), ("propia", Some("MSPAS"))] {
        let stored = world.access.read(&world.system(), &store::Key::new("Task", id)).await.unwrap().value();
        assert_eq!(stored.text_at(&["owner", "reference"]), Some(&*format!("Organization/{POST}")), "{id}");
        let security = stored.get("meta").map(|meta| meta.items("security")).unwrap_or_default();
        assert_eq!(security.first().and_then(|one| one.text_at(&["code"])), keeper, "{id} stays with who keeps it");
    }
    let query = fhir::search::Query::parse(&["AuditEvent"], &[]).unwrap();
    let told = world.access.search(&world.auditor("Tzul"), &query).await.unwrap().matches;
    assert!(told.iter().any(|one| one.value().to_string().contains("\"hand-over\"")), "the auditor reads it");
}

#[tokio::test]
async fn a_role_given_later_is_chosen_from_and_what_ends_leaves_no_work_behind() {
    let world = with_user("ixmucane", &[(Role::Nurse, POST)]).await;
    let world = &world;
    let (accounts, admin) = (world.access.accounts(), world.administrator("Ana"));
    let refused = async |cx: access::Cx, role, place: &str| {
        kind(world.access.accounts().add_role(&cx, "ixmucane", role, place).await)
    };
    assert_eq!(refused(world.nurse("Ana"), Role::Doctor, POST).await, Some(Kind::Forbidden));
    let chief = world.at("Tec", Role::Supervisor, OFFICE);
    assert_eq!(refused(chief, Role::Administrator, OFFICE).await, Some(Kind::Forbidden), "beyond what they may give");
    assert_eq!(
        refused(admin.clone(), Role::Nurse, IGSS_HOSPITAL).await,
        Some(Kind::Forbidden),
        "the other institution"
    );
    assert_eq!(refused(admin.clone(), Role::Nurse, POST).await, Some(Kind::Rule), "twice");
    let alone = enter(world, typed("ixmucane", PASSWORD)).await;
    accounts.set_pin(&alone.secret, PASSWORD, "4711").await.unwrap();
    accounts.lock(&alone.secret).await.unwrap();
    let auditor = accounts.add_role(&world.system(), "ixmucane", Role::Auditor, OFFICE).await.unwrap();
    assert_eq!(kind(accounts.unlock(&alone.secret, "4711").await), Some(Kind::Unauthenticated), "no way in by PIN");
    accounts.unlock(&alone.secret, PASSWORD).await.unwrap();
    assert_eq!(kind(accounts.set_pin(&alone.secret, PASSWORD, "4712").await), Some(Kind::Rule));
    accounts.end_role(&world.system(), "ixmucane", &auditor).await.unwrap();
    assert_eq!(refused(admin.clone(), Role::Nurse, "nada").await, Some(Kind::NotFound));

    let second = accounts.add_role(&admin, "ixmucane", Role::Doctor, HOSPITAL).await.unwrap();
    let Entry::Choose(choices) = accounts.login(typed("ixmucane", PASSWORD)).await.unwrap() else { panic!() };
    assert_eq!(choices.iter().map(|one| one.role).collect::<Vec<_>>(), [Role::Nurse, Role::Doctor]);
    let login = Login { role: Some(second.clone()), ..typed("ixmucane", PASSWORD) };
    let info = enter(world, login).await;

    let person = accounts.users(&admin).await.unwrap()[0].practitioner.clone();
    for (id, owner) in [("del-rol", format!("PractitionerRole/{second}")), ("suya", format!("Practitioner/{person}"))] {
        let task = fhir::json!({ "resourceType": "Task", "status": "requested", "intent": "order",
            "owner": { "reference": owner } });
        world.put(&world.system(), id, task).await;
    }
    let owner = async |id: &str| {
        let stored = world.access.read(&world.system(), &store::Key::new("Task", id)).await.unwrap().value();
        stored.text_at(&["owner", "reference"]).unwrap().to_owned()
    };
    accounts.end_role(&admin, "ixmucane", &second).await.unwrap();
    assert_eq!(owner("del-rol").await, format!("Organization/{HOSPITAL}"));
    assert_eq!(owner("suya").await, format!("Practitioner/{person}"), "she still works at the post");
    assert_eq!(kind(accounts.session(&info.secret, "r", None).await), Some(Kind::Unauthenticated), "at once");
    assert_eq!(kind(accounts.end_role(&admin, "ixmucane", &second).await), Some(Kind::NotFound), "once");
    let first = choices[0].id.clone();
    assert_eq!(kind(accounts.end_role(&admin, "ixmucane", &first).await), Some(Kind::Rule), "the last one");

    let task = fhir::json!({ "resourceType": "Task", "status": "accepted", "intent": "order",
        "owner": { "reference": format!("Practitioner/{person}") } });
    world.put(&world.system(), "abierta", task).await;
    accounts.set_disabled(&admin, "ixmucane", true).await.unwrap();
    assert_eq!(owner("abierta").await, format!("Organization/{POST}"), "nothing waits for who can't come in");
    assert_eq!(owner("suya").await, format!("Organization/{POST}"));
}
