//! One file for each surface; its first test is who may not call it.

mod account;
mod address;
mod api_connect;
pub(crate) mod api_v1;
mod connect_api;
mod connections;
mod developers;
mod developers_connect;
mod people;
mod proxy;
mod resources;
mod resources_api;
mod sdk;
