//! What is wrong with a wish: a sentence for each field, for forms, the API and manifests alike.

use base::Fault;
use std::fmt;

/// A field and what to do about it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Complaint {
    /// As manifests and the API spell it; `redirect_uris[1]` for the second of a list.
    pub field: String,
    pub sentence: String,
}

impl Complaint {
    /// A complaint about a field.
    pub fn about(field: impl Into<String>, sentence: impl Into<String>) -> Complaint {
        Complaint { field: field.into(), sentence: sentence.into() }
    }
}

impl fmt::Display for Complaint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.field, self.sentence)
    }
}

/// Why a change was not made.
#[derive(Debug)]
pub enum Error {
    /// Fields are wrong; every one of them is named.
    Complaints(Vec<Complaint>),
    /// It does not exist, or the actor may not know that it does.
    NotFound,
    /// We or a dependency broke.
    Fault(Fault),
}

impl Error {
    /// One complaint.
    pub fn about(field: impl Into<String>, sentence: impl Into<String>) -> Error {
        Error::Complaints(vec![Complaint::about(field, sentence)])
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        Error::Fault(fault)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Complaints(complaints) => {
                let sentences: Vec<_> = complaints.iter().map(ToString::to_string).collect();
                f.write_str(&sentences.join("; "))
            }
            Error::NotFound => f.write_str("not found"),
            Error::Fault(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

/// What happens to a field that may be empty.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub enum Change<T> {
    /// It stays as it is.
    #[default]
    Keep,
    /// It is emptied.
    Clear,
    /// It becomes this.
    Set(T),
}

impl<T> Change<T> {
    /// Declares the whole state: what is absent is emptied.
    pub fn to(value: Option<T>) -> Change<T> {
        value.map_or(Change::Clear, Change::Set)
    }
}
