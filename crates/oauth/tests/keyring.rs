//! The key ring over its years, on both engines.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a helper that fails fails its test

use base::{Clock as _, Entropy, Fault, ManualClock, Secret, SeededEntropy, Time};
use db::seal::Kms;
use db::testing::{Database, engines};
use db::{Sealer, args};
use jose::{Alg, Expect, Kind, verify};
use oauth::Keys;
use oauth::keyring::{KeyState, LEAD_SECS, PERIOD_SECS, Rotation, Switch, TAIL_SECS};
use std::sync::Arc;

const START: i64 = 1_800_000_000;
const DAY: i64 = 86_400;

struct Fixed(Secret);

impl Kms for Fixed {
    fn master_keys(&self) -> Result<Secret, Fault> {
        Ok(self.0.clone())
    }
}

/// A server's view of the ring, with a clock of its own.
struct Node {
    clock: Arc<ManualClock>,
    rotation: Rotation,
    keys: Keys,
}

impl Node {
    async fn start(database: &Database) -> Node {
        let sealer = Sealer::from_kms(&Fixed(Sealer::new_key_text(&SeededEntropy::new(1)).unwrap())).unwrap();
        let clock = Arc::new(ManualClock::at(Time::from_secs(START)));
        let entropy: Arc<dyn Entropy> = Arc::new(base::SystemEntropy);
        let rotation = Rotation::new(database.store.clone(), sealer.clone(), clock.clone(), entropy);
        rotation.ensure().await.unwrap();
        let keys = Keys::load(&database.store, sealer, clock.clone()).await.unwrap();
        Node { clock, rotation, keys }
    }

    async fn passes(&self, secs: i64) {
        self.clock.advance_secs(secs);
        self.rotation.rotate_due().await.unwrap();
        self.keys.refresh(&self.rotation.store).await.unwrap();
    }

    fn signing(&self, alg: Alg) -> String {
        self.keys.signer(alg).unwrap().kid().to_owned()
    }

    fn published(&self) -> usize {
        self.keys.key_set().iter().count()
    }

