//! What the server writes about itself.

use super::setting::{Value, expected, section};
use super::source::Around;

section! {
    /// The log, written to standard error. It never holds a secret.
    "logs" Logs {
        /// "json", "compact", or "auto": compact on a terminal, JSON elsewhere.
        format: LogFormat = "\"auto\"";
        /// What is told: a level, or levels by part, such as "info,oauth=debug".
        filter: String = "\"info\"" env "RUST_LOG";
    }
}

/// How a line of the log looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LogFormat {
    Auto,
    Json,
    Compact,
}

impl Value for LogFormat {
    const KIND: &'static str = "\"auto\", \"json\" or \"compact\"";

    fn from_text(text: &str, _: &Around<'_>) -> Result<LogFormat, String> {
        match text {
            "auto" => Ok(LogFormat::Auto),
            "json" => Ok(LogFormat::Json),
            "compact" => Ok(LogFormat::Compact),
            _ => Err(expected::<LogFormat>()),
        }
    }
}
