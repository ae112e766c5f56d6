//! The real binary in an empty folder, behind a name that only this test resolves.
//!
//! The crate under test revokes at https only, so the issuer is https and the test stands where the TLS proxy would.

use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};

pub const ISSUER: &str = "https://id.procura.test";

pub struct Server {
    child: Child,
    _folder: tempfile::TempDir,
    pub address: String,
}

impl Server {
    pub fn start(manifest: &str) -> Self {
        let folder = tempfile::tempdir().unwrap();
        run(folder.path(), &["init"]);
        std::fs::write(folder.path().join("manifest.toml"), manifest).unwrap();
        run(folder.path(), &["apply", "-f", "manifest.toml"]);

        let mut child = command(folder.path(), &["serve"]).stdout(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines.find_map(|line| line.unwrap().strip_prefix("ready ").map(str::to_owned));
        let ready = ready.expect("the server ended before it was ready");
        // Nobody reads on; a full pipe must not stop the server.
        std::thread::spawn(move || lines.for_each(drop));
        let address = ready.split(' ').find_map(|part| part.strip_prefix("listen=")).unwrap().to_owned();
        assert!(ready.contains(&format!("issuer={ISSUER} ")), "{ready}");
        Self { child, _folder: folder, address }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn run(folder: &Path, arguments: &[&str]) {
    let output = command(folder, arguments).output().unwrap();
    assert!(output.status.success(), "procura {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
}

fn command(folder: &Path, arguments: &[&str]) -> Command {
    let mut command = Command::new(binary());
    command
        .args(arguments)
        .current_dir(folder)
        .env_clear()
        .env("HOME", folder)
        .env("PROCURA_ISSUER", ISSUER)
        .env("PROCURA_LISTEN", "127.0.0.1:0")
        .env("PROCURA_OPS_LISTEN", "127.0.0.1:0")
        .env("PROCURA_RATE_LIMITS", "off")
        .stdin(Stdio::null());
    command
}

fn binary() -> PathBuf {
    let built = || Path::new(env!("CARGO_MANIFEST_DIR")).join("../../target/debug/procura");
    let path = std::env::var_os("PROCURA_BIN").map_or_else(built, PathBuf::from);
    path.canonicalize().unwrap_or_else(|_| panic!("no binary at {}: build it or set PROCURA_BIN", path.display()))
}
