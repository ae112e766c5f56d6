//! The command line: what can be asked of `procura`, and how it ends (0 done, 1 failed, 2 wrongly asked).

mod account;
mod admin_token;
mod apply;
mod backup;
mod demo;
mod doctor;
mod fake_provider;
mod init;
mod keys;
mod migrate;
mod openapi;
mod restore;
pub mod serve;
mod vault;

use crate::config::{Config, Environment, FILE};
use crate::failure::Failure;
use base::{Clock, Entropy, Seams, SystemClock, SystemEntropy};
use clap::{Parser, Subcommand};
use std::io::Write as _;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::sync::Arc;

/// One self-hosted server for sign-in, and for what apps and agents may do for people.
#[derive(Debug, Parser)]
#[command(name = "procura", version, arg_required_else_help = true, disable_help_subcommand = true)]
struct Line {
    /// The settings file; by default ./procura.toml, where there is one
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Write procura.toml, the master key and the database, wherever they are missing
    Init,
    /// Serve people and apps
    Serve,
    /// Try everything on this computer; the data goes away at the end
    Demo,
    /// Serve two services to try linked accounts with
    FakeProvider {
        /// Where, on this computer; port 0 lets the system choose
        #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:8463")]
        listen: SocketAddr,
        /// Ask nobody: the first account allows everything
        #[arg(long)]
        auto_approve: bool,
    },
    /// Create or change organizations and apps as a file says
    Apply {
        /// The file, or - for standard input
        #[arg(short, long, value_name = "FILE")]
        file: PathBuf,
    },
    /// Print a token for the management API
    AdminToken,
    /// Look whether everything is in order, and change nothing
    Doctor,
    /// Bring the database to this version
    Migrate {
        /// Only tell what would be done
        #[arg(long)]
        plan: bool,
    },
    /// Write the whole database into one sealed file, also while a server runs
    Backup {
        /// The file to write; by default procura-TIME.backup in this folder
        #[arg(long, value_name = "FILE")]
        to: Option<PathBuf>,
    },
    /// Put a backup in the place of the database
    Restore {
        file: PathBuf,
        /// Leave sessions and tokens of the backup alive
        #[arg(long)]
        keep_sessions: bool,
    },
    /// The keys that sign tokens
    Keys {
        #[command(subcommand)]
        command: KeysCommand,
    },
    /// What is kept sealed
    Vault {
        #[command(subcommand)]
        command: VaultCommand,
    },
    /// The accounts of people
    Account {
        #[command(subcommand)]
        command: AccountCommand,
    },
    /// Print the description of the management API
    Openapi,
}

#[derive(Debug, Subcommand)]
enum KeysCommand {
    /// Publish the next keys; they sign after a day
    Rotate {
        /// Let them sign at once, and the present ones never again
        #[arg(long)]
        now: bool,
    },
}

#[derive(Debug, Subcommand)]
enum VaultCommand {
    /// Move everything to the first master key of the list, also while a server runs
    Rekey,
}

#[derive(Debug, Subcommand)]
enum AccountCommand {
    /// Print a one-time sign-in link for a person who lost every passkey
    Recover {
        /// The person's handle
        handle: String,
    },
}

/// Runs the command of this process.
pub fn main() -> ExitCode {
    let line = match Line::try_parse() {
        Ok(line) => line,
        Err(error) => {
            let _ = error.print();
            return ExitCode::from(if error.use_stderr() { 2 } else { 0 });
        }
    };
    match in_runtime(line) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            let _ = writeln!(std::io::stderr(), "procura: {failure}");
            failure.exit_code()
        }
    }
}

fn in_runtime(line: Line) -> Result<(), Failure> {
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| Failure::new(format!("runtime start: {cause}")))?;
    runtime.block_on(run(line, Surroundings::of_process()))
}

/// What a command meets outside: variables, the clock, randomness.
pub struct Surroundings {
    pub environment: Environment,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
}

impl Surroundings {
    /// Those of a real process.
    pub fn of_process() -> Surroundings {
        Surroundings {
            environment: Environment::of_process(),
            clock: Arc::new(SystemClock),
            entropy: Arc::new(SystemEntropy),
        }
    }

    /// The seams for everything below.
    pub fn seams(&self) -> Seams {
        Seams::new(Arc::clone(&self.clock), Arc::clone(&self.entropy))
    }

    fn config(&self, named: Option<&Path>) -> Result<Config, Failure> {
        let standard = Path::new(FILE);
        let file = named.or_else(|| standard.exists().then_some(standard));
        Ok(Config::load(&self.environment, file)?)
    }
}

async fn run(line: Line, around: Surroundings) -> Result<(), Failure> {
    let file = line.config.as_deref();
    match line.command {
        Command::Init => init::run(file.unwrap_or(Path::new(FILE)), &around).await,
        Command::Serve => serve::run(around.config(file)?, &around).await,
        Command::Demo => demo::run(&around).await,
        Command::FakeProvider { listen, auto_approve } => {
            fake_provider::run(listen, playground::fake::Settings { auto_approve }).await
        }
        Command::Apply { file: manifest } => apply::run(&around.config(file)?, &around, &manifest).await,
        Command::AdminToken => admin_token::run(&around.config(file)?, &around).await,
        Command::Doctor => doctor::run(around.config(file), &around).await,
        Command::Migrate { plan } => migrate::run(&around.config(file)?, &around, plan).await,
        Command::Backup { to } => backup::run(&around.config(file)?, &around, to).await,
        Command::Restore { file: backup, keep_sessions } => {
            restore::run(&around.config(file)?, &around, &backup, keep_sessions).await
        }
        Command::Keys { command: KeysCommand::Rotate { now } } => {
            keys::rotate(&around.config(file)?, &around, now).await
        }
        Command::Vault { command: VaultCommand::Rekey } => vault::rekey(&around.config(file)?, &around).await,
        Command::Account { command: AccountCommand::Recover { handle } } => {
            account::recover(&around.config(file)?, &around, &handle).await
        }
        Command::Openapi => {
            openapi::run();
            Ok(())
        }
    }
}

/// A line on standard output. A reader that went away is no failure of ours.
fn say(line: &str) {
    let mut out = std::io::stdout().lock();
    let _ = writeln!(out, "{line}");
    let _ = out.flush();
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_consistent() {
        Line::command().debug_assert();
    }
}
