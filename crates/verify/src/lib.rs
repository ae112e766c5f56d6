//! For other people's servers: checks the delegated tokens with which one app acts at another for a person.
//!
//! Promise: a delegation comes out only of a live token that the issuer signed for this audience, this resource and every scope that
//! is needed. Nothing here prints a token. Needs a tokio runtime.
//!
//! Offline, a token that was ended lives until its `exp` (ten minutes at most). Where that is too long, let the issuer be asked
//! each time: [`Builder::introspect`].

mod builder;
mod delegation;
mod door;
mod introspection;
mod keys;
mod needs;
mod refused;
mod terms;
mod trouble;
mod verifier;

pub use base::{Scope, Secret, Time};
pub use builder::{BadSetting, Builder};
pub use delegation::{Actor, Delegation, Mode};
pub use needs::Needs;
pub use refused::{Code, Refused};
pub use trouble::Trouble;
pub use verifier::Verifier;
