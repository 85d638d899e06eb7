//! The program as it was built, a folder for its store, and a plain HTTP client.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::Duration;

use fhir::Value;

/// A folder with room for a store and the files of a story.
pub struct Site {
    folder: tempfile::TempDir,
}

impl Site {
    pub fn new() -> Self {
        Self { folder: tempfile::tempdir().expect("a temporary folder") }
    }

    /// A file of the story.
    pub fn file(&self, name: &str, content: impl AsRef<[u8]>) -> PathBuf {
        let path = self.folder.path().join(name);
        std::fs::write(&path, content).expect("the file can be written");
        path
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    /// The program with the story's store; English, and no settings from outside.
    pub fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_tejido"));
        command.current_dir(self.folder.path()).env_clear().env("LANG", "C.UTF-8");
        command.args(arguments).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command on the store to its end.
    pub fn run(&self, arguments: &[&str]) -> Output {
        self.command(arguments).args(["--data", "store"]).output().expect("the program runs")
    }

    /// The same with something on standard input.
    pub fn run_with(&self, input: &str, arguments: &[&str]) -> Output {
        let mut command = self.command(arguments);
        let mut child = command.args(["--data", "store"]).stdin(Stdio::piped()).spawn().expect("the program runs");
        child.stdin.take().expect("piped").write_all(input.as_bytes()).expect("it reads");
        child.wait_with_output().expect("it ends")
    }

    /// Runs a command that has to succeed; what it printed.
    pub fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", told(&output));
        String::from_utf8(output.stdout).expect("UTF-8")
    }

    /// A token of a machine that may do everything.
    pub fn token(&self) -> String {
        self.done(&["token", "create", "--role", "sistema", "--institution", "MSPAS"]).trim().to_owned()
    }

    /// Serves the store on a free port.
    pub fn serve(&self, arguments: &[&str]) -> Served {
        let mut command = self.command(&["serve", "--data", "store", "--log", "warn"]);
        if !arguments.contains(&"--listen") {
            command.args(["--listen", "127.0.0.1:0"]);
        }
        let child = command.args(arguments).stderr(Stdio::inherit()).spawn().expect("the program starts");
        Served::at(child)
    }
}

/// What it said, for a failed assertion.
pub fn told(output: &Output) -> String {
    format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr))
}

/// A server that runs.
pub struct Served {
    pub child: Child,
    pub address: SocketAddr,
}

impl Served {
    pub fn at(mut child: Child) -> Self {
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let address = lines.by_ref().map_while(Result::ok).find_map(|line| {
            let (_, rest) = line.split_once("://")?;
            rest.trim_end_matches('/').parse().ok()
        });
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { child, address: address.expect("the program prints its address") }
    }

    pub fn get(&self, path: &str, headers: &[(&str, &str)]) -> Reply {
        self.ask("GET", path, headers, "")
    }

