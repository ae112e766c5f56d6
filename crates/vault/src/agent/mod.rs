//! Agents: actors of an app that are no persons (`connect-wire.md` 2.6.15).
//!
//! Promise: what an agent may do at which service is a list, and what is not on it is denied. Taking something away can be announced;
//! giving something is at once. A revoked agent stays revoked, and so do its keys and all that it was given.

mod change;
mod create;
mod keys;
mod rows;

pub use change::{Change, Patch, patch, resume, revoke, suspend};
pub use create::{Created, Wish, create};
pub use keys::{deprecate_key, list_keys, mint_key, revoke_key, undeprecate_key};
pub use rows::{count_of_app, delete_of_app, find, find_by_name, list_of_app};

pub(crate) use create::sweep as sweep_idempotency;

use crate::{Code, Error, refuse};
use base::{AgentId, AppId, Time};
use serde_json::{Map, Value};
use std::collections::BTreeMap;

/// The service under which an agent's list names secrets.
pub(crate) const SECRETS: &str = "managed_secret_slugs";

/// Service → scopes there; the service `managed_secret_slugs` lists secrets.
pub type Scopes = BTreeMap<String, Vec<String>>;

const LONGEST_SCOPES: usize = 12 << 10;
const LONGEST_DATA: usize = 12 << 10;

/// What an agent is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AgentKind {
    Agent,
    Service,
}

impl AgentKind {
    /// The word on the wire, and the stored one.
    pub const fn as_str(self) -> &'static str {
        match self {
            AgentKind::Agent => "agent",
            AgentKind::Service => "service",
        }
    }

    /// From the word.
    pub fn parse(word: &str) -> Option<AgentKind> {
        [AgentKind::Agent, AgentKind::Service].into_iter().find(|kind| kind.as_str() == word)
    }
}

/// Whether it may act.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Status {
    Active,
    Inactive,
    Revoked,
}

impl Status {
    /// The word on the wire.
    pub const fn as_str(self) -> &'static str {
        match self {
            Status::Active => "active",
            Status::Inactive => "inactive",
            Status::Revoked => "revoked",
        }
    }
}

/// An agent as stored.
#[derive(Debug, Clone)]
pub struct Agent {
    pub id: AgentId,
    pub app: AppId,
    pub name: String,
    pub kind: AgentKind,
    pub display_name: Option<String>,
    pub scopes: Scopes,
    /// What takes the place of the scopes, and when.
    pub pending: Option<(Scopes, Time)>,
    pub policy: Map<String, Value>,
    pub metadata: Map<String, Value>,
    pub version: i64,
    pub created_at: Time,
    pub updated_at: Time,
    pub suspended_at: Option<Time>,
    pub revoked_at: Option<Time>,
    pub last_used_at: Option<Time>,
}

impl Agent {
    /// Whether it may act.
    pub fn status(&self) -> Status {
        match (self.revoked_at, self.suspended_at) {
            (Some(_), _) => Status::Revoked,
            (None, Some(_)) => Status::Inactive,
            (None, None) => Status::Active,
        }
    }

    /// What holds now: what was announced does from its moment on.
    pub fn effective_scopes(&self, now: Time) -> &Scopes {
        match &self.pending {
            Some((scopes, from)) if *from <= now => scopes,
            _ => &self.scopes,
        }
    }

    /// What is announced and does not hold yet.
    pub fn announced(&self, now: Time) -> Option<(&Scopes, Time)> {
        self.pending.as_ref().filter(|(_, from)| *from > now).map(|(scopes, from)| (scopes, *from))
    }
}

/// Refuses scopes that are no map of service to words.
fn check_scopes(scopes: &Scopes) -> Result<(), Error> {
    let refused = || refuse(Code::InvalidRequest, "scopes maps a provider to a list of scopes").with("field", "scopes");
    let is_word = |word: &String| !word.trim().is_empty() && word.len() <= 512 && !word.chars().any(char::is_control);
    let is_legal = |(provider, words): (&String, &Vec<String>)| {
        (1..=100).contains(&provider.len()) && is_word(provider) && !words.is_empty() && words.iter().all(is_word)
    };
    let is_short = serde_json::to_string(scopes).is_ok_and(|text| text.len() <= LONGEST_SCOPES);
    if is_short && scopes.iter().all(is_legal) { Ok(()) } else { Err(refused()) }
}

fn check_data(field: &'static str, data: &Map<String, Value>) -> Result<(), Error> {
    if serde_json::to_string(data).is_ok_and(|text| text.len() <= LONGEST_DATA) {
        return Ok(());
    }
    Err(refuse(Code::InvalidRequest, "metadata and policy have at most 12 KiB each").with("field", field))
}

/// What both allow.
fn shared(one: &Scopes, other: &Scopes) -> Scopes {
    let both = |(provider, words): (&String, &Vec<String>)| {
        let other = other.get(provider)?;
        let words: Vec<String> = words.iter().filter(|word| other.contains(word)).cloned().collect();
        (!words.is_empty()).then(|| (provider.clone(), words))
    };
    one.iter().filter_map(both).collect()
}

/// What either allows.
fn united(one: &Scopes, other: &Scopes) -> Scopes {
    let mut all = one.clone();
    for (provider, words) in other {
        let own = all.entry(provider.clone()).or_default();
        own.extend(words.iter().filter(|word| !one.get(provider).is_some_and(|own| own.contains(word))).cloned());
    }
    all
}

/// True when the first allows all that the second does.
fn covers(one: &Scopes, other: &Scopes) -> bool {
    let has = |(provider, words): (&String, &Vec<String>)| {
        words.is_empty() || one.get(provider).is_some_and(|own| words.iter().all(|word| own.contains(word)))
    };
    other.iter().all(has)
}

/// The refusal of an agent that is not there, or another app's.
pub(crate) fn gone() -> Error {
    refuse(Code::AgentNotFound, "there is no such agent")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn scopes(of: &[(&str, &[&str])]) -> Scopes {
        let words = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        of.iter().map(|(provider, list)| ((*provider).to_owned(), words(list))).collect()
    }

    #[test]
    fn a_union_covers_both_and_what_is_shared_is_covered_by_both() {
        let (one, other) = (scopes(&[("google", &["a", "b"])]), scopes(&[("google", &["b", "c"]), ("slack", &["x"])]));
        let (all, both) = (united(&one, &other), shared(&one, &other));
        assert!(covers(&all, &one) && covers(&all, &other));
        assert!(covers(&one, &both) && covers(&other, &both));
        assert_eq!(both, scopes(&[("google", &["b"])]));
        assert!(!covers(&one, &other));
    }

    #[test]
    fn empty_lists_and_blank_words_are_no_scopes() {
        for bad in [scopes(&[("google", &[])]), scopes(&[("google", &[" "])]), scopes(&[("", &["a"])])] {
            assert!(check_scopes(&bad).is_err());
        }
        assert!(check_scopes(&Scopes::new()).is_ok());
        assert!(check_scopes(&scopes(&[("google", &[&"a".repeat(513)])])).is_err());
    }
}
