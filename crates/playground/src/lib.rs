//! Two sample apps for `procura demo` and for tests: *Notes* has a server and a secret, the page of *Iris* lives in the browser alone.
//! With the person's permission Notes acts at Iris. Beside them *the fake provider*: two services whose accounts people can link.
//!
//! They are written as anybody's apps would be: they know the issuer's address and the standards, and of the crates beside them
//! only `verify`, which is made for outsiders. Read `notes/sign_in.rs` and `web/sign_in.js` for how to add sign-in to an app of
//! your own; `notes/connect.rs`, `notes/exchange.rs` and `web/connect.js` for how to act at another; `notes/link.rs`,
//! `notes/agent.rs` and `web/accounts.js` for how to use an account elsewhere; `iris/mod.rs` for how to let others act at yours.

pub mod fake;
pub mod iris;
pub mod notes;

mod look;
mod outside;
mod page;
