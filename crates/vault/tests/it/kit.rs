//! A vault with one app, the fake provider, and people who link their calendars there.

use base::{
    AccountId, AgentId, AppId, Digest, Fault, IdentityId, KeyId, ManualClock, OrganizationId, Scope, Seams, Secret,
    SystemEntropy, Time,
};
use db::seal::Kms;
use db::testing::{Database, engines, sqlite};
use db::{Sealer, Store, args};
use http::{HeaderMap, Method};
use ledger::journal;
use net::{Allowed, Egress, Patience, Upload};
use playground::fake::{self, Settings as FakeSettings};
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;
use vault::grants::{Granted, Wanted};
use vault::link::{Outcome, Purpose, Returned};
use vault::proxy::{Answered, CallAsk, Called, Form, Target};
use vault::{Acting, Caller, Error, KeyKind, Settings, Subject, Vault};

pub const START: Time = Time::from_secs(1_800_000_000);
const SOON: Patience = Patience { head: Duration::from_secs(20), pause: Duration::from_secs(20) };

pub struct World {
    pub vault: Vault,
    pub store: Store,
    pub seams: Seams,
    pub clock: Arc<ManualClock>,
    pub name: &'static str,
    /// `127.0.0.1:port` of the fake provider.
    pub host: String,
    egress: Egress,
    _database: Database,
}

struct NewKey(Secret);

impl Kms for NewKey {
    fn master_keys(&self) -> Result<Secret, Fault> {
        Ok(self.0.clone())
    }
}

impl World {
    pub async fn both() -> [World; 2] {
        let [one, other] = engines().await;
        [World::on(one).await, World::on(other).await]
    }

    pub async fn new() -> World {
        World::on(sqlite().await).await
    }

    async fn on(database: Database) -> World {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        let host = format!("127.0.0.1:{}", listener.local_addr().unwrap().port());
        let router = fake::router(FakeSettings { auto_approve: true });
        tokio::spawn(async move { fake::serve(listener, router).await });
        let clock = Arc::new(ManualClock::at(START));
        let seams = Seams::new(clock.clone(), Arc::new(SystemEntropy));
        let sealer = Sealer::from_kms(&NewKey(Sealer::new_key_text(&SystemEntropy).unwrap())).unwrap();
        let egress = Egress::new(vec![Allowed::parse(&host).unwrap()]).unwrap();
        let settings = Settings {
            issuer: "http://localhost:8460".to_owned(),
            session_secs: 600,
            fake_provider: Some(format!("http://{host}")),
        };
        let store = database.store.clone();
        let vault = Vault::open(store.clone(), seams.clone(), sealer, egress.clone(), settings).unwrap();
        let world = World { vault, store, seams, clock, name: database.name, host, egress, _database: database };
        world.register().await;
        world
    }

