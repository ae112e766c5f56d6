//! Whose linked accounts a call is about: a `user_token`, from this server or from the app's own identity provider.
//!
//! Promise: the issuer that a token names only chooses the keys; nothing of it counts before its signature is proven. Our own tokens
//! need no setting up and count only while they are alive; another issuer's count only for the organization that named it.

use crate::app::App;
use base::{AppUserId, Secret, Time};
use jose::{Claims, ForeignExpect, ForeignKeys, Rejected, unproven_issuer, verify_foreign};
use oauth::TokenPerson;
use parking_lot::Mutex;
use serde_json::Value;
use std::collections::HashMap;
use std::sync::Arc;
use vault::subject::{AppUser, Issuer, Vouched, find_issuer};
use vault::{Caller, Code, Error, Result, Subject, refuse};

const LONGEST: usize = 8_192;
const MOST_JWKS_BYTES: usize = 256 << 10;
/// How long keys are used without asking.
const FRESH_SECS: i64 = 300;
/// How long after one question the next may follow. Whoever makes up a `kid` in every token gets no more than this.
const FLOOR_SECS: i64 = 30;
/// How long old keys are used when their issuer cannot be reached.
const LAST_RESORT_SECS: i64 = 86_400;
const MOST_ISSUERS: usize = 1_000;

/// Whom the token means. Nothing was sent: nobody is meant.
pub async fn subject(app: &App, caller: &Caller, user_token: Option<&str>) -> Result<Option<Subject>> {
    let Some(token) = user_token else { return Ok(None) };
    Ok(Some(match user_of(app, caller, token).await? {
        User::Ours(person) => Subject::Identity { account: person.account, identity: person.identity },
        User::Theirs(user) => Subject::AppUser(user.id),
    }))
}

/// A person whom a token proves.
#[derive(Debug, Clone)]
pub enum User {
    Ours(TokenPerson),
    Theirs(Box<AppUser>),
}

impl User {
    /// The subject as its issuer calls it.
    pub fn subject(&self) -> &str {
        match self {
            User::Ours(person) => person.identity.as_str(),
            User::Theirs(user) => &user.subject,
        }
    }

    /// The id under which the wire knows an app user.
    pub fn id(&self) -> AppUserId {
        match self {
            User::Ours(person) => AppUserId::from_text(person.identity.as_str()),
            User::Theirs(user) => user.id.clone(),
        }
    }
}

/// Whom the token means, with what is known of them.
pub async fn user_of(app: &App, caller: &Caller, token: &str) -> Result<User> {
    if token.len() > LONGEST {
        return Err(invalid("the user token is longer than 8 KiB"));
    }
    let issuer = unproven_issuer(token).ok_or_else(|| invalid("the user token is no JWT with an issuer"))?;
    if issuer == app.config.issuer {
        return ours(app, caller, token).await;
    }
    let looked_for = caller.app.clone();
    let known = app.store.read(move |tx| find_issuer(tx, &looked_for)).await?;
    let known = known.filter(|known| known.organization == caller.organization);
    let known = known
        .ok_or_else(|| refuse(Code::NoIdentityProvider, "the app has no identity provider besides this server"))?;
    if known.issuer != issuer {
        return Err(invalid("the user token is from another issuer"));
    }
    let claims = proven(app, &known, token).await?;
    let said = vouched(&known, &claims).ok_or_else(|| invalid("the user token names nobody"))?;
    Ok(User::Theirs(Box::new(app.vault.app_user(&caller.organization, &caller.app, said).await?)))
}

async fn ours(app: &App, caller: &Caller, token: &str) -> Result<User> {
    let dead = || invalid("the user token is not a living access_token_jwt or id_token of this server");
    let person = app.oauth.token_person(&Secret::new(token)).await?.ok_or_else(dead)?;
    let client = app.oauth.apps.get(person.app.as_str()).await?.filter(|client| client.disabled_at.is_none());
    let is_of_team = client.is_some_and(|client| client.organization.as_ref() == Some(&caller.organization));
    if !is_of_team {
        return Err(invalid("the user token was given to an app of another organization"));
    }
    Ok(User::Ours(person))
}

fn invalid(message: &'static str) -> Error {
    refuse(Code::JwtValidationError, message).with("hint", "sign the person in again")
}

async fn proven(app: &App, issuer: &Issuer, token: &str) -> Result<Claims> {
    let expect = ForeignExpect { issuer: &issuer.issuer, audience: &issuer.audience, now: app.seams.now() };
    let unreachable = || invalid("the keys of the user token's issuer could not be read");
    let keys = app.outside.keys(app, issuer, Wanted::Usable).await.ok_or_else(unreachable)?;
    let outcome = match verify_foreign(&keys, token, &expect) {
        // The issuer may have a new key since.
        Err(Rejected::UnknownKey) => {
            let newer = app.outside.keys(app, issuer, Wanted::Newest).await.ok_or_else(unreachable)?;
            verify_foreign(&newer, token, &expect)
        }
        outcome => outcome,
    };
    outcome.map_err(|rejected| invalid(rejected.sentence()))
}

