//! Pages that no link leads to: what a file would do and did, an invitation, a printed code, an
//! address that is nobody's. Each is looked at as `pages` looks at the rest.

use e2e::{Account, Browser, Program};

use crate::typing::accessible;

/// Puts a file of these words into the page's form and sends it.
async fn upload(browser: &Browser, name: &str, words: &str) {
    let put = format!(
        "const file = new File([{words:?}], {name:?}, {{ type: 'text/csv' }});
         const carried = new DataTransfer();
         carried.items.add(file);
         document.querySelector('input[type=file]').files = carried.files;"
    );
    browser.script(&put).await;
    browser.click("main form .btns button").await;
}

async fn sits(browser: &Browser, program: &Program, user: &str) -> Account {
    browser.forget().await;
    let account = program.accounts().into_iter().find(|one| one.user == user).expect("a demonstration account");
    browser.log_in(&program.base, &account).await;
    account
}

/// Accounts from a table; gives the invitation's address.
async fn accounts(browser: &Browser, base: &str) -> String {
    let page = format!("{base}/cuentas/importar");
    browser.goto(&page).await;
    let first = "return [...document.querySelectorAll('main section:last-of-type li')].map(one => one.textContent.match(/\\(([^()]+)\\)$/)[1])[0]";
    let place = browser.script(first).await.as_str().expect("a facility").to_owned();
    let header = "accion,usuario,nombre,funcion,establecimiento,entrada,entregar_a";
    upload(browser, "cuentas.csv", &format!("{header}\nbailar,x,,,,,\n")).await;
    browser.wait_for("#errores").await;
    accessible(browser).await;
    let row = format!("crear,rosa.prueba,Rosa Prueba,enfermeria,{place},enlace,");
    upload(browser, "cuentas.csv", &format!("{header}\n{row}\n")).await;
    browser.see("rosa.prueba").await;
    browser.wait_for("main form[action^='/cuentas/importar/']").await;
    accessible(browser).await;
    browser.click("main form .btns button").await;
    browser.wait_for(".secret").await;
    accessible(browser).await;
    browser.script("return document.querySelector('.secret').textContent").await.as_str().expect("a link").to_owned()
}

/// The network's own table with one address changed.
async fn network(browser: &Browser, base: &str) {
    browser.goto(&format!("{base}/red/importar")).await;
    let table = "const asked = new XMLHttpRequest(); asked.open('GET', '/red.csv', false); asked.send(); return asked.responseText";
    let table = browser.script(table).await.as_str().expect("a table").trim_start_matches('\u{feff}').to_owned();
    let (header, rows) = table.split_once('\n').expect("a header");
    let row = rows.lines().find(|row| row.contains(",MSPAS,") && !row.contains('"')).expect("a facility of its own");
    upload(
        browser,
        "red.csv",
        &format!("{header}\n{}\n", row.replacen(row.split(',').nth(2).unwrap_or("x"), "nave", 1)),
    )
    .await;
    browser.wait_for("#errores").await;
    accessible(browser).await;
    let renamed = row.replacen(row.split(',').nth(1).unwrap_or("x"), "Nombre de prueba", 1);
    upload(browser, "red.csv", &format!("{header}\n{renamed}\n")).await;
    browser.see("Nombre de prueba").await;
    browser.wait_for("main form[action^='/red/importar/']").await;
    accessible(browser).await;
    browser.click("main form .btns button").await;
    browser.wait_for("body:not(:has(main form[action^='/red/importar/']))").await;
    accessible(browser).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_page_that_no_link_leads_to_is_accessible_too() {
    let program = Program::demo(&["--people", "100", "--referrals-percent", "1"]);
    let browser = Browser::open(360, true).await;
    sits(&browser, &program, "admin.mspas").await;
    let invitation = accounts(&browser, &program.base).await;
    network(&browser, &program.base).await;

    browser.forget().await;
    browser.goto(&invitation).await;
    browser.see("Elija su contraseña").await;
    accessible(&browser).await;
    for unknown in ["/invitacion/nada", "/no-existe"] {
        browser.goto(&format!("{}{unknown}", program.base)).await;
        accessible(&browser).await;
    }
    sits(&browser, &program, "ixmucane.caal").await;
    for unknown in ["/r/AAAA-AAAA", "/personas/nadie", "/referencias/nada", "/auditoria"] {
        browser.goto(&format!("{}{unknown}", program.base)).await;
        accessible(&browser).await;
    }
    browser.close().await;
}
