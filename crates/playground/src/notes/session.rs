//! The session of this app: an unguessable cookie here, everything else on the server (seed of every server-side web app).

use super::accounts::Seen;
use super::connect::Target;
use super::issuer::{Answer, Tokens};
use super::tour::Step;
use super::{Notes, Trouble};
use crate::outside::random;
use crate::page;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use parking_lot::Mutex;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use std::collections::{BTreeSet, HashMap, VecDeque};
use std::sync::Arc;

const MOST: usize = 1000;
/// A page keeps one question ready and may have asked some that were never answered.
const MOST_ASKING: usize = 8;

/// One browser's visit. The lock is held across a refresh, so that one refresh token is never spent by two requests at once.
#[derive(Clone)]
pub(crate) struct Visit {
    pub(crate) id: String,
    pub(crate) kept: Arc<tokio::sync::Mutex<Kept>>,
}

/// What this server remembers of a browser.
#[derive(Default)]
pub(crate) struct Kept {
    pub(crate) pending: Option<Pending>,
    /// Questions whether Notes may use Iris or a calendar, the oldest first.
    asking: VecDeque<(Target, Pending)>,
    pub(crate) signed_in: Option<SignedIn>,
    pub(crate) done: BTreeSet<Step>,
    pub(crate) refreshed: Option<Refreshed>,
    /// What the issuer said when this app was refused.
    pub(crate) refused: Option<Answer>,
    /// The person has let this app use Iris, as far as this app knows.
    pub(crate) may_use_iris: bool,
    /// What came back instead of a permission, to be told once.
    pub(crate) declined: Option<(Target, Answer)>,
    /// What the issuer said when this app was refused a token for Iris.
    pub(crate) iris_refused: Option<Answer>,
    /// What `/accounts` has seen.
    pub(crate) accounts: Seen,
}

impl Kept {
    /// Remembers a question until its answer comes.
    pub(crate) fn ask(&mut self, target: Target, pending: Pending) {
        if self.asking.len() >= MOST_ASKING {
            self.asking.pop_front();
        }
        self.asking.push_back((target, pending));
    }

    /// The question that an answer belongs to. Taken out: it is accepted once, and only in the browser that asked.
    pub(crate) fn take_asked(&mut self, state: &str) -> Option<(Target, Pending)> {
        let place = self.asking.iter().position(|(_, pending)| pending.state == state)?;
        self.asking.remove(place)
    }

    /// What came back instead of a permission to use this, told once.
    pub(crate) fn take_declined(&mut self, target: Target) -> Option<Answer> {
        self.declined.take_if(|(of, _)| *of == target).map(|(_, answer)| answer)
    }

    /// The tour, at the first step that is not done.
    pub(crate) fn tour(&self) -> String {
        Step::ALL
            .into_iter()
            .find(|step| !self.done.contains(step))
            .map_or_else(|| "/".to_owned(), |step| format!("/#{}", step.id()))
    }
}

/// A sign-in or another question that has begun: three secrets that its answer must fit. `state` ties the answer to this browser,
/// `nonce` ties the ID token to this request, and the verifier proves to the issuer that whoever brings the code also asked.
pub(crate) struct Pending {
    pub(crate) state: String,
    pub(crate) nonce: String,
    pub(crate) verifier: String,
}

impl Pending {
    pub(crate) fn draw() -> Result<Pending, Trouble> {
        Ok(Pending { state: random()?, nonce: random()?, verifier: random()? })
    }

    /// What the issuer is told of the verifier (RFC 7636 §4.2, S256).
    pub(crate) fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(Sha256::digest(&self.verifier))
    }
}

/// Somebody who is signed in.
#[derive(Clone)]
pub(crate) struct SignedIn {
    pub(crate) tokens: Tokens,
    /// The claims of the ID token, which has been checked.
    pub(crate) claims: Map<String, Value>,
    /// The `kid` of the key that signed it.
    pub(crate) kid: String,
}

