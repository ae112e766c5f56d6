//! Secrets that settings only point at, and the master key among them.

use super::setting::{Value, expected};
use super::source::{Around, WrittenIn};
use base::fault::FaultKind;
use base::{Fault, Secret};
use db::seal::Kms;
use std::path::{Path, PathBuf};

/// Where the master key is kept.
#[derive(Debug, Clone)]
pub enum KeySource {
    /// A file for its owner alone.
    File(PathBuf),
    /// A variable, already read.
    Variable { name: String, text: Option<Secret> },
}

impl KeySource {
    /// The file, when it is one.
    pub fn file(&self) -> Option<&Path> {
        match self {
            KeySource::File(path) => Some(path),
            KeySource::Variable { .. } => None,
        }
    }

    /// True when there is nothing to read there.
    pub fn is_missing(&self) -> bool {
        match self {
            KeySource::File(path) => !path.exists(),
            KeySource::Variable { text, .. } => text.is_none(),
        }
    }

    /// The place in words.
    pub fn place(&self) -> String {
        match self {
            KeySource::File(path) => path.display().to_string(),
            KeySource::Variable { name, .. } => format!("the variable {name}"),
        }
    }
}

impl Kms for KeySource {
    fn master_keys(&self) -> Result<Secret, Fault> {
        match self {
            KeySource::File(path) => {
                let unreadable =
                    |cause| Fault::of(FaultKind::Unavailable, format!("master key {}: {cause}", path.display()));
                std::fs::read_to_string(path).map(Secret::new).map_err(unreadable)
            }
            KeySource::Variable { name, text } => text.clone().ok_or_else(|| {
                Fault::of(FaultKind::Unavailable, format!("master key: the variable {name} is not set"))
            }),
        }
    }
}

impl Value for KeySource {
    const KIND: &'static str = "file:PATH or env:NAME";

    fn from_text(text: &str, around: &Around<'_>) -> Result<KeySource, String> {
        if around.written_in == WrittenIn::Variable {
            return Ok(KeySource::File(PathBuf::from(text)));
        }
        match (text.strip_prefix("file:"), text.strip_prefix("env:")) {
            (Some(path), _) if !path.is_empty() => Ok(KeySource::File(around.folder.join(path))),
            (_, Some(name)) if !name.is_empty() => {
                Ok(KeySource::Variable { name: name.to_owned(), text: around.environment.get(name).map(Secret::new) })
            }
            _ => Err(expected::<KeySource>()),
        }
    }
}

impl Value for Secret {
    const KIND: &'static str = "a secret: env:NAME, file:PATH, or the text itself";

    fn from_text(text: &str, around: &Around<'_>) -> Result<Secret, String> {
        if let Some(name) = text.strip_prefix("env:") {
            let value = around.environment.get(name);
            return value.map(Secret::new).ok_or_else(|| format!("the variable {name} is not set"));
        }
        if let Some(path) = text.strip_prefix("file:") {
            let path = around.folder.join(path);
            let read = std::fs::read_to_string(&path).map(Secret::new);
            return read
                .map(|secret| Secret::new(secret.reveal().trim_end_matches(['\r', '\n'])))
                .map_err(|cause| format!("{} cannot be read: {cause}", path.display()));
        }
        Ok(Secret::new(text))
    }
}
