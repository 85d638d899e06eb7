//! The care loop in a browser that gets no script (see `typing` for what the script adds): a nurse
//! registers, attends and refers on a phone; the coordinator accepts, the clerk gives the appointment, the specialist answers; back at
//! the post the instructions are acknowledged and done, and only then the circuit closes.

use std::path::PathBuf;

use e2e::{Browser, Program};

use crate::typing::{FOLLOWED, accessible};

/// Where pictures go when `E2E_PICTURES` asks for them.
#[allow(clippy::disallowed_methods, reason = "a test may be asked for pictures")]
fn pictures() -> Option<PathBuf> {
    std::env::var("E2E_PICTURES").ok().map(PathBuf::from)
}

struct Journey {
    browser: Browser,
    base: String,
    width: u32,
    shots: usize,
}

impl Journey {
    async fn goto(&self, path: &str) {
        self.browser.goto(&format!("{}{path}", self.base)).await;
    }

    /// Another person takes the seat, at a screen this wide.
    async fn sits(&mut self, program: &Program, user: &str, width: u32) {
        self.browser.forget().await;
        self.width = width;
        let account = program.accounts().into_iter().find(|one| one.user == user).expect("a demonstration account");
        self.browser.log_in(&self.base, &account).await;
    }

    /// Fills and chooses; the values of radios, boxes and lists are their codes.
    async fn answers(&self, fields: &[(&str, &str)]) {
        for (name, value) in fields {
            let chosen = format!("input[name='{name}'][value='{value}']");
            if self.browser.has(&format!("select[name='{name}']")).await {
                self.browser.choose(&format!("select[name='{name}']"), value).await;
            } else if self.browser.has(&chosen).await {
                self.browser.click(&chosen).await;
            } else {
                self.browser.fill(&format!("main [name='{name}']"), value).await;
            }
        }
    }

    async fn picture(&mut self, name: &str) {
        self.shots += 1;
        accessible(&self.browser).await;
        self.browser.resize(self.width).await;
        if let Some(folder) = pictures() {
            let file = format!("recorrido-{:02}-{name}.png", self.shots);
            self.browser.screenshot(&folder.join(file)).await;
        }
    }

    /// Sends the page's form and waits for what the next page says.
    async fn sends(&self, button: &str, next: &str) {
        let named = format!("main .btns button[value='{button}']");
        let main = "main .btns button.btn:not(.btn-2)".to_owned();
        self.browser.click(if button.is_empty() { &main } else { &named }).await;
        self.browser.see(next).await;
    }
}

/// Registers somebody, attends and refers her; gives the referral's id.
async fn at_the_post(go: &mut Journey) -> String {
    go.goto("/personas?q=zoila%20quintanilla").await;
    go.browser.see("No encontramos a nadie").await;
    go.picture("buscar").await;
    go.browser.click("a[href^='/personas/registrar']").await;
    go.browser.see("Registrar").await;
    let who = [
        ("document", "cui"),
        ("cui", "9000 00074 1601"),
        ("given1", "Zoila"),
        ("surname1", "Quintanilla"),
        ("sex", "female"),
        ("birth_date", "02/03/1968"),
        ("municipality", "1601"),
    ];
    go.answers(&who).await;
    assert!(go.browser.has("[data-ask]").await && !go.browser.has(FOLLOWED).await, "a script came through");
    go.picture("registrar").await;
    go.sends("guardar", "Persona registrada").await;
    go.picture("persona").await;
    go.browser.click("main a[href$='/atender']").await;
    let visit = [
        ("motivo", "Ve menos del ojo derecho"),
        ("hallazgos", "Opacidad del cristalino"),
        ("systolic", "112"),
        ("diastolic", "70"),
        ("dx1", "ojo nublado zzz"),
        ("plan", "Referir a oftalmología"),
    ];
    go.answers(&visit).await;
    go.picture("atender").await;
    go.sends("firmar", "firmada").await;
    go.browser.click("main a[href*='/referir']").await;
    go.answers(&[("senal", "ninguna")]).await;
    go.picture("senales").await;
    go.browser.click("main .btns button").await;
    go.browser.wait_for("[name='servicio']").await;
    go.answers(&[("servicio", "oftalmologia")]).await;
    go.browser.click("main button[value='lugares']").await;
    go.browser.wait_for("input[name='destino']").await;
    go.browser.click("input[name='destino']").await;
    if go.browser.has("input[name='senal'][value='ninguna']:not(:checked)").await {
        go.answers(&[("senal", "ninguna")]).await;
    }
    let why = [("prioridad", "routine"), ("motivo", "Ve menos desde hace un año"), ("hecho", "Agudeza visual tomada")];
    go.answers(&why).await;
    go.picture("referir").await;
    go.sends("enviar", "REF-2026-").await;
    go.picture("enviada").await;
    let url = go.browser.url().await;
    let id = url.split("/referencias/").nth(1).and_then(|rest| rest.split('/').next()).expect("a referral").to_owned();
    on_one_sheet(go, &format!("/referencias/{id}/imprimir")).await;
    id
}

