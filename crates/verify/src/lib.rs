//! For other people's servers: checks the delegated tokens with which one app acts at another for a person. A route in five lines:
//!
//! ```
//! use axum::{Extension, Router, routing::post};
//! use procura_verify::{BadSetting, Delegation, Verifier};
//!
//! fn app() -> Result<Router, BadSetting> {
//!     let verifier = Verifier::builder("https://id.example.com", "https://iris.example.com", "iris:inference").build()?;
//!     Ok(Router::new()
//!         .route("/infer", post(infer))
//!         .layer(verifier.layer().scope("infer")))
//! }
//!
//! async fn infer(Extension(delegation): Extension<Delegation>) -> String {
//!     format!("{} acts for {}", delegation.client, delegation.subject)
//! }
//! # app().unwrap();
//! ```
//!
//! Promise: a request reaches the route only with one live token that the issuer signed for this audience, this resource and every
//! scope that the route needs. Nothing here prints a token. What the app may do for that person beyond the scope is the route's own
//! question. Needs a tokio runtime; knows no web framework, only `http` and `tower`.
//!
//! Offline, a token that was ended lives until its `exp` (ten minutes at most). Where that is too long, let the issuer be asked
//! each time: [`Builder::introspect`].

mod bearer;
mod builder;
mod cors;
mod delegation;
mod door;
mod introspection;
mod keys;
mod layer;
mod needs;
mod refused;
mod terms;
mod trouble;
mod verifier;

pub use base::{Scope, Secret, Time};
pub use builder::{BadSetting, Builder};
pub use delegation::{Actor, Delegation, Mode};
pub use layer::{Guard, Guarded};
pub use needs::Needs;
pub use refused::{Code, Refused};
pub use trouble::Trouble;
pub use verifier::Verifier;

/// The README's example compiles.
#[cfg(doctest)]
#[doc = include_str!("../README.md")]
struct Readme;
