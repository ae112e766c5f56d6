//! Accounts, their identities, passkeys, devices, sessions and recovery.
//!
//! Promise: what may be used once is used once, whoever races for it; an answer never tells whether an account or an address
//! exists, only whether a public handle is free; whatever matters is in the journal, in the transaction of what it tells.
//! It knows no HTTP: cookies, pages and mail servers are the caller's.

pub mod account;
pub mod acts;
pub mod approval;
pub mod device;
pub mod email;
pub mod identity;
pub mod limits;
pub mod link;
mod mail;
pub mod passkey;
pub mod recovery;
mod refusal;
pub mod restored;
pub mod session;
pub mod session_token;
mod settings;
mod sweep;
mod text;
mod visit;

pub use mail::{Mail, Mailer, Notice};
pub use refusal::{Code, Error, Refusal, Result, refuse};
pub use session::{Opened, Session};
pub use session_token::SessionToken;
pub use settings::{Registration, Settings};
pub use sweep::sweep;
pub use visit::{Flow, Visit};

use base::Seams;
use db::{Sealer, Store};
use passkey::ceremony::Ceremonies;
use std::sync::Arc;

/// The people of this server. Cheap to clone.
#[derive(Clone)]
pub struct People(Arc<Parts>);

struct Parts {
    store: Store,
    seams: Seams,
    sealer: Sealer,
    settings: Settings,
    ceremonies: Ceremonies,
}

impl People {
    /// Wires the people of an issuer. An issuer that passkeys cannot be bound to (an IP literal) is a fault.
    pub fn new(
        store: Store,
        seams: Seams,
        sealer: Sealer,
        settings: Settings,
    ) -> std::result::Result<People, base::Fault> {
        let ceremonies = Ceremonies::at(&settings.issuer, &settings.name)?;
        Ok(People(Arc::new(Parts { store, seams, sealer, settings, ceremonies })))
    }

    /// How this server is set up.
    pub fn settings(&self) -> &Settings {
        &self.0.settings
    }

    fn store(&self) -> &Store {
        &self.0.store
    }

    fn seams(&self) -> &Seams {
        &self.0.seams
    }

    fn sealer(&self) -> &Sealer {
        &self.0.sealer
    }
}