    fn signs(&self, life_secs: i64) -> String {
        let (iat, exp) = (self.clock.now().secs(), self.clock.now().secs() + life_secs);
        let claims = format!(r#"{{"iss":"https://id.test","aud":"app","iat":{iat},"exp":{exp}}}"#);
        self.keys.signer(Alg::Rs256).unwrap().sign(Kind::AccessToken, claims.as_bytes()).unwrap()
    }

    fn verifies(&self, token: &str) -> bool {
        let expect = Expect {
            kind: Kind::AccessToken,
            issuer: "https://id.test",
            audience: Some("app"),
            now: self.clock.now(),
            allow_expired: false,
        };
        verify(&self.keys.key_set(), token, &expect).is_ok()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_first_start_makes_a_key_for_each_algorithm_and_a_second_start_finds_them() {
    for database in engines().await {
        let first = Node::start(&database).await;
        let second = Node::start(&database).await;
        for alg in Alg::ALL {
            assert_eq!(first.signing(alg), second.signing(alg), "{}", database.name);
        }
        assert_eq!(first.published(), 3);
        assert!(second.verifies(&first.signs(60)));
        assert_eq!(first.rotation.rotate_due().await.unwrap(), 0);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_whose_clock_is_behind_signs_with_the_first_keys_too() {
    for database in engines().await {
        let first = Node::start(&database).await;
        let behind = Node::start(&database).await;
        behind.clock.advance_secs(-5);
        assert_eq!(behind.signing(Alg::EdDsa), first.signing(Alg::EdDsa));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_083_a_key_is_published_before_it_signs_and_until_its_last_token_has_expired() {
    for database in engines().await {
        let node = Node::start(&database).await;
        let old = node.signing(Alg::Rs256);

        node.passes(PERIOD_SECS - LEAD_SECS - 1).await;
        assert_eq!(node.published(), 3, "nothing is due yet");
        node.passes(1).await;
        assert_eq!(node.published(), 6, "the next keys are out");
        assert_eq!(node.signing(Alg::Rs256), old);
        assert!(node.keys.jwks().contains(&old));

        node.passes(LEAD_SECS - 1).await;
        assert_eq!(node.signing(Alg::Rs256), old, "their day is not over");
        let last = node.signs(jose::LONGEST_LIFE_SECS);

        // The switch itself waits for no chore.
        node.clock.advance_secs(1);
        let new = node.signing(Alg::Rs256);
        assert_ne!(new, old);

        node.passes(0).await;
        assert_eq!(node.published(), 6);
        node.passes(jose::LONGEST_LIFE_SECS - 2).await;
        assert!(node.verifies(&last), "the old key serves its last token to the end");
        node.passes(TAIL_SECS).await;
        assert_eq!(node.published(), 3);
        assert!(!node.keys.jwks().contains(&old));
        assert_eq!(node.signing(Alg::Rs256), new);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn the_ring_keeps_turning_for_years() {
    for database in engines().await {
        let node = Node::start(&database).await;
        let mut seen = vec![node.signing(Alg::EdDsa)];
        for _ in 0..(2 * 365 / 5) {
            let token = node.signs(jose::LONGEST_LIFE_SECS);
            node.passes(DAY - 1).await;
            assert!(node.verifies(&token));
            node.passes(4 * DAY + 1).await;
            assert!(node.published() <= 6);
            let signing = node.signing(Alg::EdDsa);
            if !seen.contains(&signing) {
                seen.push(signing);
            }
        }
        assert_eq!(seen.len(), 9, "every ninety days a new key");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn an_operator_rotates_with_notice_or_at_once() {
    for database in engines().await {
        let node = Node::start(&database).await;
        let first = node.signing(Alg::Es256);

        node.rotation.rotate_now(Switch::Announced).await.unwrap();
        assert!(node.keys.refresh(&database.store).await.unwrap());
        assert_eq!((node.signing(Alg::Es256), node.published()), (first.clone(), 6));
        assert_eq!(node.rotation.rotate_now(Switch::Announced).await.unwrap(), 0, "the next ones wait already");

        let token = node.signs(600);
        node.rotation.rotate_now(Switch::AtOnce).await.unwrap();
        assert!(node.keys.refresh(&database.store).await.unwrap());
        assert_ne!(node.signing(Alg::Es256), first);
        assert_eq!(node.published(), 6, "those that waited have begun, the old ones are still published");
        assert!(node.verifies(&token));
        let states = node.rotation.list().await.unwrap();
        let retiring =
            states.iter().filter(|key| matches!(key.state(node.clock.now()), KeyState::Retiring { .. })).count();
        assert_eq!(retiring, 3);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_nodes_that_start_together_one_makes_the_keys() {
    for database in engines().await {
        let database = Arc::new(database);
        let starts: Vec<_> = (0..8)
            .map(|_| {
                tokio::spawn({
                    let database = database.clone();
                    async move { Node::start(&database).await }
                })
            })
            .collect();
        let mut kids = Vec::new();
        for start in starts {
            let node = start.await.unwrap();
            assert_eq!(node.published(), 3, "{}", database.name);
            kids.push(Alg::ALL.map(|alg| node.signing(alg)));
        }
        kids.dedup();
        assert_eq!(kids.len(), 1);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn of_many_nodes_that_rotate_together_one_publishes_the_next_keys() {
    for database in engines().await {
        let node = Arc::new(Node::start(&database).await);
        node.clock.advance_secs(PERIOD_SECS - LEAD_SECS);
        let chores: Vec<_> = (0..8)
            .map(|_| {
                let node = node.clone();
                tokio::spawn(async move { node.rotation.rotate_due().await.unwrap() })
            })
            .collect();
        let mut changes = 0;
        for chore in chores {
            changes += chore.await.unwrap();
        }
        assert_eq!(changes, 3, "{}: one of them did it", database.name);
        node.keys.refresh(&database.store).await.unwrap();
        assert_eq!(node.published(), 6);
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn private_keys_are_sealed_in_their_rows_and_wiped_when_retired() {
    for database in engines().await {
        let node = Node::start(&database).await;
        let pkcs8 = node.keys.signer(Alg::EdDsa).unwrap().pkcs8().to_vec();
        let seed = pkcs8[16..48].to_vec();
        let sealed = stored(&database).await;
        assert_eq!(sealed.len(), 3);
        assert!(sealed.iter().all(|sealed| !sealed.windows(32).any(|window| window == seed)));

        // A row moved under another name opens no more.
        let swap = "UPDATE signing_keys SET sealed_pkcs8 = $1 WHERE alg = 'EdDSA'";
        let other = sealed.iter().find(|sealed| sealed.len() > 1000).unwrap().clone();
        database.store.write(move |tx| tx.run(swap, args![other])).await.unwrap();
        assert!(node.keys.reload(&database.store).await.is_err());

        node.rotation.rotate_now(Switch::AtOnce).await.unwrap();
        node.keys.reload(&database.store).await.unwrap();
        assert_eq!(stored(&database).await.len(), 3, "only the new keys can sign");
        assert_eq!(node.published(), 6);
    }
}

async fn stored(database: &Database) -> Vec<Vec<u8>> {
    let sql = "SELECT sealed_pkcs8 FROM signing_keys WHERE sealed_pkcs8 IS NOT NULL";
    let rows = database.store.read(|tx| tx.all(sql, args![])).await.unwrap();
    rows.iter().map(|row| row.bytes("sealed_pkcs8").unwrap()).collect()
}
