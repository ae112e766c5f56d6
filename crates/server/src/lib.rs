//! Turns HTTP into asks and decisions into HTTP.

pub mod views;
