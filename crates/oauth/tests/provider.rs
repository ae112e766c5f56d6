//! The provider on both engines: what a code and a refresh token buy, once, and how it all ends.

#![allow(clippy::unwrap_used, clippy::panic, clippy::indexing_slicing)] // a helper that fails fails its test

use base::{
    AccountId, Fault, GrantId, IdentityId, ManualClock, RedirectUri, Scope, Seams, Secret, SeededEntropy, Time,
};
use db::seal::Kms;
use db::testing::{Database, engines};
use db::{Sealer, Store, Tx};
use ledger::{EndedBy, Kind, NewGrant, grant, journal};
use oauth::app::{self, App, AppKind, Change, NewApp, Wish};
use oauth::ask::{Asked, check};
use oauth::grants::{CodeAsk, RefreshAsk, TokenAsk};
use oauth::interaction::Step;
use oauth::organization::{self, Actor};
use oauth::refusal::{Code, Error};
use oauth::token::Tokens;
use oauth::{ClaimSource, OAuth, Person, Persona, Settings, Signer};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

const START: Time = Time::from_secs(1_800_000_000);
const CALLBACK: &str = "https://notes.test/cb";
const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

struct Ada {
    is_disabled: Arc<AtomicBool>,
}

impl ClaimSource for Ada {
    fn person(&self, _: &mut Tx<'_>, identity: &IdentityId) -> Result<Option<Person>, Fault> {
        let person = Person {
            account: AccountId::from_text("acc_ada"),
            identity: identity.clone(),
            display_name: "Ada".into(),
            handle: "ada".into(),
            picture: None,
            email: Some("ada@moreau.test".into()),
            is_primary: true,
        };
        Ok((!self.is_disabled.load(Ordering::SeqCst)).then_some(person))
    }
}

struct FixedKey;

impl Kms for FixedKey {
    fn master_keys(&self) -> Result<Secret, Fault> {
        Sealer::new_key_text(&SeededEntropy::new(3))
    }
}

struct World {
    oauth: OAuth,
    store: Store,
    clock: Arc<ManualClock>,
    signer: Signer,
    notes: Arc<App>,
    iris: Arc<App>,
    is_disabled: Arc<AtomicBool>,
    name: &'static str,
    _database: Database,
}

impl World {
    async fn on(database: Database, replay_secs: i64) -> World {
        let clock = Arc::new(ManualClock::at(START));
        let seams = Seams::new(clock.clone(), Arc::new(SeededEntropy::new(1)));
        let store = database.store.clone();
        let is_disabled = Arc::new(AtomicBool::new(false));
        let settings = Settings {
            issuer: "https://id.test".into(),
            code_secs: 60,
            access_secs: 3600,
            refresh_idle_secs: 30 * 86_400,
            refresh_absolute_secs: 365 * 86_400,
            refresh_replay_secs: replay_secs,
        };
        let sealer = Sealer::from_kms(&FixedKey).unwrap();
        let ada = Arc::new(Ada { is_disabled: is_disabled.clone() });
        let oauth = OAuth::open(store.clone(), seams.clone(), sealer, settings, ada).await.unwrap();
        let (notes, iris) = (make_app(&store, &seams, "Notes").await, make_app(&store, &seams, "Iris").await);
        let signer = sign_in(&store, &seams).await;
        World { oauth, store, clock, signer, notes, iris, is_disabled, name: database.name, _database: database }
    }

    async fn both() -> [World; 2] {
        World::both_with(0).await
    }

    async fn both_with(replay_secs: i64) -> [World; 2] {
        let [sqlite, postgres] = engines().await;
        [World::on(sqlite, replay_secs).await, World::on(postgres, replay_secs).await]
    }

