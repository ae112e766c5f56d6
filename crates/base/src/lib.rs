//! The words every floor speaks: typed ids, time, entropy, secrets, digests, scopes, exact URLs and `Fault`.
//!
//! Promise: no I/O, no clock and no randomness but through the two traits declared here.

pub mod bearer;
pub mod digest;
pub mod entropy;
pub mod fault;
pub mod id;
mod likeness;
pub mod place;
pub mod raster;
pub mod scope;
pub mod seams;
pub mod secret;
pub mod time;

pub use bearer::Bearer;
pub use digest::Digest;
pub use entropy::{Entropy, SeededEntropy, SystemEntropy};
pub use fault::Fault;
pub use id::{
    AccountId, AgentId, AppId, AppUserId, ApprovalId, ConnectionId, DeviceId, GrantId, IdentityId, KeyId, Numbers,
    OrganizationId, PasskeyId, ResourceId, Uuid,
};
pub use likeness::{is_deceptive, likeness};
pub use place::{Origin, RedirectUri};
pub use raster::Raster;
pub use scope::Scope;
pub use seams::Seams;
pub use secret::Secret;
pub use time::{Clock, ManualClock, SystemClock, Time};
