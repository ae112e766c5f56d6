//! Calls in somebody's name (`product.md` 4.4, `connect-wire.md` 2.6.7 and 3.3).
//!
//! A call is planned (where it goes, judged byte for byte), decided (rules, limits, approval), written down, given its credential last
//! of all, and passed on as it streams, both ways. Promise: nothing leaves before its journal row is durable; the credential goes to a
//! host of its service alone and never comes back; who was let in no longer is refused within the next call.

mod busy;
mod headers;
mod inside;
mod kept;
mod outflow;
mod path;
mod pause;
mod plan;
mod redact;
mod send;
mod service;

pub use outflow::{Broken, Outflow};
pub use plan::Target;
pub use send::{Answered, CallAsk, Called, Form};

pub(crate) use busy::Busy;
pub(crate) use kept::Kept;
pub(crate) use pause::Pauses;
pub(crate) use plan::Plan;
pub(crate) use send::{Loaded, Outgoing, Told, approval_row, judged, load};

/// What calls share in this process.
#[derive(Default)]
pub(crate) struct Shared {
    pub busy: Busy,
    pub kept: Kept,
    pub pauses: Pauses,
}

#[cfg(test)]
pub(crate) fn plan_of(method: &str, target: &str) -> Plan {
    let service = service::Service::Provider(crate::provider::find("github").unwrap());
    let (path, query) = target.split_once('?').map_or((target, None), |(path, query)| (path, Some(query.to_owned())));
    let target = Target::Path { path: path.to_owned(), query, host: None };
    Plan::of(method, &target, &service, &plan::tests::account("github")).unwrap()
}