/// The hospital's machine opens one more place of the agenda, today: nobody is attended before the
/// day of the appointment.
async fn place_of_today(go: &Journey, program: &Program) {
    let script = "const first = document.querySelector(\"input[name='lugar']\").value;
        const ask = (method, path, body) => {
            const asked = new XMLHttpRequest();
            asked.open(method, '/fhir/' + path, false);
            asked.setRequestHeader('Authorization', 'Bearer TOKEN');
            asked.setRequestHeader('Content-Type', 'application/fhir+json');
            asked.send(body);
            return asked;
        };
        const slot = JSON.parse(ask('GET', 'Slot/' + first).responseText);
        const midnight = (Math.floor((Date.now() / 3600000 - 6) / 24) * 24 + 30) * 3600000;
        const start = Math.min(Date.now() + 600000, midnight - 5000);
        slot.id = 'lugar-de-hoy';
        delete slot.meta.versionId;
        delete slot.meta.lastUpdated;
        slot.start = new Date(start).toISOString();
        slot.end = new Date(Math.min(start + 600000, midnight - 1000)).toISOString();
        const put = ask('PUT', 'Slot/lugar-de-hoy', JSON.stringify(slot));
        return put.status + ' ' + put.responseText;";
    let answer = go.browser.script(&script.replace("TOKEN", &program.token())).await;
    assert!(answer.as_str().is_some_and(|answer| answer.starts_with("201")), "{answer}");
}

/// The coordinator accepts and the clerk gives the first place.
async fn in_the_network(go: &mut Journey, program: &Program, id: &str) {
    go.sits(program, "manuela.coc", 1280).await;
    go.goto("/referencias").await;
    go.picture("bandeja").await;
    go.goto(&format!("/referencias/{id}")).await;
    go.picture("referencia").await;
    go.browser.click(&format!("main a[href='/referencias/{id}/aceptar']")).await;
    go.answers(&[("prioridad", "routine"), ("palabras", "Cumple el criterio")]).await;
    go.sends("", "En lista de espera").await;
    go.sits(program, "vilma.cac", 1280).await;
    go.goto(&format!("/referencias/{id}/cita")).await;
    place_of_today(go, program).await;
    go.goto(&format!("/referencias/{id}/cita")).await;
    go.browser.click("input[name='lugar'][value='lugar-de-hoy']").await;
    go.picture("cita").await;
    go.sends("dar", "Traiga").await;
    go.picture("comprobante").await;
}

/// The specialist attends and answers.
async fn at_the_hospital(go: &mut Journey, program: &Program, id: &str) {
    go.sits(program, "ana.chun", 1280).await;
    go.goto("/agenda").await;
    go.picture("agenda").await;
    go.goto(&format!("/referencias/{id}/contrarreferir")).await;
    go.sends("empezar", "Hallazgos").await;
    let answer = [
        ("hallazgos", "Catarata madura del ojo derecho"),
        ("dx1", "ojo nublado zzz"),
        ("tratamiento", "Gotas"),
        ("ind1", "Medir agudeza visual"),
        ("ind1-tipo", "examen"),
        ("sigue", "alta"),
        ("alarma", "Dolor fuerte del ojo"),
    ];
    go.answers(&answer).await;
    go.picture("contrarreferir").await;
    go.sends("revisar", "Todavía no está firmada").await;
    go.sends("firmar", "Esto es lo que verá el puesto").await;
    go.picture("contrarreferencia").await;
    on_one_sheet(go, &format!("/referencias/{id}/contrarreferencia/imprimir")).await;
}

/// Half a sheet or a letter, as asked, and never a second one for a short text.
async fn on_one_sheet(go: &Journey, path: &str) {
    for (query, size) in [("", [14.8, 21.0]), ("?hoja=carta", [21.59, 27.94])] {
        go.goto(&format!("{path}{query}")).await;
        assert_eq!(go.browser.sheets(size).await, 1, "{path}{query}");
    }
}

/// The post answers each line, does it, and the circuit closes.
async fn back_at_the_post(go: &mut Journey, program: &Program, id: &str) {
    go.sits(program, "ixmucane.caal", 360).await;
    go.browser.see("Zoila").await;
    go.picture("de-vuelta").await;
    go.goto(&format!("/referencias/{id}/acusar")).await;
    go.browser.script("document.querySelectorAll(\"main input[value='si']\").forEach(one => one.click())").await;
    go.picture("acusar").await;
    go.browser.click("main .btns button").await;
    go.browser.see("Plan").await;
    go.goto(&format!("/referencias/{id}")).await;
    go.browser.click("main a[href^='/tareas/']").await;
    go.answers(&[("hecha", "si"), ("resultado", "20/40 y 20/20")]).await;
    go.picture("tarea").await;
    go.browser.click("main .btns button").await;
    go.goto(&format!("/referencias/{id}")).await;
    go.browser.see("Circuito cerrado").await;
    go.picture("cerrada").await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_referral_goes_to_the_specialist_and_closes_back_at_the_post() {
    let program = Program::demo(&["--people", "300", "--referrals-percent", "2"]);
    let browser = Browser::open(360, false).await;
    let mut go = Journey { browser, base: program.base.clone(), width: 360, shots: 0 };
    go.sits(&program, "ixmucane.caal", 360).await;
    let id = at_the_post(&mut go).await;
    in_the_network(&mut go, &program, &id).await;
    at_the_hospital(&mut go, &program, &id).await;
    back_at_the_post(&mut go, &program, &id).await;
    go.browser.close().await;
}
