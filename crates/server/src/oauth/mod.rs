//! The protocol endpoints: parse, ask, render. The rules are in the crate `oauth`.

pub mod authorize;
pub mod backend_sign_in;
pub mod delegations;
pub mod discovery;
pub mod embed;
pub mod introspect;
pub mod logout;
pub mod revoke;
pub mod runtime;
pub mod session_check;
pub mod token;
pub mod userinfo;
