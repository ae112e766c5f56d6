//! Rotation: by itself as a chore, and when an operator asks.
//!
//! Promise: of many nodes that rotate at once one wins. A change is planned on a version of the ring and applied by compare-and-set
//! on that version; whoever comes second plans again and finds nothing to do. No lease, so a node that dies half-way delays nobody.

use super::{PERIOD_SECS, RingKey, Step, due, rows, wished};
use base::{Clock, Entropy, Fault, Numbers, Time};
use db::{Sealer, Store, Tx};
use jose::SigningKey;
use std::collections::VecDeque;
use std::sync::Arc;

/// How many times a change is planned again because another node was faster.
const TRIES: u32 = 5;

static NUMBERS: Numbers = Numbers::new();

/// When the next key takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// After it has been published for a day.
    Announced,
    /// Now. Verifiers with a cached key set must fetch it again to check new tokens.
    AtOnce,
}

/// What rotation needs.
#[derive(Clone)]
pub struct Rotation {
    pub store: Store,
    pub sealer: Sealer,
    pub clock: Arc<dyn Clock>,
    pub entropy: Arc<dyn Entropy>,
    pub period_secs: i64,
}

impl Rotation {
    /// Rotation with the period we recommend.
    pub fn new(store: Store, sealer: Sealer, clock: Arc<dyn Clock>, entropy: Arc<dyn Entropy>) -> Rotation {
        Rotation { store, sealer, clock, entropy, period_secs: PERIOD_SECS }
    }

    /// Does what is due: first keys at a start, the next key a day ahead, the end of old ones. Tells how many changes that were.
    pub async fn rotate_due(&self) -> Result<usize, Fault> {
        let period_secs = self.period_secs;
        self.rotate(|keys, now| due(keys, now, period_secs)).await
    }

    /// For a start: comes back when every algorithm has a key that signs.
    pub async fn ensure(&self) -> Result<(), Fault> {
        self.rotate_due().await.map(drop)
    }

    /// Gives every algorithm its next key, as an operator asks. Tells how many changes that were.
    pub async fn rotate_now(&self, switch: Switch) -> Result<usize, Fault> {
        self.rotate(|keys, now| wished(keys, now, switch)).await
    }

    /// The ring as it is stored, oldest key first.
    pub async fn list(&self) -> Result<Vec<RingKey>, Fault> {
        self.store.read(rows::list).await
    }

    async fn rotate(&self, plan: impl Fn(&[RingKey], Time) -> Vec<Step>) -> Result<usize, Fault> {
        for _ in 0..TRIES {
            // The version first: a change in between then fails the comparison instead of slipping under it.
            let (version, keys) = self.store.read(|tx| Ok::<_, Fault>((rows::version(tx)?, rows::list(tx)?))).await?;
            let now = self.clock.now();
            let steps = plan(&keys, now);
            let changes = steps.len();
            if steps.is_empty() || self.change(version, steps, now).await? {
                return Ok(changes);
            }
        }
        Err(Fault::new("key ring change: other nodes kept changing it"))
    }

    /// Applies the steps. False when the ring is no longer at that version.
    async fn change(&self, version: i64, steps: Vec<Step>, now: Time) -> Result<bool, Fault> {
        let made = make_keys(&steps).await?;
        let (sealer, entropy) = (self.sealer.clone(), self.entropy.clone());
        self.store
            .write_again(move |tx| {
                if !rows::take_version(tx, version)? {
                    return Ok(false);
                }
                let mut made = made.clone();
                for step in &steps {
                    apply(tx, *step, &mut made, now, &sealer, &*entropy)?;
                }
                Ok::<_, Fault>(true)
            })
            .await
    }
}

/// The keys that the steps will publish, in their order, made side by side on threads that may block.
async fn make_keys(steps: &[Step]) -> Result<VecDeque<SigningKey>, Fault> {
    let alg = |step: &Step| if let Step::Publish { alg, .. } = step { Some(*alg) } else { None };
    let making: Vec<_> = steps
        .iter()
        .filter_map(alg)
        .map(|alg| tokio::task::spawn_blocking(move || SigningKey::generate(alg)))
        .collect();
    let mut made = VecDeque::new();
    for key in making {
        made.push_back(key.await.map_err(|_| Fault::new("signing key generate: the thread died"))??);
    }
    Ok(made)
}

fn apply(
    tx: &mut Tx<'_>,
    step: Step,
    made: &mut VecDeque<SigningKey>,
    now: Time,
    sealer: &Sealer,
    entropy: &dyn Entropy,
) -> Result<(), Fault> {
    match step {
        Step::Publish { signs_from, .. } => {
            let key = made.pop_front().ok_or_else(|| Fault::new("key ring change: a key was not made"))?;
            let id = NUMBERS.next(now, entropy)?;
            let sealed = sealer.seal(rows::place(&id.to_string()), key.pkcs8(), entropy)?;
            rows::insert(tx, &rows::NewKey { id, key: &key, sealed: &sealed, now, signs_from })
        }
        Step::Hasten { id, signs_from } => rows::hasten(tx, id, signs_from),
        Step::Retire { id, gone_after } => rows::retire(tx, id, now, gone_after),
        Step::Forget { id } => rows::forget(tx, id, now),
    }
}