    pub fn ask(&self, method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Reply {
        let mut stream = self.connect();
        stream.write_all(&request(method, path, headers, body)).expect("the server reads");
        Reply::read(&mut stream)
    }

    pub fn connect(&self) -> TcpStream {
        let stream = TcpStream::connect(self.address).expect("the server listens");
        stream.set_read_timeout(Some(Duration::from_secs(60))).expect("a socket");
        stream
    }

    /// The cookies of somebody whom the password lets in.
    pub fn log_in(&self, user: &str, password: &str) -> Option<String> {
        let page = self.get("/entrar", &[]);
        let hidden = |name: &str| {
            let rest = page.body.split(&format!("name=\"{name}\" value=\"")).nth(1).expect("a hidden field");
            rest.split('"').next().unwrap_or_default().to_owned()
        };
        let form = [
            ("_sello", hidden("_sello")),
            ("_una", hidden("_una")),
            ("usuario", user.to_owned()),
            ("clave", password.to_owned()),
        ];
        let encode = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
        let body: Vec<_> = form.iter().map(|(name, value)| format!("{name}={}", encode(value))).collect();
        let cookies = page.cookies().join("; ");
        let headers = [("Cookie", cookies.as_str()), ("Content-Type", "application/x-www-form-urlencoded")];
        let answer = self.ask("POST", "/entrar", &headers, &body.join("&"));
        assert!([200, 303, 401, 422, 403].contains(&answer.status), "{answer:?}");
        let session = answer.cookies().into_iter().find(|cookie| cookie.starts_with("sesion="));
        session.filter(|_| answer.status == 303).map(str::to_owned)
    }

    /// Sends a signal, such as `HUP`.
    pub fn signal(&self, name: &str) {
        let id = self.child.id().to_string();
        let sent = Command::new("kill").args(["-s", name, &id]).status().expect("kill(1)");
        assert!(sent.success(), "kill -s {name} {id}");
    }

    /// Waits for its end.
    pub fn ended(mut self) -> bool {
        self.child.wait().expect("a child").success()
    }
}

impl Drop for Served {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// A whole request that closes the connection.
pub fn request(method: &str, path: &str, headers: &[(&str, &str)], body: &str) -> Vec<u8> {
    let mut text = format!("{method} {path} HTTP/1.1\r\nHost: tejido.test\r\nConnection: close\r\n");
    for (name, value) in headers {
        text.push_str(&format!("{name}: {value}\r\n"));
    }
    if !body.is_empty() {
        text.push_str(&format!("Content-Length: {}\r\n", body.len()));
        if !headers.iter().any(|(name, _)| name.eq_ignore_ascii_case("content-type")) {
            text.push_str("Content-Type: application/fhir+json\r\n");
        }
    }
    text.push_str("\r\n");
    text.push_str(body);
    text.into_bytes()
}

/// An answer.
#[derive(Debug)]
pub struct Reply {
    pub status: u16,
    pub head: String,
    pub body: String,
}

impl Reply {
    /// Reads to the end of the connection.
    pub fn read(stream: &mut impl Read) -> Self {
        let mut bytes = Vec::new();
        // A TLS peer that closes without a farewell ends the answer too.
        let _ = stream.read_to_end(&mut bytes);
        let text = String::from_utf8_lossy(&bytes).into_owned();
        let (head, body) = text.split_once("\r\n\r\n").unwrap_or((&text, ""));
        let status = head.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap_or_default();
        let body =
            if head.to_lowercase().contains("transfer-encoding: chunked") { unchunk(body) } else { body.to_owned() };
        Self { status, head: head.to_owned(), body }
    }

    /// The cookies that it sets, as a browser sends them back.
    pub fn cookies(&self) -> Vec<&str> {
        let set = |line: &'_ str| line.split_once(':').is_some_and(|(name, _)| name.eq_ignore_ascii_case("set-cookie"));
        let lines = self.head.lines().filter(|line| set(line));
        lines.filter_map(|line| line.split_once(':')?.1.trim().split(';').next()).collect()
    }

    pub fn value(&self) -> Value {
        fhir::json::parse(self.body.as_bytes()).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }
}

fn unchunk(mut body: &str) -> String {
    let mut whole = String::new();
    while let Some((size, rest)) = body.split_once("\r\n") {
        let Ok(size) = usize::from_str_radix(size.trim(), 16) else { break };
        whole.push_str(rest.get(..size).unwrap_or(rest));
        body = rest.get(size + 2..).unwrap_or_default();
    }
    whole
}

/// The bearer header of a token.
pub fn bearer(token: &str) -> String {
    format!("Bearer {token}")
}

/// A file as gzip.
pub fn gzip(content: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(content).expect("memory");
    encoder.finish().expect("memory")
}

/// The lines of a report of what was refused.
pub fn report(path: &Path) -> Vec<Value> {
    let text = std::fs::read_to_string(path).expect("a report");
    text.lines().map(|line| fhir::json::parse(line.as_bytes()).expect("NDJSON")).collect()
}
