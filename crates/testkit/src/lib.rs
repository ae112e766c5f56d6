//! The real app in a box, for tests: nothing here ships.
//!
//! `passkey` stands alone; everything else needs the feature `world`, which brings the whole server.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    clippy::indexing_slicing,
    clippy::missing_fields_in_debug,
    clippy::format_push_string
)] // a helper that fails fails its test

#[cfg(feature = "world")]
pub mod backend;
#[cfg(feature = "world")]
pub mod browser;
#[cfg(feature = "world")]
pub mod client;
#[cfg(feature = "world")]
pub mod fake;
#[cfg(feature = "world")]
pub mod http;
pub mod passkey;
#[cfg(feature = "world")]
pub mod world;

#[cfg(feature = "world")]
pub use backend::{Backend, said};
#[cfg(feature = "world")]
pub use browser::Browser;
#[cfg(feature = "world")]
pub use client::{TestApp, claims};
#[cfg(feature = "world")]
pub use fake::Fake;
#[cfg(feature = "world")]
pub use http::Answer;
pub use passkey::SoftPasskey;
#[cfg(feature = "world")]
pub use world::{START, World, form};
