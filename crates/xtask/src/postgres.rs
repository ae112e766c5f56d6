//! A PostgreSQL of our own, in a temporary folder on a free port, gone when dropped.

use crate::command::{capture, run, succeeds};
use crate::tools;
use std::net::{Ipv4Addr, TcpListener};
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const STARTS_WITHIN: Duration = Duration::from_secs(30);
const STOPS_WITHIN: Duration = Duration::from_secs(10);

/// Whether a commit waits for the disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Durability {
    /// As in production: for measuring.
    Full,
    /// Not at all: for tests, whose data is thrown away.
    None,
}

/// A running server.
pub struct Postgres {
    child: Child,
    folder: PathBuf,
    url: String,
}

impl Postgres {
    /// Makes an empty cluster and starts it.
    pub fn start(durability: Durability) -> Result<Postgres, String> {
        let programs = tools::postgres()?;
        let folder = fresh_folder()?;
        let user = User::choose(&folder)?;
        let data = folder.join("data");
        let make =
            user.command(&programs.join("initdb")).arg("-D").arg(&data).args(INITDB).stdout(Stdio::null()).status();
        if !make.is_ok_and(|status| status.success()) {
            return Err("PostgreSQL: initdb failed".to_owned());
        }
        let port = free_port()?;
        let mut serve = user.command(&programs.join("postgres"));
        serve.arg("-D").arg(&data).args(["-p", &port.to_string()]).args(SERVE);
        if durability == Durability::None {
            serve.args(["-c", "fsync=off", "-c", "full_page_writes=off", "-c", "synchronous_commit=off"]);
        }
        let log = std::fs::File::create(folder.join("log")).map_err(|cause| format!("PostgreSQL: {cause}"))?;
        let child = serve
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(log)
            .spawn()
            .map_err(|cause| format!("PostgreSQL: {cause}"))?;
        let mut postgres = Postgres { child, folder, url: format!("postgres://postgres@127.0.0.1:{port}/postgres") };
        postgres.wait(&programs, port)?;
        Ok(postgres)
    }

    /// Where it listens, for a superuser without a password.
    pub fn url(&self) -> &str {
        &self.url
    }

    /// Where its data lies.
    pub fn folder(&self) -> &Path {
        &self.folder
    }

    fn wait(&mut self, programs: &Path, port: u16) -> Result<(), String> {
        let deadline = Instant::now() + STARTS_WITHIN;
        let mut ask = Command::new(programs.join("pg_isready"));
        ask.args(["-q", "-h", "127.0.0.1", "-p", &port.to_string()]);
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            if succeeds(&mut ask) {
                return Ok(());
            }
            std::thread::sleep(Duration::from_millis(50));
        }
        let log = std::fs::read_to_string(self.folder.join("log")).unwrap_or_default();
        Err(format!("PostgreSQL did not start:\n{log}"))
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        // SIGINT is its fast shutdown; the standard library can only kill.
        let _ = succeeds(Command::new("kill").args(["-INT", &self.child.id().to_string()]));
        let deadline = Instant::now() + STOPS_WITHIN;
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(20));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = std::fs::remove_dir_all(&self.folder);
    }
}

const INITDB: [&str; 7] = ["-U", "postgres", "-A", "trust", "-E", "UTF8", "--locale=C"];

const SERVE: [&str; 10] = [
    "-c",
    "listen_addresses=127.0.0.1",
    "-c",
    "unix_socket_directories=",
    "-c",
    "max_connections=400",
    "-c",
    "shared_buffers=128MB",
    "-c",
    "log_min_messages=fatal",
];

/// PostgreSQL refuses to run as root; then the user that its package made runs it.
enum User {
    Own,
    Other { user: u32, group: u32 },
}

impl User {
    fn choose(folder: &Path) -> Result<User, String> {
        if !tools::is_root() {
            return Ok(User::Own);
        }
        run(Command::new("chown").arg("postgres").arg(folder))?;
        Ok(User::Other { user: number("-u")?, group: number("-g")? })
    }

    /// The program itself as our child, so that a signal to the child reaches it.
    fn command(&self, program: &Path) -> Command {
        let mut command = Command::new(program);
        if let User::Other { user, group } = self {
            command.uid(*user).gid(*group);
        }
        command.current_dir("/").env("LC_ALL", "C");
        command
    }
}

fn number(of: &str) -> Result<u32, String> {
    let number = capture(Command::new("id").args([of, "postgres"]))?;
    number.trim().parse().map_err(|_| "PostgreSQL: there is no user postgres".to_owned())
}

/// A folder that another user can reach too.
fn fresh_folder() -> Result<PathBuf, String> {
    let made = capture(Command::new("mktemp").args(["-d", "/tmp/procura-postgres.XXXXXX"]))?;
    Ok(PathBuf::from(made.trim()))
}

fn free_port() -> Result<u16, String> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|cause| format!("no free port: {cause}"))?;
    listener.local_addr().map(|address| address.port()).map_err(|cause| format!("no free port: {cause}"))
}
