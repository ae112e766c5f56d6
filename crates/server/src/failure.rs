//! Why a command ends with another code than 0: one sentence, and whose fault it is.

use crate::config::ConfigError;
use base::Fault;
use std::fmt;
use std::process::ExitCode;

/// The end of a command that did not do its work.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure {
    /// It could not be done: exit 1.
    Failed(String),
    /// It was asked for wrongly: exit 2.
    Usage(String),
}

impl Failure {
    /// A sentence for the operator, in lower case and without a full stop.
    pub fn new(sentence: impl Into<String>) -> Failure {
        Failure::Failed(sentence.into())
    }

    /// The code that the process ends with.
    pub fn exit_code(&self) -> ExitCode {
        match self {
            Failure::Failed(_) => ExitCode::from(1),
            Failure::Usage(_) => ExitCode::from(2),
        }
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Failed(sentence) | Failure::Usage(sentence) => f.write_str(sentence),
        }
    }
}

impl From<Fault> for Failure {
    fn from(fault: Fault) -> Failure {
        Failure::new(fault.cause())
    }
}

impl From<ConfigError> for Failure {
    fn from(error: ConfigError) -> Failure {
        Failure::new(error.to_string())
    }
}
