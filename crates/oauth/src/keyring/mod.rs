//! The key ring: which keys sign our tokens, which wait for their turn, which are only still published.
//!
//! Promise: a key is published for a day before its first signature and until the last token it signed has expired, so that no
//! verifier with a cached key set meets a token it cannot check. A retired key keeps its public half alone.

mod rekey;
pub mod rotate;
mod rows;
pub mod snapshot;

pub use rekey::rekey;
pub use rotate::{Rotation, Switch};
pub use snapshot::Keys;

use base::{Fault, Time};
use db::Row;
use jose::Alg;

/// How long a key is published before it signs. The key set's `max-age` must stay well below.
pub const LEAD_SECS: i64 = 86_400;
/// How long a key stays published after its last signature: the longest life of a token, and an hour for clocks and slow nodes.
pub const TAIL_SECS: i64 = jose::LONGEST_LIFE_SECS + 3_600;
/// How long a key signs before the next one takes over, unless the settings say otherwise.
pub const PERIOD_SECS: i64 = 90 * 86_400;

/// A key of the ring, without its private half.
#[derive(Debug, Clone)]
pub struct RingKey {
    pub id: i64,
    pub kid: String,
    pub alg: Alg,
    pub published_at: Time,
    pub signs_from: Time,
    pub retired: Option<Retired>,
}

/// When a key stopped signing, and until when it stays published.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retired {
    pub at: Time,
    pub gone_after: Time,
}

/// What a key does at a given moment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyState {
    /// Published, so that every cache learns it before it is used.
    Waiting { signs_from: Time },
    /// It may sign; of several, the one whose turn came last does.
    Signing { since: Time },
    /// It signs no more; what it signed still verifies.
    Retiring { gone_after: Time },
}

impl RingKey {
    /// What the key does now.
    pub fn state(&self, now: Time) -> KeyState {
        match self.retired {
            Some(retired) => KeyState::Retiring { gone_after: retired.gone_after },
            None if self.signs_from > now => KeyState::Waiting { signs_from: self.signs_from },
            None => KeyState::Signing { since: self.signs_from },
        }
    }

    fn read(row: &Row) -> Result<RingKey, Fault> {
        let alg = Alg::parse(&row.text("alg")?).ok_or_else(|| Fault::new("signing_keys read: unknown alg"))?;
        let retired = match (row.opt_time("retired_at")?, row.opt_time("gone_after")?) {
            (None, None) => None,
            (Some(at), Some(gone_after)) => Some(Retired { at, gone_after }),
            _ => return Err(Fault::new("signing_keys read: half retired")),
        };
        Ok(RingKey {
            id: row.int("id")?,
            kid: row.text("kid")?,
            alg,
            published_at: row.time("published_at")?,
            signs_from: row.time("signs_from")?,
            retired,
        })
    }
}

/// One change to the ring.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// Make a key and publish it.
    Publish { alg: Alg, signs_from: Time },
    /// Let a waiting key begin earlier.
    Hasten { id: i64, signs_from: Time },
    /// End a key's signing and wipe its private half.
    Retire { id: i64, gone_after: Time },
    /// Remove a key whose last token has expired.
    Forget { id: i64 },
}

/// The keys of one algorithm by what they do now.
struct Turn<'a> {
    signing: Option<&'a RingKey>,
    waiting: Option<&'a RingKey>,
    /// They signed before the present one and have not been retired yet.
    relieved: Vec<&'a RingKey>,
}

impl Turn<'_> {
    fn of(keys: &[RingKey], alg: Alg, now: Time) -> Turn<'_> {
        let own = || keys.iter().filter(move |key| key.alg == alg);
        let may_sign = || own().filter(move |key| matches!(key.state(now), KeyState::Signing { .. }));
        let signing = may_sign().max_by_key(|key| (key.signs_from, key.id));
        let waiting = own()
            .filter(|key| matches!(key.state(now), KeyState::Waiting { .. }))
            .min_by_key(|key| (key.signs_from, key.id));
        let relieved = may_sign().filter(|key| signing.is_some_and(|signing| signing.id != key.id)).collect();
        Turn { signing, waiting, relieved }
    }
}

/// What is due by itself. Idempotent: nothing is due right after it was done.
fn due(keys: &[RingKey], now: Time, period_secs: i64) -> Vec<Step> {
    let mut steps = Vec::new();
    for alg in Alg::ALL {
        let turn = Turn::of(keys, alg, now);
        match (turn.signing, turn.waiting) {
            // Nobody can have cached a key set that lacks this key and meet its tokens: it may sign at once.
            (None, None) => steps.push(Step::Publish { alg, signs_from: now }),
            (None, Some(next)) => steps.push(Step::Hasten { id: next.id, signs_from: now }),
            (Some(signing), None) => {
                let ends = signing.signs_from.plus_secs(period_secs);
                if now.plus_secs(LEAD_SECS) >= ends {
                    steps.push(Step::Publish { alg, signs_from: ends.max(now.plus_secs(LEAD_SECS)) });
                }
            }
            (Some(_), Some(_)) => {}
        }
        steps.extend(turn.relieved.iter().map(|key| retire(key, now)));
    }
    steps.extend(forgettable(keys, now));
    steps
}

