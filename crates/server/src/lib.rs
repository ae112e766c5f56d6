//! Turns HTTP into asks and decisions into HTTP.

pub mod api;
pub mod app;
pub mod apply;
pub mod assets;
pub mod chores;
pub mod claims;
pub mod cli;
pub mod config;
pub mod demo;
pub mod edge;
pub mod failure;
pub mod farewell;
pub mod links;
pub mod logs;
pub mod mail;
pub mod metrics;
pub mod oauth;
pub mod opening;
pub mod ops;
pub mod pages;
pub mod patient;
pub mod router;
pub mod sdk;
pub mod serve;
pub mod views;
pub mod wire;
