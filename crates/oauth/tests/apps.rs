//! Apps and organizations on both engines: who may do what, what a change leaves alone, what deleting ends.

#![allow(clippy::unwrap_used, clippy::indexing_slicing)] // a helper that fails fails its test

use base::{
    AccountId, AppId, Fault, IdentityId, ManualClock, OrganizationId, RedirectUri, Scope, Seams, Secret, SeededEntropy,
    Time,
};
use db::testing::{Database, engines};
use db::{Store, Tx};
use ledger::{EndedBy, Kind, NewGrant, grant, journal};
use oauth::app::{
    self, App, AppKind, Apps, Change, Created, Credentials, Error, NewApp, Overlap, Presented, Wish, authenticate,
};
use oauth::operator;
use oauth::organization::{self, Actor, Organization, Role};
use std::sync::Arc;
use std::time::Duration;

const START: Time = Time::from_secs(1_800_000_000);

struct World {
    store: Store,
    seams: Seams,
    clock: Arc<ManualClock>,
    name: &'static str,
    acme: Organization,
    _database: Database,
}

impl World {
    async fn on(database: Database) -> World {
        let clock = Arc::new(ManualClock::at(START));
        let seams = Seams::new(clock.clone(), Arc::new(SeededEntropy::new(1)));
        let store = database.store.clone();
        let making = seams.clone();
        let acme = store
            .write(move |tx| organization::create(tx, &making, &Actor::Operator, Some("acme".into()), "Acme Inc."))
            .await
            .unwrap();
        World { store, seams, clock, name: database.name, acme, _database: database }
    }

    async fn both() -> [World; 2] {
        let [sqlite, postgres] = engines().await;
        [World::on(sqlite).await, World::on(postgres).await]
    }

