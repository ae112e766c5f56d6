//! Foreign dialects: their JSON in, our asks out. No rules.

pub mod alter;
pub mod ave;