/// What an operator's wish for new keys means now.
fn wished(keys: &[RingKey], now: Time, switch: Switch) -> Vec<Step> {
    let mut steps = Vec::new();
    for alg in Alg::ALL {
        let turn = Turn::of(keys, alg, now);
        let earliest = |published_at: Time| match switch {
            Switch::Announced => published_at.plus_secs(LEAD_SECS).max(now),
            Switch::AtOnce => now,
        };
        match turn.waiting {
            None => steps.push(Step::Publish { alg, signs_from: earliest(now) }),
            Some(next) if earliest(next.published_at) < next.signs_from => {
                steps.push(Step::Hasten { id: next.id, signs_from: earliest(next.published_at) });
            }
            Some(_) => {}
        }
        steps.extend(turn.relieved.iter().map(|key| retire(key, now)));
        if switch == Switch::AtOnce {
            steps.extend(turn.signing.map(|key| retire(key, now)));
        }
    }
    steps
}

fn retire(key: &RingKey, now: Time) -> Step {
    Step::Retire { id: key.id, gone_after: now.plus_secs(TAIL_SECS) }
}

fn forgettable(keys: &[RingKey], now: Time) -> impl Iterator<Item = Step> {
    keys.iter()
        .filter(move |key| key.retired.is_some_and(|retired| retired.gone_after <= now))
        .map(|key| Step::Forget { id: key.id })
}

#[cfg(test)]
mod tests {
    use super::*;

    const START: Time = Time::from_secs(1_800_000_000);

    fn key(id: i64, signs_from: Time) -> RingKey {
        let published_at = signs_from.plus_secs(-LEAD_SECS);
        RingKey { id, kid: id.to_string(), alg: Alg::Rs256, published_at, signs_from, retired: None }
    }

    /// What is due for RS256; the others are always missing here.
    fn due_for(keys: &[RingKey], now: Time) -> Vec<Step> {
        let of_others = |step: &Step| matches!(step, Step::Publish { alg, .. } if *alg != Alg::Rs256);
        due(keys, now, PERIOD_SECS).into_iter().filter(|step| !of_others(step)).collect()
    }

    #[test]
    fn an_empty_ring_gets_a_key_for_each_algorithm_that_signs_at_once() {
        let steps = due(&[], START, PERIOD_SECS);
        assert_eq!(steps, Alg::ALL.map(|alg| Step::Publish { alg, signs_from: START }));
    }

    #[test]
    fn the_next_key_is_published_a_day_before_its_turn() {
        let turn = START.plus_secs(PERIOD_SECS);
        assert_eq!(due_for(&[key(1, START)], turn.plus_secs(-LEAD_SECS - 1)), []);
        let published = [Step::Publish { alg: Alg::Rs256, signs_from: turn }];
        assert_eq!(due_for(&[key(1, START)], turn.plus_secs(-LEAD_SECS)), published);
        assert_eq!(due_for(&[key(1, START), key(2, turn)], turn.plus_secs(-1)), []);
    }

    #[test]
    fn a_late_chore_still_gives_every_cache_its_day() {
        let late = START.plus_secs(PERIOD_SECS * 2);
        let published = [Step::Publish { alg: Alg::Rs256, signs_from: late.plus_secs(LEAD_SECS) }];
        assert_eq!(due_for(&[key(1, START)], late), published);
    }

    #[test]
    fn when_its_turn_has_come_the_old_key_retires_for_as_long_as_its_tokens_live() {
        let turn = START.plus_secs(PERIOD_SECS);
        let now = turn.plus_secs(5);
        let gone_after = now.plus_secs(TAIL_SECS);
        assert_eq!(due_for(&[key(1, START), key(2, turn)], now), [Step::Retire { id: 1, gone_after }]);
        let retired = RingKey { retired: Some(Retired { at: now, gone_after }), ..key(1, START) };
        assert_eq!(due_for(&[retired.clone(), key(2, turn)], gone_after.plus_secs(-1)), []);
        assert_eq!(due_for(&[retired, key(2, turn)], gone_after), [Step::Forget { id: 1 }]);
    }

    #[test]
    fn a_ring_with_only_a_waiting_key_does_not_stand_idle() {
        let steps = due_for(&[key(1, START.plus_secs(60))], START);
        assert_eq!(steps, [Step::Hasten { id: 1, signs_from: START }]);
    }

    #[test]
    fn an_operator_gets_the_next_key_after_its_day_or_at_once() {
        let now = START.plus_secs(1000);
        let of_rsa = |steps: Vec<Step>| {
            steps
                .into_iter()
                .filter(|step| !matches!(step, Step::Publish { alg, .. } if *alg != Alg::Rs256))
                .collect::<Vec<_>>()
        };
        let announced = of_rsa(wished(&[key(1, START)], now, Switch::Announced));
        assert_eq!(announced, [Step::Publish { alg: Alg::Rs256, signs_from: now.plus_secs(LEAD_SECS) }]);
        let at_once = of_rsa(wished(&[key(1, START)], now, Switch::AtOnce));
        assert_eq!(
            at_once,
            [
                Step::Publish { alg: Alg::Rs256, signs_from: now },
                Step::Retire { id: 1, gone_after: now.plus_secs(TAIL_SECS) }
            ]
        );
    }

    #[test]
    fn a_key_that_waits_already_is_hastened_but_never_robbed_of_its_day() {
        let (now, far) = (START.plus_secs(1000), START.plus_secs(PERIOD_SECS));
        let next = RingKey { published_at: START, ..key(2, far) };
        let of_rsa = |switch| {
            wished(&[key(1, START), next.clone()], now, switch)
                .into_iter()
                .find(|step| matches!(step, Step::Hasten { .. }))
        };
        assert_eq!(of_rsa(Switch::Announced), Some(Step::Hasten { id: 2, signs_from: START.plus_secs(LEAD_SECS) }));
        assert_eq!(of_rsa(Switch::AtOnce), Some(Step::Hasten { id: 2, signs_from: now }));
    }
}