fn vouched(issuer: &Issuer, claims: &Claims) -> Option<Vouched> {
    let subject = claims.text(&issuer.subject_claim)?;
    let groups = match claims.get(&issuer.groups_claim) {
        Some(Value::Array(groups)) => groups.iter().filter_map(Value::as_str).map(str::to_owned).collect(),
        _ => Vec::new(),
    };
    Vouched::read(&issuer.issuer, subject, claims.text(&issuer.email_claim), claims.text(&issuer.name_claim), groups)
}

/// The keys of other issuers, as far as this node has read them.
#[derive(Default)]
pub struct Outside(Mutex<HashMap<String, Arc<Kept>>>);

/// What is known of one issuer.
#[derive(Default)]
struct Kept {
    state: Mutex<State>,
    /// Held while the issuer is asked.
    turn: tokio::sync::Mutex<()>,
}

#[derive(Default)]
struct State {
    keys: Option<Arc<ForeignKeys>>,
    read_at: Option<Time>,
    asked_at: Option<Time>,
}

/// Which keys will do.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wanted {
    Usable,
    Newest,
}

impl Outside {
    async fn keys(&self, app: &App, issuer: &Issuer, wanted: Wanted) -> Option<Arc<ForeignKeys>> {
        let kept = self.kept(issuer);
        let may_do = |kept: &Kept| {
            let (state, now) = (kept.state.lock(), app.seams.now());
            let limit = if wanted == Wanted::Newest { 0 } else { FRESH_SECS };
            let may_ask = !is_within(state.asked_at, FLOOR_SECS, now);
            let is_fresh = is_within(state.read_at, limit, now);
            let is_usable = is_within(state.read_at, LAST_RESORT_SECS, now);
            (is_fresh || !may_ask).then(|| state.keys.clone().filter(|_| is_usable))
        };
        if let Some(answer) = may_do(&kept) {
            return answer;
        }
        let _turn = kept.turn.lock().await;
        // Whoever had the turn before may have brought what this one came for.
        if let Some(answer) = may_do(&kept) {
            return answer;
        }
        let found = fetch(app, issuer).await;
        let (mut state, now) = (kept.state.lock(), app.seams.now());
        state.asked_at = Some(now);
        if let Some(found) = found {
            state.keys = Some(Arc::new(found));
            state.read_at = Some(now);
        }
        let is_usable = is_within(state.read_at, LAST_RESORT_SECS, now);
        state.keys.clone().filter(|_| is_usable)
    }

    /// What is kept of an issuer; another description of it is another one.
    fn kept(&self, issuer: &Issuer) -> Arc<Kept> {
        let name = format!("{}\n{}", issuer.id, issuer.updated_at.ms());
        let mut all = self.0.lock();
        if all.len() >= MOST_ISSUERS && !all.contains_key(&name) {
            all.clear();
        }
        Arc::clone(all.entry(name).or_default())
    }
}

/// True when `then` is less than so many seconds ago. A clock that was set back counts as long ago.
fn is_within(then: Option<Time>, secs: i64, now: Time) -> bool {
    then.is_some_and(|then| (0..secs.saturating_mul(1000)).contains(&now.ms_since(then)))
}

async fn fetch(app: &App, issuer: &Issuer) -> Option<ForeignKeys> {
    let uri = match &issuer.jwks_uri {
        Some(uri) => uri.clone(),
        None => discovered(app, &issuer.issuer).await?,
    };
    let keys = ForeignKeys::parse(&document(app, &uri).await?);
    keys.filter(|keys| !keys.is_empty())
}

/// Where the issuer's own metadata says its keys are. Metadata that names another issuer says nothing.
async fn discovered(app: &App, issuer: &str) -> Option<String> {
    let uri = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
    let metadata = jose::strict::object(&document(app, &uri).await?)?;
    let text = |name: &str| metadata.get(name)?.as_str();
    (text("issuer") == Some(issuer)).then(|| text("jwks_uri").map(str::to_owned))?
}

async fn document(app: &App, uri: &str) -> Option<Vec<u8>> {
    match app.egress.get(uri, MOST_JWKS_BYTES).await {
        Ok(answer) if answer.status == 200 => Some(answer.body),
        Ok(answer) => {
            tracing::warn!(status = answer.status, "identity issuer read: it answered otherwise");
            None
        }
        Err(trouble) => {
            tracing::warn!("identity issuer read: {}", trouble.sentence());
            None
        }
    }
}
