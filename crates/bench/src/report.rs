//! What was measured, as a table for people or JSON for programs.

use crate::load::Outcome;
use serde::Serialize;
use std::fmt;

/// Everything that was measured.
#[derive(Debug, Default, Serialize)]
pub struct Report {
    pub starts: Vec<Starts>,
    pub lines: Vec<Line>,
}

/// How a server starts on an engine, and what it holds when nobody asks.
#[derive(Debug, Serialize)]
pub struct Starts {
    pub engine: &'static str,
    pub from_nothing_ms: f64,
    pub from_existing_ms: f64,
    pub idle_resident_mb: f64,
}

/// One scenario.
#[derive(Debug, Serialize)]
pub struct Line {
    pub scenario: &'static str,
    pub engine: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub alg: Option<&'static str>,
    pub requests: usize,
    pub per_second: f64,
    pub p50_ms: f64,
    pub p90_ms: f64,
    pub p99_ms: f64,
    pub errors: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    pub first_error: Option<String>,
    /// Processor time of the server alone.
    pub cpu_micros_per_request: f64,
    pub resident_mb: f64,
}

impl Line {
    pub fn of(scenario: &'static str, engine: &'static str, alg: Option<&'static str>, outcome: Outcome) -> Line {
        let requests = outcome.latencies.count();
        let micros = outcome.latencies.percentiles([50.0, 90.0, 99.0]);
        let [p50_ms, p90_ms, p99_ms] = micros.map(|micros| f64::from(micros) / 1000.0);
        Line {
            scenario,
            engine,
            alg,
            requests,
            per_second: requests as f64 / outcome.took.as_secs_f64().max(f64::EPSILON),
            p50_ms,
            p90_ms,
            p99_ms,
            errors: outcome.errors,
            first_error: outcome.first_error,
            cpu_micros_per_request: outcome.cpu.as_secs_f64() * 1e6 / requests.max(1) as f64,
            resident_mb: outcome.most_resident_bytes as f64 / 1e6,
        }
    }
}

impl Report {
    /// True when every answer was right and every scenario got some.
    pub fn is_clean(&self) -> bool {
        self.lines.iter().all(|line| line.errors == 0 && line.requests > 0)
    }
}

impl fmt::Display for Line {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{:<18} {:<8} {:<6} {:>9.0} {:>8.2} {:>8.2} {:>8.2} {:>7} {:>8.1} {:>8.0}",
            self.scenario,
            self.engine,
            self.alg.unwrap_or("–"),
            self.per_second,
            self.p50_ms,
            self.p90_ms,
            self.p99_ms,
            self.errors,
            self.cpu_micros_per_request,
            self.resident_mb
        )?;
        if let Some(why) = &self.first_error {
            write!(f, "\n    {why}")?;
        }
        Ok(())
    }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<18} {:<8} {:<6} {:>9} {:>8} {:>8} {:>8} {:>7} {:>8} {:>8}",
            "scenario", "engine", "alg", "req/s", "p50 ms", "p90 ms", "p99 ms", "errors", "CPU µs", "RSS MB"
        )?;
        self.lines.iter().try_for_each(|line| writeln!(f, "{line}"))?;
        writeln!(
            f,
            "\n{:<8} {:>18} {:>18} {:>12}",
            "engine", "start, nothing ms", "start, existing ms", "idle RSS MB"
        )?;
        self.starts.iter().try_for_each(|starts| {
            let Starts { engine, from_nothing_ms, from_existing_ms, idle_resident_mb } = starts;
            writeln!(f, "{engine:<8} {from_nothing_ms:>18.0} {from_existing_ms:>18.0} {idle_resident_mb:>12.1}")
        })
    }
}
