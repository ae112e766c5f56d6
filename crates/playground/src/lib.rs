//! Two sample apps for `procura demo` and for tests: *Notes* has a server and a secret, *Iris* lives in the browser alone.
//!
//! They are written as anybody's apps would be: they know the issuer's address and the standards, and nothing of the crates
//! beside them. Read `notes/sign_in.rs` and `web/sign_in.js` for how to add sign-in to an app of your own.

pub mod iris;
pub mod notes;

mod look;
mod outside;
mod page;
