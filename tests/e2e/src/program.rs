//! The program `tejido`, as the build left it beside the tests.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

use fhir::json;
use tempfile::TempDir;

/// A running demonstration.
pub struct Program {
    child: Child,
    folder: TempDir,
    /// `http://127.0.0.1:…`
    pub base: String,
}

/// A demonstration account.
#[derive(Clone, Debug)]
pub struct Account {
    /// User name.
    pub user: String,
    /// Password.
    pub password: String,
    /// Role code.
    pub role: String,
    /// Institution code.
    pub institution: String,
    /// Secret of the second factor (base 32), where the role needs one.
    pub totp: Option<String>,
}

impl Account {
    /// The code of the second step at this moment, where the account has one.
    ///
    /// # Panics
    /// If its secret is not base 32.
    #[allow(clippy::disallowed_methods, reason = "the running program has the real clock")]
    pub fn code(&self) -> Option<String> {
        let secret = totp_rs::Secret::try_from_base32(self.totp.as_ref()?).expect("base 32");
        let totp = totp_rs::Builder::new().with_secret(secret).with_digits(6).build().expect("160 bits");
        let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).expect("after 1970");
        Some(totp.generate(now.as_secs()).to_string())
    }
}

impl Program {
    /// The binary: two folders above the test's own (`target/debug/deps/it-…`).
    ///
    /// # Panics
    /// If it was not built: the tests of the whole workspace build it, those of this crate alone do not.
    pub fn binary() -> PathBuf {
        let own = std::env::current_exe().expect("a test knows its own path");
        let path = own.ancestors().nth(2).expect("tests lie in deps/").join("tejido");
        assert!(path.is_file(), "{} is missing: cargo build -p server", path.display());
        path
    }

    /// Seeds a small demonstration and serves it on a free port.
    ///
    /// # Panics
    /// If it does not start.
    #[allow(clippy::zombie_processes, reason = "Drop waits for it")]
    pub fn demo(arguments: &[&str]) -> Self {
        let folder = tempfile::tempdir().expect("a temporary folder");
        let mut command = Command::new(Self::binary());
        command.arg("demo").arg("--data").arg(folder.path()).args(["--listen", "127.0.0.1:0", "--log", "warn"]);
        command.args(arguments).stdout(Stdio::piped());
        let mut child = command.spawn().expect("the program starts");
        let mut lines = BufReader::new(child.stdout.take().expect("piped")).lines();
        let base = lines.by_ref().map_while(Result::ok).find_map(|line| {
            line.split_whitespace().find(|word| word.starts_with("http://127.0.0.1:")).map(str::to_owned)
        });
        let base = base.expect("the program prints its address").trim_end_matches('/').to_owned();
        // Keeps the pipe open and empty, so that later lines never stop the program.
        std::thread::spawn(move || lines.map_while(Result::ok).for_each(drop));
        Self { child, folder, base }
    }

    /// The folder of its store.
    pub fn data(&self) -> &Path {
        self.folder.path()
    }

    /// A token of the role `sistema`, made beside the running server.
    ///
    /// # Panics
    /// If the command fails.
    pub fn token(&self) -> String {
        let mut command = Command::new(Self::binary());
        command.args(["token", "create", "--role", "sistema", "--label", "e2e", "--log", "error", "--data"]);
        let made = command.arg(self.data()).output().expect("the program starts");
        assert!(made.status.success(), "{}", String::from_utf8_lossy(&made.stderr));
        String::from_utf8(made.stdout).expect("text").trim().to_owned()
    }

    /// The demonstration accounts.
    ///
    /// # Panics
    /// If the file is not there.
    pub fn accounts(&self) -> Vec<Account> {
        let text = std::fs::read(self.data().join("demo-accounts.json")).expect("demo-accounts.json");
        let value = json::parse(&text).expect("JSON");
        let text = |row: &fhir::Value, name: &str| row.text_at(&[name]).unwrap_or_default().to_owned();
        let rows = value.items("accounts").iter().map(|row| Account {
            user: text(row, "user"),
            password: text(row, "password"),
            role: text(row, "role"),
            institution: text(row, "institution"),
            totp: row.text_at(&["totp"]).map(str::to_owned),
        });
        rows.collect()
    }

    /// The first account of a role in an institution.
    ///
    /// # Panics
    /// If there is none.
    pub fn account(&self, role: &str, institution: &str) -> Account {
        let found = self.accounts().into_iter().find(|row| row.role == role && row.institution == institution);
        found.unwrap_or_else(|| panic!("no account {role} at {institution}"))
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
