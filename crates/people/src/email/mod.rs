//! E-mail addresses, proven by a code of six digits.
//!
//! Promise: an address counts for nothing until its code came back; the answer is the same whether the address is known here or not,
//! since nothing asks; a code dies after 15 minutes, five wrong tries, or its use. The old address stays until the new one is proven.

mod address;
mod prove;
mod rows;

pub use address::Address;
pub use prove::Waiting;

pub(crate) use prove::begin;
pub(crate) use rows::sweep;
