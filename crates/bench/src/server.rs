//! The server under load: a process of its own, with its folder and its database.

use crate::database::Database;
use crate::scenario::Alg;
use std::io::{BufRead as _, BufReader};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

const READY_WITHIN: Duration = Duration::from_secs(30);
/// `USER_HZ`, which every Linux sets to 100.
const TICK: Duration = Duration::from_millis(10);

/// A way to start servers on one database, all at the same port.
pub struct Starter {
    binary: PathBuf,
    folder: PathBuf,
    port: u16,
    upstream: SocketAddr,
}

impl Starter {
    /// With a port that is free now.
    pub fn new(binary: &Path, folder: &Path, upstream: SocketAddr) -> Result<Starter, String> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).map_err(|cause| format!("port: {cause}"))?;
        let port = listener.local_addr().map_err(|cause| format!("port: {cause}"))?.port();
        let binary = binary.canonicalize().map_err(|cause| format!("{}: {cause}", binary.display()))?;
        Ok(Starter { binary, folder: folder.to_owned(), port, upstream })
    }

    fn command(&self, database: &Database, words: &[&str]) -> Command {
        let mut command = Command::new(&self.binary);
        // Whatever is set around us must not change what is measured.
        let own =
            std::env::vars_os().filter(|(name, _)| name.to_str().is_some_and(|name| name.starts_with("PROCURA_")));
        for (name, _) in own {
            command.env_remove(name);
        }
        command.current_dir(&self.folder).args(words);
        command.env("PROCURA_LISTEN", format!("127.0.0.1:{}", self.port)).env("PROCURA_OPS_LISTEN", "127.0.0.1:0");
        command.env("PROCURA_DATABASE_URL", database.url()).env("PROCURA_MASTER_KEY_FILE", database.key_file());
        command.env("PROCURA_EGRESS_ALLOW", self.upstream.to_string());
        command.env("PROCURA_RATE_LIMITS", "off").env("PROCURA_CODE_TTL", "600").env("RUST_LOG", "warn");
        command
    }

    /// Runs `procura apply` with a manifest of one app for each algorithm.
    pub fn apply(&self, database: &Database) -> Result<(), String> {
        let file = self.folder.join("manifest.toml");
        std::fs::write(&file, manifest(self.upstream)).map_err(|cause| format!("{}: {cause}", file.display()))?;
        let done = self
            .command(database, &["apply", "-f", "manifest.toml"])
            .output()
            .map_err(|cause| format!("apply: {cause}"))?;
        if done.status.success() {
            return Ok(());
        }
        Err(format!("apply: {}", String::from_utf8_lossy(&done.stderr).trim()))
    }

    /// Starts a server and waits until it says that it is ready.
    pub fn start(&self, database: &Database) -> Result<Server, String> {
        let log = self.folder.join("server.log");
        let log = std::fs::File::create(&log).map_err(|cause| format!("{}: {cause}", log.display()))?;
        let started = Instant::now();
        let mut command = self.command(database, &["serve"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(log).spawn();
        let child = child.map_err(|cause| format!("{}: {cause}", self.binary.display()))?;
        let mut server = Server { child, port: self.port, start: Duration::ZERO };
        let lines = server.child.stdout.take().map(BufReader::new).ok_or("the server's output is not read")?;
        let (tell, told) = std::sync::mpsc::channel();
        // Read to the end, so that the server is never kept waiting by its own words.
        std::thread::spawn(move || {
            for line in lines.lines().map_while(Result::ok) {
                if line.starts_with("ready ") {
                    let _ = tell.send(Instant::now());
                }
            }
        });
        let ready = told.recv_timeout(READY_WITHIN).map_err(|_| {
            let said = std::fs::read_to_string(self.folder.join("server.log")).unwrap_or_default();
            format!("the server did not get ready: {}", said.trim())
        })?;
        server.start = ready - started;
        Ok(server)
    }
}

/// A running server. Dropping it kills it, which its database has to survive anyway.
pub struct Server {
    child: Child,
    port: u16,
    /// From the start of the process to the line that says ready.
    pub start: Duration,
}

/// What a process has used.
#[derive(Debug, Clone, Copy)]
pub struct Usage {
    pub cpu: Duration,
    pub resident_bytes: u64,
}

/// A process, to be looked at while it is busy.
#[derive(Debug, Clone, Copy)]
pub struct Process(u32);

impl Server {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        SocketAddr::from((Ipv4Addr::LOCALHOST, self.port))
    }

    /// The host and port of its issuer.
    pub fn host(&self) -> String {
        format!("localhost:{}", self.port)
    }

    /// Its process.
    pub fn process(&self) -> Process {
        Process(self.child.id())
    }

    /// What it has used so far.
    pub fn usage(&self) -> Result<Usage, String> {
        self.process().usage()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Process {
    /// What it has used so far (proc(5)).
    pub fn usage(self) -> Result<Usage, String> {
        let read = |name: &str| {
            std::fs::read_to_string(format!("/proc/{}/{name}", self.0)).map_err(|cause| format!("/proc: {cause}"))
        };
        let (stat, status) = (read("stat")?, read("status")?);
        // The name of the program stands in parentheses and may hold anything; fields 14 and 15 are counted from behind it.
        let fields = stat.rsplit_once(") ").map(|(_, rest)| rest.split(' ').collect::<Vec<_>>()).unwrap_or_default();
        let ticks = |place: usize| fields.get(place).and_then(|field| field.parse::<u32>().ok());
        let resident = status
            .lines()
            .find_map(|line| line.strip_prefix("VmRSS:")?.trim().strip_suffix("kB")?.trim().parse::<u64>().ok());
        match (ticks(11), ticks(12), resident) {
            (Some(user), Some(system), Some(kib)) => {
                Ok(Usage { cpu: TICK * (user + system), resident_bytes: kib * 1024 })
            }
            _ => Err("/proc: unreadable".to_owned()),
        }
    }
}

fn manifest(upstream: SocketAddr) -> String {
    let apps = Alg::ALL.map(|alg| {
        format!(
            "[[app]]\nkey = \"{key}\"\norganization = \"bench\"\nname = \"Bench {name}\"\nclient_id = \"{id}\"\nclient_secret = \"{secret}\"\n\
             redirect_uris = [\"{redirect}\"]\nid_token_signed_response_alg = \"{name}\"\n\n\
             [[resource]]\nkey = \"{resource}\"\napp = \"{key}\"\nname = \"Bench\"\naudience = \"{resource}\"\n\
             scopes = [{{ name = \"work\", text = \"Be measured\", risk = \"low\" }}]\n",
            resource = alg.resource(),
            key = alg.as_str().to_ascii_lowercase(),
            name = alg.as_str(),
            id = alg.client_id(),
            secret = crate::scenario::CLIENT_SECRET,
            redirect = crate::scenario::REDIRECT,
        )
    });
    let calls = format!(
        "[[app_key]]\nkey = \"bench\"\napp = \"eddsa\"\nvalue = \"{key}\"\n\n\
         [[managed_secret]]\nslug = \"bench\"\napp = \"eddsa\"\nname = \"Bench\"\ninject = \"bearer\"\n\
         hosts = [\"{upstream}\"]\ncredential = \"a-credential-of-the-vault\"\n",
        key = crate::scenario::APP_KEY,
    );
    format!("[[organization]]\nkey = \"bench\"\nname = \"Bench\"\n\n{}\n{calls}", apps.join("\n"))
}
