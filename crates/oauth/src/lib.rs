//! Apps and resources, authorization, codes, tokens, exchange, connector.

pub mod keyring;

pub use keyring::Keys;
