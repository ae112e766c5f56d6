//! The ring in memory: an immutable snapshot that requests read without a lock.
//!
//! Promise: signing and publishing cost no database; [`Keys::refresh`], called every second, brings another node's rotation in.

use super::{KeyState, RingKey, rows};
use arc_swap::ArcSwap;
use base::{Clock, Fault, Time};
use db::{Sealer, Store};
use jose::{Alg, KeySet, SigningKey};
use std::sync::Arc;

/// The keys of this server.
pub struct Keys {
    current: ArcSwap<KeyRing>,
    sealer: Sealer,
    clock: Arc<dyn Clock>,
}

/// One state of the ring.
struct KeyRing {
    version: i64,
    signers: Vec<(RingKey, SigningKey)>,
    key_set: Arc<KeySet>,
    jwks: Arc<str>,
}

impl Keys {
    /// Reads the ring. Call [`super::Rotation::rotate_due`] before, or it may be empty.
    pub async fn load(store: &Store, sealer: Sealer, clock: Arc<dyn Clock>) -> Result<Keys, Fault> {
        let ring = KeyRing::read(store, sealer.clone(), clock.now()).await?;
        Ok(Keys { current: ArcSwap::from_pointee(ring), sealer, clock })
    }

    /// The key that signs with this algorithm now: the one whose turn came last.
    pub fn signer(&self, alg: Alg) -> Result<SigningKey, Fault> {
        let (now, ring) = (self.clock.now(), self.current.load());
        let own = || ring.signers.iter().filter(|(key, _)| key.alg == alg);
        let begun = own().filter(|(key, _)| matches!(key.state(now), KeyState::Signing { .. }));
        let newest = begun.max_by_key(|(key, _)| (key.signs_from, key.id));
        // A clock a little behind that of the node which made the first keys must not stop this one.
        let next = || own().min_by_key(|(key, _)| (key.signs_from, key.id));
        let signer = newest.or_else(next).map(|(_, signer)| signer.clone());
        signer.ok_or_else(|| Fault::new(format!("key ring: no key signs {alg}")))
    }

    /// Every published key, for verifying our own tokens.
    pub fn key_set(&self) -> Arc<KeySet> {
        self.current.load().key_set.clone()
    }

    /// The document at `jwks_uri`.
    pub fn jwks(&self) -> Arc<str> {
        self.current.load().jwks.clone()
    }

    /// Reads the ring anew.
    pub async fn reload(&self, store: &Store) -> Result<(), Fault> {
        let ring = KeyRing::read(store, self.sealer.clone(), self.clock.now()).await?;
        self.current.store(Arc::new(ring));
        Ok(())
    }

    /// Reads the ring anew if another node, or a command, has changed it. True when it had.
    pub async fn refresh(&self, store: &Store) -> Result<bool, Fault> {
        let version = store.read(rows::version).await?;
        let is_new = version != self.current.load().version;
        if is_new {
            self.reload(store).await?;
        }
        Ok(is_new)
    }
}

impl KeyRing {
    async fn read(store: &Store, sealer: Sealer, now: Time) -> Result<KeyRing, Fault> {
        // The version first: a change in between is then read twice rather than missed.
        let (version, stored) =
            store.read(move |tx| Ok::<_, Fault>((rows::version(tx)?, rows::open(tx, &sealer)?))).await?;
        let is_published = |key: &RingKey| key.retired.is_none_or(|retired| retired.gone_after > now);
        let published = stored.iter().filter(|stored| is_published(&stored.key)).map(|stored| stored.public.clone());
        let key_set = KeySet::new(published);
        let jwks = key_set.jwks_json().into();
        let signers = stored.into_iter().filter_map(|stored| Some((stored.key, stored.private?))).collect();
        Ok(KeyRing { version, signers, key_set: Arc::new(key_set), jwks })
    }
}
