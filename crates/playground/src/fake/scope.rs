//! What can be allowed at a service.

use super::service::Service;

/// One permission, in the protocol's word and in a person's.
#[derive(Debug)]
pub(super) struct Scope {
    pub(super) name: &'static str,
    pub(super) text: &'static str,
    /// It changes something or speaks in the person's name.
    pub(super) acts: bool,
}

pub(super) const CALENDAR_READ: &str = "calendar.read";
pub(super) const CALENDAR_WRITE: &str = "calendar.write";
pub(super) const MESSAGES_READ: &str = "messages.read";
pub(super) const MESSAGES_SEND: &str = "messages.send";

pub(super) const CALENDAR: &[Scope] = &[
    Scope { name: CALENDAR_READ, text: "See your calendar", acts: false },
    Scope { name: CALENDAR_WRITE, text: "Change your calendar", acts: true },
];

pub(super) const CHAT: &[Scope] = &[
    Scope { name: MESSAGES_READ, text: "Read your messages", acts: false },
    Scope { name: MESSAGES_SEND, text: "Send messages as you", acts: true },
];

/// A set of permissions of one service, in its order.
pub(super) type Scopes = Vec<&'static str>;

/// Reads a `scope` parameter. Nothing when one of them is none of the service's.
pub(super) fn read(service: Service, text: &str) -> Option<Scopes> {
    let asked: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let all = service.scopes();
    let is_known = |word: &&str| all.iter().any(|scope| scope.name == *word);
    if !asked.iter().all(is_known) {
        return None;
    }
    Some(all.iter().map(|scope| scope.name).filter(|name| asked.contains(name)).collect())
}

/// What is asked when nothing is named: the least.
pub(super) fn standard(service: Service) -> Scopes {
    service.scopes().iter().take(1).map(|scope| scope.name).collect()
}
