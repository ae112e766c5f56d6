//! The people who have accounts here: the same two at both services.

use serde::{Serialize, Serializer};

#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub(super) enum Account {
    Ada,
    Bob,
}

impl Account {
    pub(super) const ALL: [Account; 2] = [Account::Ada, Account::Bob];

    /// What people call it by.
    pub(super) fn key(self) -> &'static str {
        match self {
            Account::Ada => "ada",
            Account::Bob => "bob",
        }
    }

    /// `sub`: never changes.
    pub(super) fn id(self) -> &'static str {
        match self {
            Account::Ada => "fake-0001",
            Account::Bob => "fake-0002",
        }
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Account::Ada => "Ada Moreau",
            Account::Bob => "Bob Lindqvist",
        }
    }

    pub(super) fn email(self) -> &'static str {
        match self {
            Account::Ada => "ada@fake.example",
            Account::Bob => "bob@fake.example",
        }
    }

    /// By name, address or id.
    pub(super) fn find(text: &str) -> Option<Account> {
        Account::ALL.into_iter().find(|account| [account.key(), account.email(), account.id()].contains(&text))
    }
}

impl Serialize for Account {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(self.key())
    }
}

impl<'de> serde::Deserialize<'de> for Account {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Account, D::Error> {
        let text = String::deserialize(deserializer)?;
        Account::find(&text).ok_or_else(|| serde::de::Error::custom("no such account"))
    }
}