impl SignedIn {
    pub(crate) fn name(&self) -> &str {
        let claim = |name: &str| self.claims.get(name).and_then(Value::as_str);
        claim("name").or_else(|| claim("sub")).unwrap_or_default()
    }
}

/// A refresh, for the page that shows what it changed.
#[derive(Clone)]
pub(crate) struct Refreshed {
    pub(crate) before: SignedIn,
    pub(crate) after: SignedIn,
    /// The answer to the old refresh token, once somebody has tried it.
    pub(crate) replayed: Option<Replayed>,
}

#[derive(Clone)]
pub(crate) struct Replayed {
    pub(crate) token: Answer,
    /// What userinfo says to the newest access token after that.
    pub(crate) userinfo: Answer,
}

/// Every visit, by the digest-free id in its cookie: a sample keeps them in memory, an app of yours in its database.
pub(crate) struct Sessions {
    cookie: String,
    visits: Mutex<HashMap<String, Arc<tokio::sync::Mutex<Kept>>>>,
}

impl Sessions {
    /// Ports of one host share cookies, so the name carries ours.
    pub(crate) fn of(origin: &str) -> Sessions {
        let port = page::host(origin).rsplit_once(':').map_or("80", |(_, port)| port);
        Sessions { cookie: format!("notes_{port}"), visits: Mutex::default() }
    }

    fn find(&self, headers: &HeaderMap) -> Option<Visit> {
        let lines = headers.get_all(header::COOKIE).iter().filter_map(|line| line.to_str().ok());
        let id = lines.flat_map(|line| line.split(';')).find_map(|pair| {
            let (name, value) = pair.trim().split_once('=')?;
            (name == self.cookie).then(|| value.to_owned())
        })?;
        let kept = self.visits.lock().get(&id).cloned()?;
        Some(Visit { id, kept })
    }

    fn keep(&self, id: String, kept: Arc<tokio::sync::Mutex<Kept>>) -> Visit {
        let mut visits = self.visits.lock();
        // A sample on one computer: rather begin again than grow without end.
        if visits.len() >= MOST {
            visits.clear();
        }
        visits.insert(id.clone(), Arc::clone(&kept));
        Visit { id, kept }
    }

    /// Moves a visit to a new id: who knew the id before the sign-in does not know it after (session fixation).
    pub(crate) fn renew(&self, visit: &Visit) -> Result<HeaderValue, Trouble> {
        self.visits.lock().remove(&visit.id);
        let visit = self.keep(random()?, Arc::clone(&visit.kept));
        self.set_cookie(&visit)
    }

    /// On https this is `__Host-notes` with `Secure`; plain http on localhost is for samples only.
    fn set_cookie(&self, visit: &Visit) -> Result<HeaderValue, Trouble> {
        let text = format!("{}={}; Path=/; HttpOnly; SameSite=Lax", self.cookie, visit.id);
        HeaderValue::from_str(&text).map_err(|_| Trouble::Wrong("The cookie cannot be written"))
    }
}

/// Gives every request its visit; a browser without one gets a cookie.
pub(crate) async fn with_visit(State(notes): State<Notes>, mut request: Request, next: Next) -> Response {
    if let Some(visit) = notes.sessions.find(request.headers()) {
        request.extensions_mut().insert(visit);
        return next.run(request).await;
    }
    let begun = random().map_err(Trouble::from).map(|id| notes.sessions.keep(id, Arc::default()));
    let begun = begun.and_then(|visit| Ok((notes.sessions.set_cookie(&visit)?, visit)));
    let (cookie, visit) = match begun {
        Ok(begun) => begun,
        Err(trouble) => return trouble.into_response(),
    };
    request.extensions_mut().insert(visit);
    let mut response = next.run(request).await;
    if !response.headers().contains_key(header::SET_COOKIE) {
        response.headers_mut().insert(header::SET_COOKIE, cookie);
    }
    response
}
