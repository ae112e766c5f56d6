//! The only door outwards: every request that this server makes goes through one client with one guard.
//!
//! Promise: a name is resolved once and the connection goes to what was resolved; addresses that are not of the public internet
//! are refused, however they are written (threats 45, 54, 113, 147, 168); no redirect is followed; an answer has a size and a
//! time (a stream, where it is asked for as one, has a pace besides). What the operator lets through besides is named in the settings, and nothing else is.

mod allow;
mod client;
mod guard;
mod stream;
mod trouble;

pub use allow::{Allowed, Door};
pub use client::{Answer, Ask, Egress};
pub use guard::is_public;
pub use stream::{Course, Incoming, Patience, Streamed, Upload};
pub use trouble::Trouble;
