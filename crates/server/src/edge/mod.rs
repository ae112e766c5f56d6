//! The edge: where HTTP becomes typed asks, and where every answer gets the headers it must have.
//!
//! Order of the layers, outermost first: request id and log, host, headers, then each route's own.

pub mod address;
pub mod alter;
pub mod bearer;
pub mod body;
pub mod client;
pub mod cookie;
pub mod cors;
pub mod faults;
pub mod flow;
pub mod form;
pub mod headers;
pub mod json;
pub mod limit;
pub mod oauth_error;
pub mod page;
pub mod refused;
pub mod request;
pub mod session;
pub mod upload;
