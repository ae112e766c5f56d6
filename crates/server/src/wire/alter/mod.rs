//! Connect's JSON as its published clients speak it (`connect-wire.md` 2.6, 2.7): shapes in, shapes out. No rules.
//!
//! What is absent is left out, but for the few members that a client wants to see empty: there `null` is written.

pub mod agent;
pub mod key;