    fn pairs(&self, scope: &str) -> Vec<(String, String)> {
        let pairs = [
            ("client_id", self.notes.client_id()),
            ("redirect_uri", CALLBACK),
            ("scope", scope),
            ("state", "s"),
            ("nonce", "n0"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        pairs.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect()
    }

    /// Ada is asked and allows it.
    async fn code(&self, scope: &str) -> Secret {
        let flow = self.oauth.keep_request(self.pairs(scope)).await.unwrap();
        let interaction = self.oauth.find_request(flow.reveal()).await.unwrap().unwrap();
        let proposal = check(&self.oauth, &interaction.asked).await.unwrap();
        let identity = self.signer.identities[0].id.clone();
        let answer = self
            .oauth
            .approve(&interaction, &proposal, &self.signer, identity.as_str(), None, None)
            .await
            .unwrap()
            .unwrap();
        Secret::new(answer.fields.iter().find(|(name, _)| *name == "code").unwrap().1.clone())
    }

    fn ask(code: &Secret) -> TokenAsk {
        TokenAsk::AuthorizationCode(CodeAsk {
            code: code.clone(),
            redirect: RedirectUri::sent(CALLBACK),
            verifier: Some(Secret::new(VERIFIER)),
            resource: None,
        })
    }

    async fn redeems(&self, code: &Secret) -> Result<Tokens, Error> {
        self.oauth.exchange(&self.notes, World::ask(code)).await
    }

    async fn tokens(&self, scope: &str) -> Tokens {
        self.redeems(&self.code(scope).await).await.unwrap()
    }

    async fn refreshes(&self, app: &Arc<App>, token: &Secret, scope: Option<&str>) -> Result<Tokens, Error> {
        let ask = RefreshAsk { refresh_token: token.clone(), scope: scope.map(str::to_owned), resource: None };
        self.oauth.exchange(app, TokenAsk::RefreshToken(ask)).await
    }

    async fn is_active(&self, token: &Secret) -> bool {
        self.oauth.introspect(&self.notes, token).await.unwrap().active
    }

    async fn acts(&self) -> Vec<String> {
        let id = self.notes.id.clone();
        let told = self.store.read(move |tx| journal::list_of_app(tx, &id, i64::MAX, 100)).await;
        told.map_err(|fault: Fault| fault).unwrap().into_iter().map(|told| told.act).collect()
    }
}

async fn make_app(store: &Store, seams: &Seams, name: &str) -> Arc<App> {
    let (seams, name) = (seams.clone(), name.to_owned());
    let made = store
        .write(move |tx| {
            let key = name.to_lowercase();
            let acme = organization::create(tx, &seams, &Actor::Operator, Some(key.clone()), &name)?;
            let new =
                NewApp { organization: acme.id, kind: AppKind::Confidential, key: None, client_id: None, secret: None };
            let wish = Wish {
                name: Some(name.clone()),
                redirect_uris: Some(vec![format!("https://{key}.test/cb")]),
                website: Change::Set(format!("https://{key}.test/")),
                alg: Some("EdDSA".into()),
                ..Wish::default()
            };
            app::create(tx, &seams, &Actor::Operator, new, wish)
        })
        .await;
    Arc::new(made.unwrap().app)
}

async fn sign_in(store: &Store, seams: &Seams) -> Signer {
    let session =
        NewGrant { account: Some(AccountId::from_text("acc_ada")), ..NewGrant::of(Kind::Session, seams).unwrap() };
    let (id, now) = (session.id.clone(), seams.now());
    store.write(move |tx| grant::open(tx, &session, now)).await.unwrap();
    let identity = IdentityId::new(seams.entropy()).unwrap();
    Signer {
        account: AccountId::from_text("acc_ada"),
        session: id,
        auth_time: now,
        amr: "pop user".into(),
        acr: "phr".into(),
        identities: vec![Persona { id: identity, handle: "ada".into(), has_verified_email: true }],
    }
}

#[track_caller]
fn refused(outcome: Result<Tokens, Error>) -> (Code, &'static str) {
    match outcome {
        Err(Error::Refused(refusal)) => (refusal.code, refusal.description),
        other => panic!("{other:?}"),
    }
}

const ALL: &str = "openid profile email offline_access";

#[tokio::test]
async fn a_code_buys_every_token_its_scope_names_and_no_other() {
    for world in World::both().await {
        let all = world.tokens(ALL).await;
        assert!(all.id_token.is_some() && all.refresh_token.is_some());
        assert_eq!(all.scope, Scope::parse(ALL).unwrap());
        let few = world.tokens("profile").await;
        assert!(few.id_token.is_none() && few.refresh_token.is_none());
        assert!(world.is_active(&all.access_token).await && world.is_active(&all.access_token_jwt).await);
        let me = world.oauth.userinfo(&all.access_token).await.unwrap();
        assert_eq!((me.name.as_deref(), me.email_verified), (Some("Ada"), Some(true)));
    }
}

#[tokio::test]
async fn threat_029_a_replayed_code_ends_the_tokens_it_bought() {
    for world in World::both().await {
        let code = world.code(ALL).await;
        let tokens = world.redeems(&code).await.unwrap();
        let (error, sentence) = refused(world.redeems(&code).await);
        assert_eq!((error, sentence), (Code::InvalidGrant, "the code was already used; its tokens have been ended"));
        assert!(!world.is_active(&tokens.access_token).await && !world.is_active(&tokens.access_token_jwt).await);
        assert!(world.refreshes(&world.notes, &tokens.refresh_token.unwrap(), None).await.is_err());
        assert!(world.acts().await.contains(&"code.replayed".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_030_a_hundred_parallel_redemptions_have_one_winner() {
    for world in World::both().await {
        let code = world.code(ALL).await;
        let tries = (0..100).map(|_| {
            let (oauth, notes, ask) = (world.oauth.clone(), world.notes.clone(), World::ask(&code));
            tokio::spawn(async move { oauth.exchange(&notes, ask).await.is_ok() })
        });
        let mut winners = 0;
        for outcome in tries.collect::<Vec<_>>() {
            winners += usize::from(outcome.await.unwrap());
        }
        assert_eq!(winners, 1, "{}", world.name);
    }
}

#[tokio::test]
async fn threat_031_a_code_is_bound_to_its_app_and_redirect_uri() {
    for world in World::both().await {
        let code = world.code("openid").await;
        assert_eq!(refused(world.oauth.exchange(&world.iris, World::ask(&code)).await).0, Code::InvalidGrant);
        let elsewhere = CodeAsk {
            code: code.clone(),
            redirect: RedirectUri::sent("https://notes.test/cb/"),
            verifier: Some(Secret::new(VERIFIER)),
            resource: None,
        };
        assert_eq!(
            refused(world.oauth.exchange(&world.notes, TokenAsk::AuthorizationCode(elsewhere)).await).0,
            Code::InvalidGrant
        );
        // Neither try has cost its owner the code.
        assert!(world.redeems(&code).await.is_ok());
    }
}

#[tokio::test]
async fn threat_033_one_wrong_verifier_burns_the_code() {
    for world in World::both().await {
        let code = world.code("openid").await;
        let guess = CodeAsk {
            code: code.clone(),
            redirect: RedirectUri::sent(CALLBACK),
            verifier: Some(Secret::new("x".repeat(43))),
            resource: None,
        };
        assert_eq!(
            refused(world.oauth.exchange(&world.notes, TokenAsk::AuthorizationCode(guess)).await).0,
            Code::InvalidGrant
        );
        assert_eq!(refused(world.redeems(&code).await).0, Code::InvalidGrant);
    }
}

#[tokio::test]
async fn threat_034_a_late_code_is_worth_nothing() {
    for world in World::both().await {
        let code = world.code("openid").await;
        world.clock.advance_secs(60);
        assert_eq!(refused(world.redeems(&code).await).0, Code::InvalidGrant);
    }
}

#[tokio::test]
async fn threat_086_a_refresh_token_used_again_ends_its_family() {
    for world in World::both().await {
        let first = world.tokens(ALL).await;
        let old = first.refresh_token.clone().unwrap();
        let next = world.refreshes(&world.notes, &old, None).await.unwrap();
        let (error, sentence) = refused(world.refreshes(&world.notes, &old, None).await);
        assert_eq!(error, Code::InvalidGrant);
        assert!(sentence.starts_with("Invalid refresh token"));
        assert!(!world.is_active(&next.access_token).await && !world.is_active(&first.access_token).await);
        assert!(world.refreshes(&world.notes, &next.refresh_token.unwrap(), None).await.is_err());
        assert!(world.acts().await.contains(&"refresh_token.reused".to_owned()));
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn threat_087_overlapping_refreshes_share_one_successor() {
    for world in World::both().await {
        let token = world.tokens(ALL).await.refresh_token.unwrap();
        let asks = (0..20).map(|_| world.refreshes(&world.notes, &token, None));
        let mut successors: Vec<String> = Vec::new();
        for outcome in futures_all(asks).await {
            successors.push(outcome.unwrap().refresh_token.unwrap().reveal().to_owned());
        }
        successors.dedup();
        assert_eq!(successors.len(), 1, "{}", world.name);
        assert!(world.refreshes(&world.notes, &Secret::new(successors[0].clone()), None).await.is_ok());
    }
}

/// Polls all at once, as one task would that holds them all.
async fn futures_all<F: Future>(futures: impl Iterator<Item = F>) -> Vec<F::Output> {
    let mut futures: Vec<_> = futures.map(|future| (Box::pin(future), None)).collect();
    std::future::poll_fn(move |context| {
        let mut is_waiting = false;
        for (future, output) in &mut futures {
            if output.is_none() {
                match future.as_mut().poll(context) {
                    std::task::Poll::Ready(ready) => *output = Some(ready),
                    std::task::Poll::Pending => is_waiting = true,
                }
            }
        }
        if is_waiting {
            return std::task::Poll::Pending;
        }
        std::task::Poll::Ready(futures.iter_mut().filter_map(|(_, output)| output.take()).collect())
    })
    .await
}

#[tokio::test]
async fn threat_088_a_lost_answer_comes_again_inside_an_opted_in_window() {
    for world in World::both_with(10).await {
        let token = world.tokens(ALL).await.refresh_token.unwrap();
        let answer = world.refreshes(&world.notes, &token, None).await.unwrap();
        world.clock.advance_secs(9);
        let again = world.refreshes(&world.notes, &token, None).await.unwrap();
        assert_eq!(answer.refresh_token.as_ref().unwrap().reveal(), again.refresh_token.as_ref().unwrap().reveal());
        assert_eq!(answer.access_token.reveal(), again.access_token.reveal());
        world.clock.advance_secs(2);
        assert_eq!(refused(world.refreshes(&world.notes, &token, None).await).0, Code::InvalidGrant);
        assert!(!world.is_active(&again.access_token).await);
    }
}

#[tokio::test]
async fn threat_089_the_window_is_for_the_same_client_and_scope_alone() {
    for world in World::both_with(10).await {
        let token = world.tokens(ALL).await.refresh_token.unwrap();
        let answer = world.refreshes(&world.notes, &token, None).await.unwrap();
        assert_eq!(refused(world.refreshes(&world.iris, &token, None).await).0, Code::InvalidGrant);
        assert!(world.is_active(&answer.access_token).await, "another client's try changes nothing");
        assert_eq!(refused(world.refreshes(&world.notes, &token, Some("openid")).await).0, Code::InvalidGrant);
        assert!(!world.is_active(&answer.access_token).await);
    }
}

#[tokio::test]
async fn threat_090_refreshing_never_widens() {
    for world in World::both().await {
        let token = world.tokens("openid offline_access").await.refresh_token.unwrap();
        for wider in ["openid email offline_access", "openid calendar.read", "", "\u{1}"] {
            let outcome = world.refreshes(&world.notes, &token, Some(wider)).await;
            assert_eq!(refused(outcome).0, Code::InvalidScope, "{wider:?}");
        }
        assert!(world.refreshes(&world.notes, &token, None).await.is_ok(), "a refused try has not used the token");
    }
}

#[tokio::test]
async fn threat_091_narrowing_holds_for_one_access_token_alone() {
    for world in World::both().await {
        let token = world.tokens(ALL).await.refresh_token.unwrap();
        let narrow = world.refreshes(&world.notes, &token, Some("openid")).await.unwrap();
        assert_eq!(narrow.scope, Scope::of(["openid"]));
        assert!(world.oauth.userinfo(&narrow.access_token).await.unwrap().email.is_none());
        let whole = world.refreshes(&world.notes, &narrow.refresh_token.unwrap(), None).await.unwrap();
        assert_eq!(whole.scope, Scope::parse(ALL).unwrap());
    }
}

#[tokio::test]
async fn threat_092_a_token_of_an_ended_sign_in_says_nothing_new() {
    for world in World::both().await {
        let (ended, other) = (world.tokens(ALL).await, world.tokens(ALL).await);
        let token = ended.refresh_token.unwrap();
        world.refreshes(&world.notes, &token, None).await.unwrap();
        world.oauth.revoke(&world.notes, &token).await.unwrap();
        assert_eq!(refused(world.refreshes(&world.notes, &token, None).await).0, Code::InvalidGrant);
        assert!(world.is_active(&other.access_token).await);
        assert!(!world.acts().await.contains(&"refresh_token.reused".to_owned()));
    }
}

#[tokio::test]
async fn threat_093_theft_on_one_device_leaves_the_others_signed_in() {
    for world in World::both().await {
        let (phone, laptop) = (world.tokens(ALL).await, world.tokens(ALL).await);
        let stolen = phone.refresh_token.unwrap();
        world.refreshes(&world.notes, &stolen, None).await.unwrap();
        assert!(world.refreshes(&world.notes, &stolen, None).await.is_err());
        assert!(world.is_active(&laptop.access_token).await);
        assert!(world.refreshes(&world.notes, &laptop.refresh_token.unwrap(), None).await.is_ok());
    }
}

#[tokio::test]
async fn threat_094_nothing_is_refreshed_once_person_consent_or_client_are_gone() {
    for world in World::both().await {
        let token = world.tokens(ALL).await.refresh_token.unwrap();
        world.is_disabled.store(true, Ordering::SeqCst);
        assert_eq!(refused(world.refreshes(&world.notes, &token, None).await).0, Code::InvalidGrant);
        world.is_disabled.store(false, Ordering::SeqCst);

        let (identity, app, now) = (world.signer.identities[0].id.clone(), world.notes.id.clone(), START);
        let ended = world.store.write(move |tx| {
            let grant = grant::find_live(tx, Kind::SignIn, &identity, &app, "")?.unwrap();
            grant::end(tx, &grant.id, EndedBy::Person, now)
        });
        assert_eq!(ended.await.map_err(|fault: Fault| fault).unwrap().ended.len(), 1);
        assert_eq!(refused(world.refreshes(&world.notes, &token, None).await).0, Code::InvalidGrant);

        let token = world.tokens(ALL).await.refresh_token.unwrap();
        let (seams, id) = (Seams::new(world.clock.clone(), Arc::new(SeededEntropy::new(8))), world.notes.id.clone());
        world.store.write(move |tx| app::disable(tx, &seams, &Actor::Operator, &id)).await.unwrap();
        assert_eq!(refused(world.refreshes(&world.notes, &token, None).await).0, Code::InvalidGrant);
    }
}

#[tokio::test]
async fn threat_095_rotation_ends_at_the_absolute_lifetime_and_idleness_sooner() {
    for world in World::both().await {
        let idle = world.tokens(ALL).await.refresh_token.unwrap();
        let mut token = world.tokens(ALL).await.refresh_token.unwrap();
        for _ in 0..18 {
            world.clock.advance_secs(20 * 86_400);
            token = world.refreshes(&world.notes, &token, None).await.unwrap().refresh_token.unwrap();
        }
        world.clock.advance_secs(6 * 86_400);
        let (error, sentence) = refused(world.refreshes(&world.notes, &token, None).await);
        assert_eq!((error, sentence), (Code::InvalidGrant, "Invalid refresh token: it has expired"));
        assert_eq!(refused(world.refreshes(&world.notes, &idle, None).await).0, Code::InvalidGrant);
    }
}

#[tokio::test]
async fn threat_096_another_client_is_refused_and_burns_nothing() {
    for world in World::both().await {
        let token = world.tokens(ALL).await.refresh_token.unwrap();
        assert_eq!(refused(world.refreshes(&world.iris, &token, None).await).0, Code::InvalidGrant);
        assert!(world.refreshes(&world.notes, &token, None).await.is_ok());
    }
}

#[tokio::test]
async fn threat_078_079_only_the_owner_learns_of_and_ends_a_token() {
    for world in World::both().await {
        let tokens = world.tokens(ALL).await;
        for token in [&tokens.access_token, &tokens.access_token_jwt, tokens.refresh_token.as_ref().unwrap()] {
            assert!(!world.oauth.introspect(&world.iris, token).await.unwrap().active);
            world.oauth.revoke(&world.iris, token).await.unwrap();
            assert!(world.is_active(token).await);
        }
    }
}

#[tokio::test]
async fn threat_080_revoking_a_refresh_token_ends_both_forms_of_the_access_token() {
    for world in World::both().await {
        let tokens = world.tokens(ALL).await;
        world.oauth.revoke(&world.notes, tokens.refresh_token.as_ref().unwrap()).await.unwrap();
        assert!(!world.is_active(&tokens.access_token).await && !world.is_active(&tokens.access_token_jwt).await);
        assert!(world.oauth.userinfo(&tokens.access_token_jwt).await.is_err());
        let twins = world.tokens(ALL).await;
        world.oauth.revoke(&world.notes, &twins.access_token_jwt).await.unwrap();
        assert!(!world.is_active(&twins.access_token).await);
        assert!(world.is_active(twins.refresh_token.as_ref().unwrap()).await);
    }
}

#[tokio::test]
async fn signing_out_ends_what_is_not_offline() {
    for world in World::both().await {
        let (online, offline) = (world.tokens("openid profile").await, world.tokens(ALL).await);
        let (session, now): (GrantId, Time) = (world.signer.session.clone(), START);
        let ended = world.store.write(move |tx| grant::end(tx, &session, EndedBy::SignOut, now)).await;
        assert_eq!(ended.map_err(|fault: Fault| fault).unwrap().ended.len(), 1);
        assert!(!world.is_active(&online.access_token).await);
        assert!(world.is_active(&offline.access_token).await);
        assert!(world.refreshes(&world.notes, &offline.refresh_token.unwrap(), None).await.is_ok());
    }
}

#[tokio::test]
async fn consent_is_remembered_for_what_was_allowed_and_asked_for_the_rest() {
    for world in World::both().await {
        let step = |scope: &'static str| {
            let asked = Asked::from_pairs(&world.pairs(scope));
            let (oauth, signer) = (world.oauth.clone(), world.signer.clone());
            async move {
                let proposal = check(&oauth, &asked).await.unwrap();
                oauth.next_step(&proposal, Some(&signer), None, None).await.unwrap()
            }
        };
        assert!(matches!(step("openid").await, Step::Ask(_)));
        world.code("openid profile").await;
        assert!(matches!(step("openid").await, Step::Answer(_)));
        let Step::Ask(ask) = step("openid email").await else { panic!("email is new") };
        assert_eq!(ask.already, Scope::of(["openid", "profile"]));
    }
}

#[tokio::test]
async fn threat_101_a_request_is_decided_once() {
    for world in World::both().await {
        let flow = world.oauth.keep_request(world.pairs("openid")).await.unwrap();
        let interaction = world.oauth.find_request(flow.reveal()).await.unwrap().unwrap();
        let proposal = check(&world.oauth, &interaction.asked).await.unwrap();
        let identity = world.signer.identities[0].id.clone();
        assert!(
            world
                .oauth
                .approve(&interaction, &proposal, &world.signer, identity.as_str(), None, None)
                .await
                .unwrap()
                .is_some()
        );
        assert!(
            world
                .oauth
                .approve(&interaction, &proposal, &world.signer, identity.as_str(), None, None)
                .await
                .unwrap()
                .is_none()
        );
        assert!(world.oauth.deny(&interaction, &proposal, &world.signer).await.unwrap().is_none());
        assert!(world.oauth.find_request(flow.reveal()).await.unwrap().is_none());
    }
}

#[tokio::test]
async fn what_is_over_is_forgotten_and_what_lives_is_not() {
    for world in World::both().await {
        let (old, kept) = (world.tokens("openid").await, world.tokens(ALL).await);
        let count = || {
            world.store.read(|tx| {
                let mut counts = Vec::new();
                for sql in [
                    "SELECT count(*) AS n FROM access_tokens",
                    "SELECT count(*) AS n FROM refresh_tokens",
                    "SELECT count(*) AS n FROM families",
                    "SELECT count(*) AS n FROM interactions",
                ] {
                    counts.push(tx.one(sql, db::args![])?.unwrap().int("n")?);
                }
                Ok::<Vec<i64>, Fault>(counts)
            })
        };
        assert_eq!(count().await.unwrap(), [2, 1, 2, 2]);
        assert_eq!(world.oauth.sweep(1).await.unwrap(), 0);
        world.clock.advance_secs(2 * 3600);
        for _ in 0..8 {
            world.oauth.sweep(1).await.unwrap();
        }
        assert_eq!(count().await.unwrap(), [0, 1, 1, 0], "{}", world.name);
        assert!(!world.is_active(&old.access_token).await);
        assert!(world.refreshes(&world.notes, kept.refresh_token.as_ref().unwrap(), None).await.is_ok());
    }
}
