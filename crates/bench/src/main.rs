//! A load generator for a server that it starts itself: what it measures goes in through the front door.
//!
//! `cargo xtask bench` builds both and runs it. It is a tool, never a timed test; `--smoke` runs everything once with few requests.

mod answer;
mod database;
mod latency;
mod load;
mod passkey;
mod person;
mod report;
mod rows;
mod scenario;
mod server;
mod session;
mod upstream;
mod verifying;
mod wire;

use clap::{Parser, ValueEnum};
use database::Engine;
use scenario::{Alg, Scenario};
use std::path::PathBuf;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// Measures a Procura server under load.
#[derive(Debug, Clone, Parser)]
#[command(name = "procura-bench")]
pub struct Plan {
    /// Only these scenarios
    #[arg(long, value_enum, value_delimiter = ',')]
    scenario: Vec<Scenario>,
    /// On which database
    #[arg(long, value_enum, default_value = "both")]
    engine: Engines,
    /// Only with these signatures
    #[arg(long, value_enum, value_delimiter = ',')]
    alg: Vec<Alg>,
    /// Connections that ask at the same time
    #[arg(long, default_value_t = 16)]
    connections: usize,
    /// How long each scenario is measured, after a warm-up
    #[arg(long, default_value_t = 6.0)]
    seconds: f64,
    /// So many grants, each with its tokens, are in the database beforehand
    #[arg(long, default_value_t = 0)]
    grants: u64,
    /// So many apps are in the database beforehand
    #[arg(long, default_value_t = 0)]
    apps: u64,
    /// Few requests, one short round of everything
    #[arg(long)]
    smoke: bool,
    /// Print JSON instead of the table
    #[arg(long)]
    json: bool,
    /// The server's binary
    #[arg(long, env = "PROCURA_BIN")]
    server: PathBuf,
    /// A PostgreSQL whose user may create databases
    #[arg(long, env = "PROCURA_BENCH_POSTGRES")]
    postgres: Option<String>,
    /// Where databases are made: on a disk that really has to be waited for
    #[arg(long, default_value = "target/bench-tmp")]
    folder: PathBuf,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Engines {
    Sqlite,
    Postgres,
    Both,
}

impl Plan {
    fn engines(&self) -> Result<Vec<Engine>, String> {
        let postgres = self.postgres.clone().map(Engine::Postgres);
        match (self.engine, postgres) {
            (Engines::Sqlite, _) => Ok(vec![Engine::Sqlite]),
            (Engines::Postgres, Some(postgres)) => Ok(vec![postgres]),
            (Engines::Postgres, None) => Err("no PostgreSQL is named: set PROCURA_BENCH_POSTGRES".to_owned()),
            (Engines::Both, postgres) => {
                if postgres.is_none() {
                    eprintln!("only SQLite is measured: PROCURA_BENCH_POSTGRES names no PostgreSQL");
                }
                Ok([Some(Engine::Sqlite), postgres].into_iter().flatten().collect())
            }
        }
    }

    fn wants(&self, scenario: Scenario) -> bool {
        self.scenario.is_empty() || self.scenario.contains(&scenario)
    }

    fn algs(&self) -> Vec<Alg> {
        if self.alg.is_empty() { Alg::ALL.to_vec() } else { self.alg.clone() }
    }
}

fn main() -> ExitCode {
    let mut plan = Plan::parse();
    if plan.smoke {
        plan.seconds = 0.2;
        plan.connections = plan.connections.min(4);
    }
    match measure(&plan) {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(why) => {
            eprintln!("procura-bench: {why}");
            ExitCode::FAILURE
        }
    }
}

/// Measures everything and prints it. False when an answer was wrong.
fn measure(plan: &Plan) -> Result<bool, String> {
    // One thread: the other core is the server's.
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
    let runtime = runtime.map_err(|cause| format!("runtime start: {cause}"))?;
    let mut report = report::Report::default();
    for engine in plan.engines()? {
        runtime.block_on(session::run(plan, &engine, &mut report))?;
    }
    if plan.json {
        println!("{}", serde_json::to_string_pretty(&report).map_err(|cause| cause.to_string())?);
    } else {
        print!("{report}");
    }
    Ok(report.is_clean())
}
