//! Rotation: by itself as a chore, and when an operator asks.
//!
//! Promise: of many nodes one rotates (a lease with a fence), and keys are made outside the transaction, on a thread that may block.

use super::{PERIOD_SECS, RingKey, Step, due, rows, wished};
use base::{Clock, Entropy, Fault, Numbers, Time, Uuid};
use db::{Sealer, Store, Tx, lease};
use jose::SigningKey;
use std::collections::VecDeque;
use std::sync::Arc;
use std::time::Duration;

const LEASE: &str = "signing_keys";
/// Longer than three keys take to make on a slow machine.
const LEASE_SECS: i64 = 120;
/// How often and how many times a starting node asks whether another has made the first keys.
const PATIENCE: (Duration, u32) = (Duration::from_millis(50), 400);

/// When the next key takes over.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Switch {
    /// After it has been published for a day.
    Announced,
    /// Now. Verifiers with a cached key set must fetch it again to check new tokens.
    AtOnce,
}

/// What a rotation did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Rotated {
    /// This node did it, in so many changes; none were due when zero.
    Here { changes: usize },
    /// Another node is at it.
    Elsewhere,
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

    /// Does what is due: first keys, the next key a day ahead, the end of old ones. A chore calls it every minute or so.
    pub async fn rotate_due(&self) -> Result<Rotated, Fault> {
        let period_secs = self.period_secs;
        self.rotate(move |keys, now| due(keys, now, period_secs)).await
    }

    /// Gives every algorithm its next key, as an operator asks.
    pub async fn rotate_now(&self, switch: Switch) -> Result<Rotated, Fault> {
        self.rotate(move |keys, now| wished(keys, now, switch)).await
    }

    /// As [`Rotation::rotate_due`], for a start: comes back only when the ring has keys, whoever made them.
    pub async fn ensure(&self) -> Result<(), Fault> {
        let (pause, tries) = PATIENCE;
        for _ in 0..tries {
            if matches!(self.rotate_due().await?, Rotated::Here { .. }) || !self.list().await?.is_empty() {
                return Ok(());
            }
            tokio::time::sleep(pause).await;
        }
        Err(Fault::new("key ring start: another node holds the lease and makes no keys"))
    }

    /// The ring as it is stored, oldest key first.
    pub async fn list(&self) -> Result<Vec<RingKey>, Fault> {
        self.store.read(rows::list).await
    }

    async fn rotate(&self, plan: impl Fn(&[RingKey], Time) -> Vec<Step>) -> Result<Rotated, Fault> {
        let now = self.clock.now();
        // Most of the time nothing is due, and reading costs no lease.
        if plan(&self.list().await?, now).is_empty() {
            return Ok(Rotated::Here { changes: 0 });
        }
        let holder = Uuid::random(&*self.entropy)?;
        let Some(fence) = self.take_lease(&holder, now).await? else { return Ok(Rotated::Elsewhere) };
        let done = self.rotate_alone(plan, now, &holder, fence).await;
        self.store.write(move |tx| lease::release(tx, LEASE, holder.as_str())).await?;
        done
    }

    async fn take_lease(&self, holder: &Uuid, now: Time) -> Result<Option<i64>, Fault> {
        let holder = holder.clone();
        self.store.write_again(move |tx| renew(tx, &holder, now)).await
    }

    async fn rotate_alone(
        &self,
        plan: impl Fn(&[RingKey], Time) -> Vec<Step>,
        now: Time,
        holder: &Uuid,
        fence: i64,
    ) -> Result<Rotated, Fault> {
        // Planned again under the lease: whoever held it before may have done it all.
        let steps = plan(&self.list().await?, now);
        let made = make_keys(&steps).await?;
        let (sealer, entropy, holder, changes) =
            (self.sealer.clone(), self.entropy.clone(), holder.clone(), steps.len());
        let is_done = self
            .store
            .write_again(move |tx| {
                if renew(tx, &holder, now)? != Some(fence) {
                    return Ok(false);
                }
                let mut made = made.clone();
                for step in &steps {
                    apply(tx, *step, &mut made, now, &sealer, &*entropy)?;
                }
                if !steps.is_empty() {
                    rows::raise_version(tx)?;
                }
                Ok::<_, Fault>(true)
            })
            .await?;
        Ok(if is_done { Rotated::Here { changes } } else { Rotated::Elsewhere })
    }
}

fn renew(tx: &mut Tx<'_>, holder: &Uuid, now: Time) -> Result<Option<i64>, Fault> {
    lease::take(tx, LEASE, holder.as_str(), now.plus_secs(LEASE_SECS), now)
}

/// The keys that the steps will publish, in their order.
async fn make_keys(steps: &[Step]) -> Result<VecDeque<SigningKey>, Fault> {
    let algs: Vec<_> =
        steps.iter().filter_map(|step| if let Step::Publish { alg, .. } = step { Some(*alg) } else { None }).collect();
    let making: Vec<_> =
        algs.into_iter().map(|alg| tokio::task::spawn_blocking(move || SigningKey::generate(alg))).collect();
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

static NUMBERS: Numbers = Numbers::new();
