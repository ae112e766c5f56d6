//! Every permission a person has given: opened, narrowed, ended, journalled.
//!
//! Promise: ending a node ends everything below it in the same transaction; what happened is written beside it.

pub mod grant;
pub mod journal;

pub use grant::{EndedBy, Ending, Grant, Kind, NewGrant, Presence};
pub use journal::{Act, Entry};
