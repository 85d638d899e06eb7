//! A PostgreSQL server of the test's own: one throw-away cluster for each process, on a unix
//! socket, gone when the process ends, however it ends.

use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

/// Runs as long as its input is open, so that no server outlives a test that was killed.
/// PostgreSQL refuses to run as root.
const KEEPER: &str = r#"
dir=$1 bin=$2 as=
[ "$(id -u)" != 0 ] || { chown postgres "$dir"; as="setpriv --reuid=postgres --regid=postgres --clear-groups"; }
cd "$dir"
$as "$bin/initdb" -D data -A trust -U tejido -E UTF8 --locale=C.UTF-8 --no-sync >>log 2>&1 &&
$as "$bin/postgres" -D data -k "$dir" -c listen_addresses= -c max_connections=300 >>log 2>&1 &
read -r _
$as "$bin/pg_ctl" -D data -m immediate -w stop >>log 2>&1
cd / && rm -rf "$dir"
"#;

struct Cluster {
    folder: PathBuf,
    tools: PathBuf,
    _keeper: Child,
}

static CLUSTER: OnceLock<Cluster> = OnceLock::new();
static DATABASES: AtomicU32 = AtomicU32::new(0);

/// The address of a new, empty database.
///
/// # Panics
/// If PostgreSQL's server (Debian: `postgresql`) is not installed or does not start.
pub fn postgres() -> String {
    let cluster = CLUSTER.get_or_init(Cluster::start);
    let name = format!("story_{}", DATABASES.fetch_add(1, Ordering::Relaxed));
    let made = cluster.tool("createdb").arg(&name).status();
    assert!(made.is_ok_and(|status| status.success()), "createdb {name}");
    format!("host={} user=tejido dbname={name}", cluster.folder.display())
}

impl Cluster {
    fn start() -> Self {
        let tools = tools().expect("the PostgreSQL server is installed (apt-get install postgresql)");
        let folder = tempfile::Builder::new().prefix("tejido-pg-").tempdir().expect("a temporary folder").keep();
        let keeper = Command::new("sh")
            .args(["-c", KEEPER, "keeper"])
            .args([&folder, &tools])
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("a shell");
        let cluster = Self { folder, tools, _keeper: keeper };
        for _ in 0..600 {
            if cluster.tool("pg_isready").status().is_ok_and(|status| status.success()) {
                return cluster;
            }
            std::thread::sleep(Duration::from_millis(100));
        }
        let log = std::fs::read_to_string(cluster.folder.join("log")).unwrap_or_default();
        panic!("PostgreSQL does not start:\n{log}");
    }

    fn tool(&self, name: &str) -> Command {
        let mut tool = Command::new(self.tools.join(name));
        tool.arg("-h").arg(&self.folder).args(["-U", "tejido"]).stdout(Stdio::null()).stderr(Stdio::null());
        tool
    }
}

/// The newest of `/usr/lib/postgresql/*/bin`.
fn tools() -> Option<PathBuf> {
    let versions = Path::new("/usr/lib/postgresql").read_dir().ok()?;
    let version = |path: &PathBuf| path.file_name()?.to_str()?.parse::<u32>().ok();
    let newest = versions.flatten().map(|entry| entry.path()).max_by_key(version)?;
    Some(newest.join("bin")).filter(|bin| bin.join("initdb").is_file())
}
