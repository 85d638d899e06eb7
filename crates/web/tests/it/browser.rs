//! A browser without a window: it keeps cookies, follows nothing by itself, and sends forms as the
//! page that it was shown made them.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU8, Ordering};

use access::{NewUser, Role};
use axum::Router;
use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use testkit::World;
use tower::ServiceExt;
use web::State;

/// The password of every account of these tests.
pub const PASSWORD: &str = "el maíz crece despacio";

/// A network's pages over a throw-away store.
pub struct Site {
    pub world: World,
    router: Router,
    /// How many browsers there are: each has an address of its own.
    browsers: AtomicU8,
}

impl Site {
    pub async fn new() -> Self {
        Self::over(World::new().await)
    }

    /// With governors.
    pub async fn governed(governors: Vec<std::sync::Arc<dyn access::Governor>>) -> Self {
        Self::over(World::governed(governors).await)
    }

    /// The pages over a world of one's own, such as a governed one.
    pub fn over(world: World) -> Self {
        let state = State { access: world.access.clone(), demo: true, https: false, behind_proxy: false };
        Self { router: web::router(state), world, browsers: AtomicU8::new(0) }
    }

    /// Makes an account with these roles.
    pub async fn account(&self, user: &str, roles: &[(Role, &str)]) {
        self.make(NewUser { password: Some(PASSWORD.to_owned()), ..new_user(user, roles) }).await;
    }

    /// Makes an account; gives the invitation, if there is one.
    pub async fn make(&self, new: NewUser) -> Option<String> {
        self.world.access.accounts().create_user(&self.world.system(), new).await.expect("an account").invitation
    }

    /// A browser in which somebody with this role has just logged in.
    pub async fn logged_in(&self, user: &str, role: Role, facility: &str) -> Browser {
        self.account(user, &[(role, facility)]).await;
        let mut browser = self.browser();
        let answer = browser.log_in(user).await;
        assert_eq!(answer.location(), "/", "{}", answer.body);
        browser
    }

    pub fn browser(&self) -> Browser {
        let address = SocketAddr::from(([10, 0, self.browsers.fetch_add(1, Ordering::Relaxed), 7], 1024));
        Browser { router: self.router.clone(), cookies: BTreeMap::new(), address }
    }
}

/// One person's browser.
#[derive(Clone)]
pub struct Browser {
    router: Router,
    pub cookies: BTreeMap<String, String>,
    address: SocketAddr,
}

/// What came back.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
    pub bytes: Vec<u8>,
}

impl Answer {
    pub fn location(&self) -> &str {
        self.headers.get(header::LOCATION).map_or("", |value| value.to_str().unwrap())
    }

    /// The value of a hidden field.
    pub fn hidden(&self, name: &str) -> String {
        let field = format!(r#"name="{name}" value=""#);
        let rest = self.body.split(&field).nth(1).unwrap_or_else(|| panic!("no field {name} in {}", self.body));
        rest[..rest.find('"').unwrap()].to_owned()
    }
}

impl Browser {
    /// Types user and password.
    pub async fn log_in(&mut self, user: &str) -> Answer {
        let page = self.get("/entrar").await;
        self.submit(&page, "/entrar", &[("usuario", user), ("clave", PASSWORD)]).await
    }

    pub async fn get(&mut self, path: &str) -> Answer {
        self.send(Request::get(path).body(Body::empty()).unwrap()).await
    }

    pub async fn post(&mut self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let body: Vec<String> =
            fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .body(Body::from(body.join("&")))
            .unwrap();
        self.send(request).await
    }

    /// Sends a form with the hidden fields of the page that showed it.
    pub async fn submit(&mut self, page: &Answer, path: &str, fields: &[(&str, &str)]) -> Answer {
        let of_a_version =
            page.body.contains(r#"name="version" value=""#) && fields.iter().all(|one| one.0 != "version");
        let names = ["_sello", "_una"].into_iter().chain(of_a_version.then_some("version"));
        let hidden: Vec<(&str, String)> = names.map(|name| (name, page.hidden(name))).collect();
        let hidden: Vec<(&str, &str)> = hidden.iter().map(|(name, value)| (*name, value.as_str())).collect();
        self.post(path, &[&hidden, fields].concat()).await
    }

    /// Sends a form with a file, with the hidden fields of the page that showed it.
    pub async fn upload(&mut self, page: &Answer, path: &str, file: (&str, &[u8])) -> Answer {
        const EDGE: &str = "orilla-del-archivo";
        let mut body = Vec::new();
        for name in ["_sello", "_una"] {
            let part =
                format!("--{EDGE}\r\ncontent-disposition: form-data; name=\"{name}\"\r\n\r\n{}\r\n", page.hidden(name));
            body.extend(part.into_bytes());
        }
        let (name, bytes) = file;
        let head = format!(
            "--{EDGE}\r\ncontent-disposition: form-data; name=\"archivo\"; filename=\"{name}\"\r\n\
             content-type: application/octet-stream\r\n\r\n"
        );
        body.extend(head.into_bytes());
        body.extend(bytes);
        body.extend(format!("\r\n--{EDGE}--\r\n").into_bytes());
        let kind = format!("multipart/form-data; boundary={EDGE}");
        self.send(Request::post(path).header(header::CONTENT_TYPE, kind).body(Body::from(body)).unwrap()).await
    }

    pub async fn send(&mut self, mut request: Request<Body>) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        if !cookies.is_empty() {
            request.headers_mut().insert(header::COOKIE, cookies.join("; ").parse().unwrap());
        }
        request.extensions_mut().insert(ConnectInfo(self.address));
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        for cookie in parts.headers.get_all(header::SET_COOKIE) {
            let (name, rest) = cookie.to_str().unwrap().split_once('=').unwrap();
            match rest.split(';').next().unwrap() {
                "" => self.cookies.remove(name),
                value => self.cookies.insert(name.to_owned(), value.to_owned()),
            };
        }
        let bytes = body.collect().await.unwrap().to_bytes();
        let body = String::from_utf8(bytes.to_vec()).unwrap_or_else(|_| format!("{} bytes", bytes.len()));
        Answer { status: parts.status, headers: parts.headers, body, bytes: bytes.to_vec() }
    }

    /// How many bytes an answer weighs on the wire, compressed.
    pub async fn weight(&mut self, path: &str) -> usize {
        let request = Request::get(path).header(header::ACCEPT_ENCODING, "gzip").body(Body::empty()).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        assert_eq!(response.headers().get(header::CONTENT_ENCODING).map(|value| value.as_bytes()), Some(&b"gzip"[..]));
        response.into_body().collect().await.unwrap().to_bytes().len()
    }
}

pub fn new_user(user: &str, roles: &[(Role, &str)]) -> NewUser {
    let roles = roles.iter().map(|(role, facility)| (*role, (*facility).to_owned())).collect();
    NewUser { user: user.to_owned(), name: "Ixmucané Cucul".to_owned(), roles, ..NewUser::default() }
}

fn encode(text: &str) -> String {
    text.bytes()
        .map(|byte| if byte.is_ascii_alphanumeric() { char::from(byte).to_string() } else { format!("%{byte:02X}") })
        .collect()
}
