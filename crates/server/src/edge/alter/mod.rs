//! The edge of Connect's API: a signed request becomes a [`vault::Caller`] and a body, a refusal becomes what clients of the wire
//! understand (`connect-wire.md` 2.2 to 2.4).

mod body;
mod error;
mod needs;
mod prove;
pub mod rates;
mod user_token;

pub use body::{Body, Sent};
pub use error::SdkError;
pub use needs::{needs, needs_any};
pub use prove::{Calling, bearer, caller_of, signed};
pub use user_token::{Outside, User, subject, user_of};