    /// The app, its team and its key, as other crates would have made them.
    async fn register(&self) {
        self.store
            .write(|tx| {
                tx.run("INSERT INTO organizations (id, key, name, created_at, updated_at) VALUES ('org_1', 'acme', 'Acme', 1, 1)", args![])?;
                for app in ["app_1", "app_2"] {
                    tx.run(
                        "INSERT INTO apps (id, organization_id, name, kind, redirect_uris, post_logout_redirect_uris, native,
                                           development_mode, background, scopes, require_pkce, auth_method, alg, hand_out_tokens,
                                           created_at, updated_at)
                         VALUES ($1, 'org_1', 'Notes', 'confidential', '', '', FALSE, FALSE, FALSE, '', FALSE, '', 'EdDSA', TRUE, 1, 1)",
                        args![app],
                    )?;
                }
                tx.run(
                    "INSERT INTO app_keys (id, app_id, kind, digest, hint, name, scopes, scope_version, metadata, created_at)
                     VALUES ('key_1', 'app_1', 'rk', $1, 'alter_rk_ab', 'backend', '', 1, '{}', 1)",
                    args![&b"digest"[..]],
                )?;
                Ok::<_, Fault>(())
            })
            .await
            .unwrap();
    }

    pub fn caller(&self) -> Caller {
        Caller {
            app: AppId::from_text("app_1"),
            organization: OrganizationId::from_text("org_1"),
            key: KeyId::from_text("key_1"),
            kind: KeyKind::App,
            hint: "alter_rk_ab".to_owned(),
            scopes: Scope::empty(),
            agent: None,
            source: "192.0.2.1".to_owned(),
            context: BTreeMap::new(),
            rule: None,
        }
    }

    /// An agent of the app, with these scopes at the calendar.
    pub async fn agent(&self, scopes: &[&str]) -> Caller {
        let id = AgentId::new(self.seams.now(), self.seams.entropy()).unwrap();
        let own = id.clone();
        self.store
            .write(move |tx| {
                let sql = "INSERT INTO agents (id, app_id, name, kind, scopes, policy, metadata, version, created_at, updated_at)
                           VALUES ($1, 'app_1', $1, 'managed', '{}', '{}', '{}', 1, 1, 1)";
                tx.run(sql, args![own])
            })
            .await
            .unwrap();
        let all = scopes.iter().map(|scope| (*scope).to_owned()).collect();
        let scopes = BTreeMap::from([("fake-calendar".to_owned(), all)]);
        let agent = Acting { id, name: "helper".to_owned(), by_own_key: true, scopes };
        Caller { agent: Some(agent), ..self.caller() }
    }

    pub fn person(&self, name: &str) -> Subject {
        Subject::Identity {
            account: AccountId::from_text(format!("acc_{name}")),
            identity: IdentityId::from_text(name),
        }
    }

    /// Links a calendar with these scopes for a person.
    pub async fn links(&self, name: &str, scopes: &[&str]) -> Granted {
        let app = AppId::from_text("app_1");
        let configured = self.vault.configured_as(&app, "fake-calendar").await.unwrap().unwrap();
        // The permission is opened for a session's link alone.
        let purpose =
            Purpose { app, subject: self.person(name), session: Some(1), interaction: None, connection: None };
        let browser = Digest::of(name.as_bytes());
        let away =
            self.vault.begin_link(purpose, &configured, &Scope::of(scopes), BTreeMap::new(), &browser).await.unwrap();
        let answer = self.fake("GET", &away, Value::Null).await;
        let back = answer.1["location"].to_str().unwrap().to_owned();
        let parameters = url::Url::parse(&back).unwrap().query_pairs().into_owned().collect();
        let returned = Returned { provider: "fake-calendar".to_owned(), parameters };
        let account = AccountId::from_text(format!("acc_{name}"));
        match self.vault.complete_link(returned, Some(&browser), Some(&account)).await.unwrap().outcome {
            Outcome::Granted(granted) => *granted,
            other => panic!("{other:?}"),
        }
    }

    /// Asks the fake itself.
    pub async fn fake(&self, method: &str, url: &str, body: Value) -> (u16, HeaderMap, Value) {
        let url = if url.starts_with('/') { format!("http://{}{url}", self.host) } else { url.to_owned() };
        let (mut headers, mut upload) = (HeaderMap::new(), Upload::Nothing);
        if !body.is_null() {
            headers.insert("content-type", "application/json".parse().unwrap());
            upload = Upload::Whole(body.to_string().into());
        }
        let method = Method::from_bytes(method.as_bytes()).unwrap();
        let mut answer = self.egress.stream(method, &url, headers, upload, SOON).await.unwrap();
        let mut all = Vec::new();
        while let Some(piece) = answer.body.next().await.unwrap() {
            all.extend_from_slice(&piece);
        }
        (answer.status, answer.headers, serde_json::from_slice(&all).unwrap_or(Value::Null))
    }

    pub async fn faults(&self, named: Value) {
        let (status, _, said) = self.fake("POST", "/_faults", named).await;
        assert_eq!(status, 200, "{said}");
    }

    /// What the fake counted for the calendar.
    pub async fn stats(&self) -> Value {
        self.fake("GET", "/_stats", Value::Null).await.2["calendar"].clone()
    }

    /// What the journal tells, oldest first: act and detail.
    pub async fn told(&self) -> Vec<(String, Value)> {
        let rows = self.store.read(|tx| journal::list(tx, i64::MAX, 500)).await.unwrap();
        let mut all: Vec<_> =
            rows.into_iter().map(|row| (row.number, row.act, row.detail.unwrap_or(Value::Null))).collect();
        all.sort_by_key(|(number, ..)| *number);
        all.into_iter().map(|(_, act, detail)| (act, detail)).collect()
    }

    /// The rows of calls, once the last one's outcome is written.
    pub async fn calls(&self) -> Vec<(String, Value)> {
        for _ in 0..100 {
            let all: Vec<_> = self.told().await.into_iter().filter(|(act, _)| act.starts_with("call.")).collect();
            let count = |name: &str| all.iter().filter(|(act, _)| act == name).count();
            if count("call.sent") == count("call.answered") {
                return all;
            }
            tokio::time::sleep(Duration::from_millis(20)).await;
        }
        panic!("a call has no outcome")
    }

    /// A call, and its answer as a whole.
    pub async fn calls_with(&self, caller: &Caller, ask: CallAsk) -> Result<Answer, Error> {
        match self.vault.call(caller, ask).await? {
            Called::Answer(answered) => Ok(Answer::of(*answered).await),
            Called::Waits(pending) => panic!("{pending:?}"),
        }
    }

    pub async fn get(&self, grant: &Granted, path: &str) -> Result<Answer, Error> {
        self.calls_with(&self.caller(), ask("GET", grant, path)).await
    }
}

/// An answer as a whole.
#[derive(Debug)]
pub struct Answer {
    pub status: u16,
    pub headers: HeaderMap,
    pub text: String,
}

impl Answer {
    pub async fn of(answered: Answered) -> Answer {
        let (status, headers) = (answered.status, answered.headers);
        let (body, _) = answered.body.whole(64 << 20).await.unwrap();
        Answer { status, headers, text: String::from_utf8_lossy(&body).into_owned() }
    }

    pub fn json(&self) -> Value {
        serde_json::from_str(&self.text).unwrap_or_else(|_| json!(self.text))
    }
}

/// A call at the calendar, below `/calendar`.
pub fn ask(method: &str, grant: &Granted, path: &str) -> CallAsk {
    let (path, query) = path.split_once('?').map_or((path, None), |(path, query)| (path, Some(query.to_owned())));
    CallAsk {
        wanted: Wanted { grant: Some(grant.grant.clone()), ..Wanted::default() },
        method: method.to_owned(),
        target: Target::Path { path: format!("/calendar{path}"), query, host: None },
        headers: HeaderMap::new(),
        body: Upload::Nothing,
        reason: None,
        form: Form::Raw,
    }
}

pub fn with_json(mut ask: CallAsk, body: Value) -> CallAsk {
    ask.headers.insert("content-type", "application/json".parse().unwrap());
    ask.body = Upload::Whole(body.to_string().into());
    ask
}

pub fn code<T: std::fmt::Debug>(outcome: Result<T, Error>) -> &'static str {
    outcome.unwrap_err().code().unwrap().as_str()
}
