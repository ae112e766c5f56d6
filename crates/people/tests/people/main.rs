//! What people can do, on both engines: the contract, the races, the attacks.

mod contract;
mod kit;
mod rivals;
mod threats;
