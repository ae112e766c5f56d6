//! The real binary, in a folder of its own, on ports of its own choice.

mod commands;
mod crash;
mod data;
mod person;
mod secrets;
mod start;
mod target;

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};
use tempfile::TempDir;
use testkit::Answer;

const PATIENCE: Duration = Duration::from_mins(1);

/// A folder with a server's data, and the variables it is started with.
struct Place {
    folder: TempDir,
    settings: BTreeMap<String, String>,
}

/// How a command ended.
#[derive(Debug)]
struct Ran {
    code: Option<i32>,
    out: String,
    err: String,
}

impl Ran {
    /// The one sentence of a command that failed.
    fn sentence(&self) -> &str {
        let mut lines = self.err.lines();
        let (sentence, more) = (lines.next().unwrap_or_default(), lines.next());
        assert!(more.is_none() && sentence.starts_with("procura: "), "not one sentence: {self:?}");
        &sentence["procura: ".len()..]
    }

    /// What a command that did its work printed.
    fn done(self) -> String {
        assert_eq!(self.code, Some(0), "{self:?}");
        self.out
    }
}

impl Place {
    fn new() -> Place {
        let settings =
            [("PROCURA_LISTEN", "127.0.0.1:0"), ("PROCURA_OPS_LISTEN", "127.0.0.1:0"), ("PROCURA_RATE_LIMITS", "off")];
        let settings = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).into();
        Place { folder: tempfile::tempdir().unwrap(), settings }
    }

    fn with(mut self, name: &str, value: impl Into<String>) -> Place {
        self.settings.insert(name.to_owned(), value.into());
        self
    }

    fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    fn writes(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).unwrap();
    }

    fn command(&self, args: &[&str]) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_procura"));
        command.args(args).current_dir(self.folder.path()).env_clear().envs(&self.settings);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        command
    }

    /// Runs a command to its end.
    fn runs(&self, args: &[&str]) -> Ran {
        self.runs_with(args, &[])
    }

    /// Runs a command with further variables.
    fn runs_with(&self, args: &[&str], more: &[(&str, &str)]) -> Ran {
        let mut child = self.command(args).envs(more.iter().copied()).spawn().unwrap();
        let out = collect(child.stdout.take().unwrap());
        let err = collect(child.stderr.take().unwrap());
        let begun = Instant::now();
        let code = loop {
            if let Some(status) = child.try_wait().unwrap() {
                break status.code();
            }
            if begun.elapsed() > PATIENCE {
                child.kill().unwrap();
                panic!("procura {args:?} does not end");
            }
            std::thread::sleep(Duration::from_millis(5));
        };
        Ran { code, out: out.join().unwrap(), err: err.join().unwrap() }
    }

    /// Starts a server and waits until it is ready.
    fn starts(&self) -> Server {
        Place::ready(self.command(&["serve"]))
    }

    /// Starts a server that can write no file beyond so many KiB, as on a full disk.
    fn starts_with_little_room(&self, kib: u32) -> Server {
        let binary = self.command(&["serve"]);
        let mut shell = Command::new("bash");
        // Ignored, the signal turns into an error of the write.
        shell.arg("-c").arg(format!("trap '' XFSZ; ulimit -f {kib}; exec \"$0\" serve")).arg(binary.get_program());
        shell.current_dir(self.folder.path()).env_clear().envs(&self.settings).env("PATH", "/usr/bin:/bin");
        shell.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        Place::ready(shell)
    }

    fn ready(mut command: Command) -> Server {
        let mut child = command.spawn().unwrap();
        let log = Arc::new(Mutex::new(String::new()));
        let told = Arc::clone(&log);
        let mut err = BufReader::new(child.stderr.take().unwrap());
        std::thread::spawn(move || {
            let mut line = String::new();
            while err.read_line(&mut line).is_ok_and(|read| read > 0) {
                told.lock().unwrap().push_str(&std::mem::take(&mut line));
            }
        });
        let mut out = BufReader::new(child.stdout.take().unwrap());
        let mut ready = String::new();
        out.read_line(&mut ready).unwrap();
        let fields: BTreeMap<_, _> = ready.split_whitespace().filter_map(|word| word.split_once('=')).collect();
        let field = |name: &str| match fields.get(name) {
            Some(value) if ready.starts_with("ready ") => (*value).to_owned(),
            _ => panic!("not ready: {ready:?} {}", log.lock().unwrap()),
        };
        let (issuer, listen, ops) = (field("issuer"), field("listen"), field("ops"));
        Server { child, issuer, listen, ops, log, ready }
    }
}

fn collect(mut from: impl std::io::Read + Send + 'static) -> std::thread::JoinHandle<String> {
    std::thread::spawn(move || {
        let mut text = String::new();
        let _ = from.read_to_string(&mut text);
        text
    })
}

/// A server that runs until it is told otherwise.
struct Server {
    child: Child,
    issuer: String,
    listen: String,
    ops: String,
    log: Arc<Mutex<String>>,
    ready: String,
}

impl Server {
    async fn gets(&self, target: &str) -> Answer {
        self.sends("GET", target, &[], "").await
    }

    async fn sends(&self, method: &str, target: &str, headers: &[(&str, &str)], body: &str) -> Answer {
        let host = self.issuer.split_once("://").unwrap().1;
        let mut all = vec![("Host".to_owned(), host.to_owned())];
        all.extend(headers.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())));
        testkit::http::send(&self.listen, method, target, &all, body.as_bytes()).await
    }

    async fn operates(&self, target: &str) -> Answer {
        testkit::http::send(&self.ops, "GET", target, &[("Host".to_owned(), self.ops.clone())], b"").await
    }

    fn log(&self) -> String {
        self.log.lock().unwrap().clone()
    }

    /// Ends without any chance to tidy up.
    fn dies(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends as an operator ends it, and gives the exit code.
    fn stops(mut self) -> Option<i32> {
        let told = Command::new("kill").arg("-TERM").arg(self.child.id().to_string()).status().unwrap();
        assert!(told.success());
        let begun = Instant::now();
        loop {
            if let Some(status) = self.child.try_wait().unwrap() {
                return status.code();
            }
            assert!(begun.elapsed() < PATIENCE, "does not stop");
            std::thread::sleep(Duration::from_millis(5));
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// The permission bits of a file.
fn mode(path: &Path) -> u32 {
    use std::os::unix::fs::PermissionsExt as _;
    std::fs::metadata(path).unwrap().permissions().mode() & 0o777
}

/// Waits until something is so.
async fn soon<F: Future<Output = bool>>(what: &str, mut is_so: impl FnMut() -> F) {
    let begun = Instant::now();
    while !is_so().await {
        assert!(begun.elapsed() < Duration::from_secs(10), "not soon: {what}");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

async fn rows(store: &db::Store, sql: &'static str) -> String {
    store.read(move |tx| tx.one(sql, db::args![])).await.unwrap().unwrap().text("name").unwrap()
}
