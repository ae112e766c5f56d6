//! Outside accounts: which services there are, how a person links an account, how its credential is kept, and how apps and agents
//! call in the person's name (seed 004, `product.md` 4).
//!
//! A service is described by data (`providers/*.toml`), never by a script; what data cannot say is a named [`provider::Quirk`].

pub mod acts;
pub mod agent;
pub mod approval;
pub mod by;
mod caller;
pub mod catalogue;
pub mod connection;
pub mod grants;
mod hand_out;
pub mod key;
pub mod link;
pub mod policy;
pub mod provider;
pub mod proxy;
mod refresh;
mod refusal;
mod rekey;
pub mod restored;
pub mod secret;
pub mod session;
mod settings;
pub mod sign_in;
mod span;
pub mod subject;
mod sweep;
pub mod webhook;

pub use by::By;
pub use caller::{Acting, Caller, KeyKind, Subject};
pub use hand_out::{HandOutAsk, HandedOut};
pub use refresh::Fresh;
pub use refusal::{Code, Error, Refusal, Result, refuse};
pub use rekey::rekey;
pub use settings::Settings;
pub use sweep::forget_app;

use base::{Fault, Seams};
use db::{Sealer, Store};
use net::Egress;
use std::ops::Deref;
use std::sync::Arc;

/// The vault. Cheap to clone.
#[derive(Clone)]
pub struct Vault(Arc<Parts>);

/// What the vault is made of.
pub struct Parts {
    pub settings: Settings,
    pub(crate) store: Store,
    pub(crate) seams: Seams,
    pub(crate) sealer: Sealer,
    /// For every service but the fake one.
    pub(crate) egress: Egress,
    /// For the fake provider alone: its address, and no other of this machine.
    pub(crate) fake_egress: Option<Egress>,
    pub(crate) catalogue: catalogue::Catalogue,
    /// What calls share.
    pub(crate) shared: proxy::Shared,
}

impl Deref for Vault {
    type Target = Parts;

    fn deref(&self) -> &Parts {
        &self.0
    }
}

impl Vault {
    /// Wires the vault on a migrated database.
    pub fn open(
        store: Store,
        seams: Seams,
        sealer: Sealer,
        egress: Egress,
        settings: Settings,
    ) -> std::result::Result<Vault, Fault> {
        let fake = settings.fake_provider.as_deref().and_then(|origin| origin.split_once("://"));
        let fake_egress = fake.and_then(|(_, host)| net::Allowed::parse(host)).map(|host| Egress::new(vec![host]));
        let fake_egress = fake_egress.transpose()?;
        let catalogue = catalogue::Catalogue::new(catalogue::fakes(&settings, &seams)?);
        Ok(Vault(Arc::new(Parts {
            settings,
            store,
            seams,
            sealer,
            egress,
            fake_egress,
            catalogue,
            shared: proxy::Shared::default(),
        })))
    }
}
