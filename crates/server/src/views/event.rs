//! What happened, told in the past tense, and the way through many such lines.

use super::parts::{Link, Name};
use super::when::Moment;

/// How much a line deserves a look.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Weight {
    Plain,
    /// Something grew: a passkey, an app, a device.
    Notable,
    /// Something was refused or looks like an attack.
    Alarming,
}

/// One line of an activity page.
#[derive(Debug, Clone)]
pub struct Event {
    /// *You let Acme Notes know your name and e-mail.*
    pub sentence: String,
    /// *Firefox on Linux*.
    pub device: Option<Name>,
    /// An IP address.
    pub place: Option<String>,
    pub when: Moment,
    pub weight: Weight,
}

impl Event {
    pub(super) fn is_alarming(&self) -> bool {
        self.weight == Weight::Alarming
    }
}

/// A choice above a list.
#[derive(Debug, Clone)]
pub struct Filter {
    pub text: String,
    pub url: String,
    pub is_current: bool,
}

/// The way through a long list.
#[derive(Debug, Clone, Default)]
pub struct Pager {
    pub newer: Option<Link>,
    pub older: Option<Link>,
}
