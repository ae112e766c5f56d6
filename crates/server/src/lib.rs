//! Turns HTTP into asks and decisions into HTTP.

pub mod assets;
pub mod views;