    async fn does<T, E, F>(&self, work: F) -> Result<T, E>
    where
        F: FnOnce(&mut Tx<'_>, &Seams) -> Result<T, E> + Send + 'static,
        T: Send + 'static,
        E: From<Fault> + Send + 'static,
    {
        let seams = self.seams.clone();
        self.store.write(move |tx| work(tx, &seams)).await
    }

    async fn app(&self, wish: Wish) -> Created {
        let new = new_app(&self.acme.id);
        self.does(move |tx, seams| app::create(tx, seams, &Actor::Operator, new, wish)).await.unwrap()
    }

    async fn member(&self, role: Role) -> Actor {
        let account = AccountId::new(self.seams.now(), self.seams.entropy()).unwrap();
        let (id, joining) = (self.acme.id.clone(), account.clone());
        self.does(move |tx, seams| organization::add_member(tx, seams, &Actor::Operator, &id, &joining, role))
            .await
            .unwrap();
        Actor::Account(account)
    }

    async fn found(&self, id: &AppId) -> Option<App> {
        let id = id.clone();
        self.does(move |tx, _| app::find(tx, &id)).await.unwrap()
    }

    async fn acts(&self, id: &AppId) -> Vec<String> {
        let id = id.clone();
        let told = self.does(move |tx, _| journal::list_of_app(tx, &id, i64::MAX, 50)).await.unwrap();
        told.into_iter().rev().map(|told| told.act).collect()
    }
}

fn new_app(organization: &OrganizationId) -> NewApp {
    NewApp { organization: organization.clone(), kind: AppKind::Confidential, key: None, client_id: None, secret: None }
}

fn notes() -> Wish {
    Wish {
        name: Some("Acme Notes".into()),
        redirect_uris: Some(vec!["https://notes.test/cb".into(), "http://127.0.0.1/cb".into()]),
        website: Change::Set("https://notes.test/".into()),
        ..Wish::default()
    }
}

fn is_not_found<T>(outcome: &Result<T, Error>) -> bool {
    matches!(outcome, Err(Error::NotFound))
}

fn complaint<T>(outcome: Result<T, Error>) -> String {
    outcome.err().map(|error| error.to_string()).unwrap_or_default()
}

fn opens(app: &App, secret: &Secret, at: Time) -> bool {
    let shown = Credentials { client_id: app.client_id().to_owned(), method: Presented::Post(secret.clone()) };
    authenticate(app, &shown, at).is_ok()
}

#[tokio::test]
async fn threat_188_only_members_with_the_role_reach_an_app() {
    for world in World::both().await {
        let created = world.app(notes()).await;
        let id = created.app.id.clone();
        let (viewer, developer, admin) =
            (world.member(Role::Viewer).await, world.member(Role::Developer).await, world.member(Role::Admin).await);
        let stranger = Actor::Account(AccountId::from_text("acc_stranger"));

        // What each may do: see, change, rotate, delete.
        let table =
            [(&stranger, [false; 4]), (&viewer, [true, false, false, false]), (&developer, [true, true, true, false])];
        for (actor, expected) in table {
            let (who, app) = (actor.clone(), id.clone());
            let sees = world.does(move |tx, _| organization::find_app_for(tx, &who, &app, Role::Viewer)).await;
            let (who, app) = (actor.clone(), id.clone());
            let wish = Wish { native: Some(true), ..Wish::default() };
            let changes = world.does(move |tx, seams| app::update(tx, seams, &who, &app, wish)).await;
            let (who, app) = (actor.clone(), id.clone());
            let rotates = world.does(move |tx, seams| app::rotate_secret(tx, seams, &who, &app, Overlap::NONE)).await;
            let (who, app) = (actor.clone(), id.clone());
            let deletes = world.does(move |tx, seams| app::delete(tx, seams, &who, &app)).await;
            let refused = [is_not_found(&sees), is_not_found(&changes), is_not_found(&rotates), is_not_found(&deletes)];
            assert_eq!(refused.map(|refused| !refused), expected, "{} {actor:?}", world.name);
        }

        // Members cannot switch apps off, nor make an app elsewhere, nor move beyond their own role.
        let app = id.clone();
        let who = admin.clone();
        assert!(is_not_found(&world.does(move |tx, seams| app::disable(tx, seams, &who, &app)).await));
        let other =
            world.does(|tx, seams| organization::create(tx, seams, &Actor::Operator, None, "Other")).await.unwrap();
        let (who, new) = (admin.clone(), new_app(&other.id));
        assert!(is_not_found(&world.does(move |tx, seams| app::create(tx, seams, &who, new, notes())).await));
        let Actor::Account(account) = admin.clone() else { unreachable!() };
        let (who, acme) = (admin.clone(), world.acme.id.clone());
        assert!(is_not_found(
            &world.does(move |tx, seams| organization::set_role(tx, seams, &who, &acme, &account, Role::Owner)).await
        ));
        let app = id.clone();
        assert!(world.does(move |tx, seams| app::delete(tx, seams, &admin, &app)).await.is_ok());
        assert!(world.found(&id).await.is_none());
    }
}

#[tokio::test]
async fn an_app_reads_back_as_it_was_registered() {
    for world in World::both().await {
        let wish = Wish {
            description: Change::Set("Writes things down".into()),
            post_logout_redirect_uris: Some(vec!["https://notes.test/".into()]),
            backchannel_logout_uri: Change::Set("https://notes.test/bye".into()),
            logo: Change::Set(base::raster::SMALLEST_PNG.to_vec()),
            accent: Change::Set("#3355FF".into()),
            scopes: Some(vec!["openid".into(), "email".into()]),
            alg: Some("ES256".into()),
            refresh_replay_secs: Change::Set(30),
            require_pkce: Some(true),
            hand_out_tokens: Some(false),
            ..notes()
        };
        let Created { app, secret } = world.app(wish).await;
        assert!(opens(&app, &secret.unwrap(), START));
        assert!(app::is_app_id(app.client_id()));
        assert_eq!(app.name, "Acme Notes");
        assert_eq!(
            app.redirect_uris,
            [RedirectUri::sent("https://notes.test/cb"), RedirectUri::sent("http://127.0.0.1/cb")]
        );
        assert_eq!(app.post_logout_redirect_uris, [RedirectUri::sent("https://notes.test/")]);
        assert_eq!(app.backchannel_logout_uri.as_deref(), Some("https://notes.test/bye"));
        assert_eq!(app.accent.as_deref(), Some("#3355ff"));
        assert_eq!(app.scopes, Scope::of(["openid", "email"]));
        assert_eq!((app.alg, app.refresh_replay_secs, app.access_ttl_secs), (jose::Alg::Es256, Some(30), None));
        assert!(app.require_pkce && !app.hand_out_tokens && !app.native && !app.development_mode);
        let logo = app.logo.clone().unwrap();
        let picture = world.does(move |tx, _| app::find_logo(tx, &logo)).await.unwrap().unwrap();
        assert_eq!((picture.media(), picture.bytes()), ("image/png", base::raster::SMALLEST_PNG));
        assert_eq!(world.acts(&app.id).await, ["app.created"]);
    }
}

#[tokio::test]
async fn a_change_touches_only_what_it_names() {
    for world in World::both().await {
        let before = world.app(Wish { development_mode: Some(true), alg: Some("EdDSA".into()), ..notes() }).await.app;
        world.clock.advance_secs(5);
        let id = before.id.clone();
        let rename = Wish { name: Some("Notebook".into()), ..Wish::default() };
        let after = world.does(move |tx, seams| app::update(tx, seams, &Actor::Operator, &id, rename)).await.unwrap();
        assert_eq!(after.name, "Notebook");
        assert_eq!((after.development_mode, after.alg, &after.website), (true, jose::Alg::EdDsa, &before.website));
        assert_eq!((after.redirect_uris, after.secrets.len()), (before.redirect_uris, 1));
        assert_eq!((after.created_at, after.updated_at), (START, START.plus_secs(5)));

        let id = before.id.clone();
        let bad =
            Wish { redirect_uris: Some(vec!["http://notes.test/cb".into()]), native: Some(true), ..Wish::default() };
        let refused = world.does(move |tx, seams| app::update(tx, seams, &Actor::Operator, &id, bad)).await;
        let sentence = "redirect_uris[0]: http works only on this computer (localhost, 127.0.0.1 or [::1]); use https";
        assert_eq!(complaint(refused), sentence);
        assert!(!world.found(&before.id).await.unwrap().native);
        assert_eq!(world.acts(&before.id).await, ["app.created", "app.updated"]);
    }
}

#[tokio::test]
async fn two_changes_at_once_both_hold() {
    for world in World::both().await {
        let id = world.app(notes()).await.app.id;
        let wishes = (0..16).map(|place| match place % 2 {
            0 => Wish { name: Some("Renamed".into()), ..Wish::default() },
            _ => Wish { development_mode: Some(true), ..Wish::default() },
        });
        let changes: Vec<_> = wishes
            .map(|wish| {
                let (store, seams, id) = (world.store.clone(), world.seams.clone(), id.clone());
                tokio::spawn(async move {
                    let change = move |tx: &mut Tx<'_>| app::update(tx, &seams, &Actor::Operator, &id, wish.clone());
                    store.write_again(change).await
                })
            })
            .collect();
        for change in changes {
            change.await.unwrap().unwrap();
        }
        let app = world.found(&id).await.unwrap();
        assert_eq!((app.name.as_str(), app.development_mode), ("Renamed", true), "{}", world.name);
    }
}

#[tokio::test]
async fn threat_047_the_old_secret_lives_for_the_overlap_and_never_more_than_two() {
    for world in World::both().await {
        let Created { app, secret } = world.app(notes()).await;
        let first = secret.unwrap();
        let (id, overlap) = (app.id.clone(), Overlap::secs(86_400).unwrap());
        let second =
            world.does(move |tx, seams| app::rotate_secret(tx, seams, &Actor::Operator, &id, overlap)).await.unwrap();
        let (now, later) = (START, START.plus_secs(86_400));
        assert!(opens(&second.app, &first, now) && opens(&second.app, &second.secret, now));
        assert!(!opens(&second.app, &first, later) && opens(&second.app, &second.secret, later));
        assert!(second.secret.reveal().starts_with("pcs_"));

        let id = app.id.clone();
        let third =
            world.does(move |tx, seams| app::rotate_secret(tx, seams, &Actor::Operator, &id, overlap)).await.unwrap();
        assert!(!opens(&third.app, &first, now), "a third secret ends the first");
        assert_eq!(third.app.live_secrets(now).count(), 2);

        let (id, old) = (app.id.clone(), third.app.secrets[0].id);
        let ended = world.does(move |tx, seams| app::end_secret(tx, seams, &Actor::Operator, &id, old)).await.unwrap();
        assert!(!opens(&ended, &second.secret, now) && opens(&ended, &third.secret, now));
        let (id, last) = (app.id.clone(), ended.secrets[0].id);
        let refused = world.does(move |tx, seams| app::end_secret(tx, seams, &Actor::Operator, &id, last)).await;
        assert_eq!(complaint(refused), "secret: is the one in use: rotate it instead");
        let acts = ["app.created", "app.secret_rotated", "app.secret_rotated", "app.secret_ended"];
        assert_eq!(world.acts(&app.id).await, acts);
        assert!(
            Overlap::secs(30 * 86_400).is_ok() && Overlap::secs(30 * 86_400 + 1).is_err() && Overlap::secs(-1).is_err()
        );
    }
}

#[tokio::test]
async fn the_sweeper_forgets_secrets_whose_overlap_is_long_over() {
    for world in World::both().await {
        let id = world.app(notes()).await.app.id;
        let (app, overlap) = (id.clone(), Overlap::secs(60).unwrap());
        world.does(move |tx, seams| app::rotate_secret(tx, seams, &Actor::Operator, &app, overlap)).await.unwrap();
        let swept = |before: Time| world.does(move |tx, _| app::sweep_secrets(tx, before));
        assert_eq!(swept(START.plus_secs(60)).await.unwrap(), 0);
        assert_eq!(swept(START.plus_secs(61)).await.unwrap(), 1);
        assert_eq!(world.found(&id).await.unwrap().secrets.len(), 1);
    }
}

#[tokio::test]
async fn no_secret_of_an_app_is_stored() {
    for world in World::both().await {
        let Created { app, secret } = world.app(notes()).await;
        let stored = world.found(&app.id).await.unwrap();
        let told = format!("{stored:?}");
        let secret = secret.unwrap();
        assert!(!told.contains(secret.reveal()));
        assert_eq!(stored.secrets[0].hint, secret.reveal()[secret.reveal().len() - 4..]);
    }
}

#[tokio::test]
async fn threat_048_a_chosen_client_id_can_only_be_an_unused_app_id() {
    for world in World::both().await {
        let taken = world.app(notes()).await.app.id.as_str().to_owned();
        let bad = [
            "origin:https://a.test",
            "https://a.test/client",
            "app_XYZ",
            "app_0123456789ABCDEF0123456789abcdef",
            "notes",
            "",
        ];
        for chosen in bad {
            let new = NewApp { client_id: Some(chosen.into()), ..new_app(&world.acme.id) };
            let refused = world.does(move |tx, seams| app::create(tx, seams, &Actor::Operator, new, notes())).await;
            assert_eq!(complaint(refused), "client_id: is app_ and 32 lowercase hexadecimal digits", "{chosen}");
        }
        let new = NewApp { client_id: Some(taken), ..new_app(&world.acme.id) };
        let refused = world.does(move |tx, seams| app::create(tx, seams, &Actor::Operator, new, notes())).await;
        assert_eq!(complaint(refused), "client_id: belongs to another app");
    }
}

#[tokio::test]
async fn a_short_secret_and_a_secret_for_a_public_app_are_refused() {
    let [world, _] = World::both().await;
    let short = NewApp { secret: Some(Secret::new("x".repeat(21))), ..new_app(&world.acme.id) };
    let refused = world.does(move |tx, seams| app::create(tx, seams, &Actor::Operator, short, notes())).await;
    assert_eq!(complaint(refused), "client_secret: has at least 22 printable ASCII characters");
    let public = NewApp { kind: AppKind::Public, secret: Some(Secret::new("x".repeat(22))), ..new_app(&world.acme.id) };
    let refused = world.does(move |tx, seams| app::create(tx, seams, &Actor::Operator, public, notes())).await;
    assert_eq!(complaint(refused), "client_secret: a public app has no secret");
    let given = NewApp { secret: Some(Secret::new("x".repeat(22))), ..new_app(&world.acme.id) };
    let created = world.does(move |tx, seams| app::create(tx, seams, &Actor::Operator, given, notes())).await.unwrap();
    assert!(created.secret.is_none() && created.app.secrets[0].hint.is_empty());
    assert!(opens(&created.app, &Secret::new("x".repeat(22)), START));
}

#[tokio::test]
async fn deleting_an_app_ends_what_people_allowed_it() {
    for world in World::both().await {
        let (gone, other) = (world.app(notes()).await.app, world.app(notes()).await.app);
        let mut grants = Vec::new();
        for app in [&gone, &other] {
            let mut new = NewGrant::of(Kind::SignIn, &world.seams).unwrap();
            new.identity = Some(IdentityId::from_text("ada"));
            new.app = Some(app.id.clone());
            grants.push(new.id.clone());
            world.does(move |tx, seams| grant::open(tx, &new, seams.now())).await.unwrap();
        }
        let id = gone.id.clone();
        let ended = world.does(move |tx, seams| app::delete(tx, seams, &Actor::Operator, &id)).await.unwrap();
        assert_eq!(ended, 1);
        let live = world
            .does(move |tx, _| {
                let states: Result<Vec<_>, Fault> = grants
                    .iter()
                    .map(|id| Ok(grant::find(tx, id)?.is_some_and(|found| found.is_live(START))))
                    .collect();
                states
            })
            .await
            .unwrap();
        assert_eq!(live, [false, true]);
        assert!(world.found(&gone.id).await.is_none() && world.found(&other.id).await.is_some());
        assert_eq!(world.acts(&gone.id).await, ["app.created", "app.deleted"]);
        let id = gone.id.clone();
        assert!(is_not_found(&world.does(move |tx, seams| app::delete(tx, seams, &Actor::Operator, &id)).await));
        assert_eq!(EndedBy::App.as_str(), "app");
    }
}

#[tokio::test]
async fn apps_are_served_from_memory_and_a_change_is_seen_within_a_second() {
    for world in World::both().await {
        let id = world.app(notes()).await.app.id;
        let (here, there) = (Apps::new(world.store.clone()), Apps::new(world.store.clone()));
        for apps in [&here, &there] {
            let first = apps.get(id.as_str()).await.unwrap().unwrap();
            let second = apps.get(id.as_str()).await.unwrap().unwrap();
            assert!(Arc::ptr_eq(&first, &second), "{}", world.name);
        }

        let (seams, app) = (world.seams.clone(), id.clone());
        here.change(move |tx| app::disable(tx, &seams, &Actor::Operator, &app)).await.unwrap();
        assert!(here.get(id.as_str()).await.unwrap().is_none(), "at once on the node that changed it");
        tokio::time::sleep(Duration::from_millis(900)).await;
        assert!(there.get(id.as_str()).await.unwrap().is_none(), "within a second on every other");

        let (seams, app) = (world.seams.clone(), id.clone());
        here.change(move |tx| app::enable(tx, &seams, &Actor::Operator, &app)).await.unwrap();
        assert!(here.get(id.as_str()).await.unwrap().is_some());
        for unknown in ["app_00000000000000000000000000000000", "notes", "", "origin:http://a.test", "https://a.test"] {
            assert!(here.get(unknown).await.unwrap().is_none(), "{unknown}");
        }
        assert!(here.get("origin:https://a.test").await.unwrap().unwrap().is_quick());
    }
}

#[tokio::test]
async fn a_person_has_one_personal_organization_and_the_last_owner_stays() {
    for world in World::both().await {
        let ada = AccountId::from_text("acc_ada");
        let asked: Vec<_> = (0..8)
            .map(|_| {
                let (store, seams, ada) = (world.store.clone(), world.seams.clone(), ada.clone());
                tokio::spawn(async move {
                    store.write_again(move |tx| organization::personal(tx, &seams, &ada, "Ada")).await
                })
            })
            .collect();
        let mut ids = Vec::new();
        for one in asked {
            ids.push(one.await.unwrap().unwrap().id);
        }
        ids.dedup();
        assert_eq!(ids.len(), 1, "{}", world.name);
        let account = ada.clone();
        let own = world.does(move |tx, _| organization::of_account(tx, &account)).await.unwrap();
        assert_eq!(own.iter().map(|(_, role)| *role).collect::<Vec<_>>(), [Role::Owner]);
        let (id, account) = (ids[0].clone(), ada.clone());
        let refused = world
            .does(move |tx, seams| {
                organization::remove_member(tx, seams, &Actor::Account(account.clone()), &id, &account)
            })
            .await;
        assert_eq!(complaint(refused), "account: is the last owner");
        let account = ada.clone();
        let refused = world
            .does(move |tx, seams| {
                organization::create(tx, seams, &Actor::Account(account), Some("globex".into()), "Globex")
            })
            .await;
        assert!(is_not_found(&refused), "only operators give the names that manifests use");
    }
}

#[tokio::test]
async fn threat_189_an_operator_token_opens_until_it_ends_and_nothing_else_does() {
    for world in World::both().await {
        let token = world.does(|tx, seams| operator::make_token(tx, seams, 3_600)).await.unwrap();
        assert!(token.reveal().starts_with("pot_"));
        let try_at = |text: String, at: Time| world.does(move |tx, _| operator::opens(tx, &text, at));
        assert!(try_at(token.reveal().to_owned(), START).await.unwrap());
        assert!(!try_at(token.reveal().to_owned(), START.plus_secs(3_600)).await.unwrap());
        let other = base::Bearer::mint(
            "pot_",
            base::Bearer::parse("pot_", token.reveal()).unwrap().number(),
            world.seams.entropy(),
        );
        assert!(!try_at(other.unwrap().secret().reveal().to_owned(), START).await.unwrap());
        let access = base::Bearer::mint("pat_", 1, world.seams.entropy()).unwrap();
        assert!(!try_at(access.secret().reveal().to_owned(), START).await.unwrap());
        assert!(!try_at(String::new(), START).await.unwrap());
    }
}

#[tokio::test]
async fn a_deleted_account_takes_its_personal_apps_along_and_leaves_teams_an_owner() {
    for world in World::both().await {
        let ada = AccountId::from_text("acc_ada");
        let (account, acme) = (ada.clone(), world.acme.id.clone());
        let Actor::Account(viewer) = world.member(Role::Viewer).await else { unreachable!() };
        let Actor::Account(developer) = world.member(Role::Developer).await else { unreachable!() };
        let (own, team) = world
            .does(move |tx, seams| {
                organization::add_member(tx, seams, &Actor::Operator, &acme, &account, Role::Owner)?;
                let personal = organization::personal(tx, seams, &account, "Ada")?;
                let actor = Actor::Account(account.clone());
                let own = app::create(tx, seams, &actor, new_app(&personal.id), notes())?.app.id;
                let team = app::create(tx, seams, &actor, new_app(&acme), notes())?.app.id;
                organization::forget_account(tx, seams, &account)?;
                Ok::<_, Error>((own, team))
            })
            .await
            .unwrap();
        assert!(world.found(&own).await.is_none() && world.found(&team).await.is_some());
        let (account, acme) = (ada.clone(), world.acme.id.clone());
        let (left, members) = world
            .does(move |tx, _| {
                Ok::<_, Fault>((organization::of_account(tx, &account)?, organization::members(tx, &acme)?))
            })
            .await
            .unwrap();
        assert!(left.is_empty());
        let mut roles: Vec<_> = members.into_iter().map(|member| (member.account, member.role)).collect();
        let mut expected = vec![(viewer, Role::Viewer), (developer, Role::Owner)];
        roles.sort();
        expected.sort();
        assert_eq!(roles, expected, "{}", world.name);
    }
}
