//! Outside accounts: which services there are, and how each of them speaks.
//!
//! A service is described by data (`providers/*.toml`), never by a script; what data cannot say is a named [`provider::Quirk`].

pub mod provider;
