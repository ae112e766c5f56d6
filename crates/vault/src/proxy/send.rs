//! Making a call.

use super::headers;
use super::inside::{self, Inspecting};
use super::outflow::{After, Filter, Outflow};
use super::plan::{Plan, Target};
use super::redact::Redactor;
use super::service::Service;
use crate::approval::{Frozen, Pending};
use crate::caller::Caller;
use crate::connection::{self, Connection, Credential};
use crate::grants::{self, Limits, Resolved, Wanted};
use crate::policy::{self, Case, Content, Counted, Rule, Verdict};
use crate::provider::sigv4::{self, Signed, Signer};
use crate::provider::{Injection, Quirk};
use crate::refusal::{Code, Error, Result, refuse};
use crate::secret::{self, ManagedSecret};
use crate::{Vault, acts};
use base::digest::Digest;
use base::{Fault, Secret, Time};
use bytes::Bytes;
use db::Tx;
use futures_util::StreamExt as _;
use http::header::{self, HeaderMap, HeaderName, HeaderValue};
use ledger::grant;
use ledger::journal::{self, Act, Entry};
use net::{Patience, Streamed, Trouble, Upload};
use serde_json::{Value, json};
use std::sync::Arc;
use std::time::Duration;
use tokio::time::Instant;

/// A body that has to be judged, signed or kept is at most this long.
const MOST_WHOLE: usize = 1 << 20;
const LONGEST_REASON: usize = 500;
/// A node that was used a moment ago need not be told again, in seconds.
const TOUCH_AFTER_SECS: i64 = 60;
/// A credential that ends within this is renewed first, in seconds.
const MARGIN_SECS: i64 = 60;

/// How a call came in: what is dropped in the one form is refused in the other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// Told as JSON, answered as JSON, within what its client waits.
    Json,
    /// As it is, streaming.
    Raw,
}

/// A call, as its caller wants it.
pub struct CallAsk {
    pub wanted: Wanted,
    pub method: String,
    pub target: Target,
    pub headers: HeaderMap,
    pub body: Upload,
    pub reason: Option<String>,
    pub form: Form,
}

/// What became of it.
#[derive(Debug)]
pub enum Called {
    Answer(Box<Answered>),
    /// It waits for a person.
    Waits(Pending),
}

/// A service's answer: its head, and its body on the way.
#[derive(Debug)]
pub struct Answered {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Outflow,
}

/// Everything about a call that the database knows.
pub(crate) struct Loaded {
    pub found: Resolved,
    /// What narrows the node and every node above it.
    pub limits: Vec<Limits>,
    pub rules: Vec<Rule>,
    pub secret: Option<ManagedSecret>,
}

/// A credential that is ready to go along.
pub(crate) struct Ready {
    pub version: i64,
    pub credential: Credential,
    pub injection: Injection,
    pub redactor: Redactor,
}

/// What the journal tells of a call besides what it is.
#[derive(Default)]
pub(crate) struct Told<'a> {
    pub reason: Option<&'a str>,
    pub why: Vec<Value>,
    pub approval: Option<&'a str>,
}

/// What a call is, whichever credential it goes with.
#[derive(Clone, Copy)]
struct Attempt<'a> {
    service: &'a Service,
    connection: &'a Connection,
    plan: &'a Plan,
    headers: &'a HeaderMap,
    form: Form,
}

/// A call that has been judged and may go.
pub(crate) struct Outgoing<'a> {
    pub caller: &'a Caller,
    pub loaded: &'a Loaded,
    pub service: &'a Service,
    pub plan: &'a Plan,
    pub headers: HeaderMap,
    pub body: Upload,
    pub counted: Vec<Counted>,
    pub form: Form,
    pub told: Told<'a>,
}

impl Vault {
    /// Makes a call in the name of whoever gave the permission that is meant.
    pub async fn call(&self, caller: &Caller, ask: CallAsk) -> Result<Called> {
        let (own, wanted, now) = (caller.clone(), ask.wanted, self.seams.now());
        let loaded = self.store.read(move |tx| load(tx, &own, &wanted, now)).await?;
        let service = self.service_of(&loaded).await?;
        let mut told = Told { reason: ask.reason.as_deref(), ..Told::default() };
        let plan = match plan(&ask.method, &ask.target, &ask.headers, ask.form, &service, &loaded) {
            Ok(plan) => plan,
            Err(error) => return Err(self.refused(caller, &loaded, None, told, error).await?),
        };
        let mut body = ask.body;
        let has_body = !matches!(body, Upload::Nothing);
        if caller.rule.is_some() {
            body = Upload::Whole(whole(body).await?);
        }
        let json: Option<Value> = match &body {
            Upload::Whole(bytes) => serde_json::from_slice(bytes).ok(),
            Upload::Nothing | Upload::Course(_) => None,
        };
        let content = Content { json: json.as_ref(), has_body };
        match judged(caller, &loaded, &service, &plan, &content) {
            Verdict::No { error, why } => {
                told.why = why;
                Err(self.refused(caller, &loaded, Some(&plan), told, error).await?)
            }
            Verdict::Pass { counted, why } => {
                told.why = why;
                let headers = headers::outwards(&ask.headers, is_signed(&service));
                let (loaded, service, plan, form) = (&loaded, &service, &plan, ask.form);
                let outgoing = Outgoing { caller, loaded, service, plan, headers, body, counted, form, told };
                Ok(Called::Answer(Box::new(self.go(outgoing).await?)))
            }
            Verdict::Ask { why, .. } if loaded.found.grant.kind == ledger::Kind::Connector => {
                told.why = why;
                let error = refuse(
                    Code::PolicyDenied,
                    "this call needs a person's approval, which a delegated token cannot ask for",
                );
                Err(self.refused(caller, &loaded, Some(&plan), told, error).await?)
            }
            Verdict::Ask { rules, why, .. } => {
                let headers = headers::outwards(&ask.headers, is_signed(&service));
                let body = whole(body).await?;
                let frozen = Frozen::of(caller, &loaded, &plan, &headers, &body, ask.reason.as_deref());
                Ok(Called::Waits(self.ask_person(caller, &loaded, &plan, frozen, rules, why).await?))
            }
        }
    }

    /// Sends what may go. The row comes first, the credential last.
    pub(crate) async fn go(&self, outgoing: Outgoing<'_>) -> Result<Answered> {
        let Outgoing { caller, loaded, service, plan, headers, mut body, counted, form, told } = outgoing;
        let (found, began) = (&loaded.found, Instant::now());
        let now = self.seams.now();
        if let Some(secs) = self.shared.pauses.left(&found.connection.id, now) {
            let error = refuse(Code::RateLimited, "the service asks to be left alone for a while")
                .with("scope", "provider")
                .with("retry_after", secs)
                .with("provider_id", found.connection.provider.clone());
            return Err(self.refused(caller, loaded, Some(plan), told, error).await?);
        }
        let Some(place) = self.shared.busy.enter(&found.grant.id) else {
            let error = refuse(Code::RateLimited, "too many calls of this grant run at once").with("scope", "grant");
            return Err(self.refused(caller, loaded, Some(plan), told, error.with("retry_after", 1)).await?);
        };
        let ready = match self.ready(service, &found.connection, None).await {
            Ok(ready) => ready,
            Err(error) => {
                let error = crate::hand_out::with_grant(error, found);
                return Err(self.refused(caller, loaded, Some(plan), told, error).await?);
            }
        };
        if is_signed(service) {
            body = signable(body, &found.connection).await?;
        }
        let call = self.write_before(caller, loaded, plan, told, counted).await?;
        let mut after = After {
            store: self.store.clone(),
            seams: self.seams.clone(),
            like: Box::new(row_of(caller, found)),
            call,
            status: None,
            began,
            passed: 0,
            is_whole: false,
            trouble: None,
        };
        let attempt = Attempt { service, connection: &found.connection, plan, headers: &headers, form };
        let sent = self.send_once(attempt, &ready, body).await;
        let sent = match sent {
            Ok((answer, Some(again))) if answer.status == 401 => match self.once_more(attempt, &ready, again).await {
                Ok(Some(second)) => Ok(second),
                Ok(None) => Ok((answer, ready)),
                Err(error) => Err(error),
            },
            Ok((answer, _)) => Ok((answer, ready)),
            Err(error) => Err(error),
        };
        let (answer, ready) = match sent {
            Ok(sent) => sent,
            Err(error) => {
                after.trouble = Some(match &error {
                    Error::Refused(refusal) => refusal.message,
                    Error::Fault(_) => "a fault",
                });
                return Err(error.with("provider_id", found.connection.provider.clone()));
            }
        };
        after.status = Some(answer.status);
        after.is_whole = plan.method == http::Method::HEAD || matches!(answer.status, 204 | 304);
        let pauses = &self.shared.pauses;
        pauses.heed(&found.connection.id, answer.status, &answer.headers, service.retry_after(), self.seams.now());
        let Some(filter) = filter_for(&answer.headers, &ready.redactor, after.is_whole) else {
            after.trouble = Some("the answer is compressed in a way that cannot be looked into");
            let error =
                refuse(Code::ProviderError, "the service compresses its answer in a way that it was not asked for");
            return Err(error.with("provider_id", found.connection.provider.clone()));
        };
        let mut back = headers::backwards(&answer.headers);
        ready.redactor.headers(&mut back);
        let body = Outflow::new(answer.body, filter, after, place);
        Ok(Answered { status: answer.status, headers: back, body })
    }

    /// What stands behind an account.
    pub(crate) async fn service_of(&self, loaded: &Loaded) -> Result<Service> {
        let connection = &loaded.found.connection;
        if connection.managed_secret.is_some() {
            let mut secret =
                loaded.secret.clone().ok_or_else(|| refuse(Code::SecretNotFound, "this secret has been removed"))?;
            let is_plain = |host: &&String| crate::provider::is_plain_host(host) && self.egress.names(host);
            secret.plain = secret.hosts.iter().filter(is_plain).cloned().collect();
            return Ok(Service::Secret(Arc::new(secret)));
        }
        let provider = self.provider(&connection.provider).await?;
        provider
            .map(Service::Provider)
            .ok_or_else(|| refuse(Code::ProviderMisconfigured, "this provider is not set up any more"))
    }

    /// Writes a refusal down and gives it back.
    pub(crate) async fn refused(
        &self,
        caller: &Caller,
        loaded: &Loaded,
        plan: Option<&Plan>,
        told: Told<'_>,
        error: Error,
    ) -> std::result::Result<Error, Fault> {
        let mut detail = detail(caller, loaded, plan, &told);
        if let Some(fields) = detail.as_object_mut() {
            fields.insert("code".to_owned(), error.code().map_or(Value::Null, |code| Value::from(code.as_str())));
        }
        let entry = row_of(caller, &loaded.found)(Entry::new(acts::CALL_REFUSED, &self.seams)?).detail(detail);
        self.store.write(move |tx| journal::write(tx, &entry)).await?;
        Ok(error)
    }

    /// The row before the call, and what limits count, in one write. Gives the name of the call.
    async fn write_before(
        &self,
        caller: &Caller,
        loaded: &Loaded,
        plan: &Plan,
        told: Told<'_>,
        counted: Vec<Counted>,
    ) -> Result<String> {
        let call = format!("call_{:016x}", self.seams.number()?);
        let mut detail = detail(caller, loaded, Some(plan), &told);
        if let Some(fields) = detail.as_object_mut() {
            fields.insert("call".to_owned(), Value::from(call.clone()));
        }
        let entry = row_of(caller, &loaded.found)(Entry::new(acts::CALL_SENT, &self.seams)?).detail(detail);
        let now = self.seams.now();
        let is_old = |used: Option<Time>| used.is_none_or(|used| used.plus_secs(TOUCH_AFTER_SECS) <= now);
        let grant_id =
            Some(&loaded.found.grant).filter(|grant| is_old(grant.last_used_at)).map(|grant| grant.id.clone());
        let connection = &loaded.found.connection;
        let connection_id = Some(connection).filter(|one| is_old(one.last_used_at)).map(|one| one.id.clone());
        let written = self
            .store
            .write(move |tx| {
                for limit in &counted {
                    let name = format!("policy.{}", limit.rule);
                    if !policy::count(tx, &name, limit.times, now.plus_secs(limit.per_secs), now)? {
                        let error = refuse(Code::QuotaExceeded, "a limit on these calls is used up");
                        return Err(error.with("rule", limit.rule.clone()).with("retry_after", limit.per_secs));
                    }
                }
                if let Some(id) = &grant_id {
                    grant::touch(tx, id, now)?;
                }
                if let Some(id) = &connection_id {
                    connection::touch(tx, id, now)?;
                }
                Ok::<_, Error>(journal::write(tx, &entry)?)
            })
            .await;
        match written {
            Ok(()) => Ok(call),
            Err(error) if error.code() == Some(Code::QuotaExceeded) => {
                let told = Told { reason: told.reason, why: vec![json!({ "says": "limit" })], approval: told.approval };
                Err(self.refused(caller, loaded, Some(plan), told, error).await?)
            }
            Err(error) => Err(error),
        }
    }

    /// The credential, renewed where its time is short, with all that is made of it.
    pub(crate) async fn ready(
        &self,
        service: &Service,
        connection: &Connection,
        refused: Option<i64>,
    ) -> Result<Arc<Ready>> {
        let now = self.seams.now();
        let is_good = connection.expires_at.is_none_or(|until| until > now.plus_secs(MARGIN_SECS));
        if refused.is_none() && is_good && connection.trouble.is_none() {
            if let Some(ready) = self.shared.kept.find(&connection.id, connection.version, &service.place()) {
                return Ok(ready);
            }
            let credential = connection.open(&self.sealer)?;
            return self.made_ready(service, connection, credential).await;
        }
        let fresh = self.fresh(&connection.id, refused).await?;
        self.made_ready(service, &fresh.connection, fresh.credential).await
    }

    async fn made_ready(
        &self,
        service: &Service,
        connection: &Connection,
        credential: Credential,
    ) -> Result<Arc<Ready>> {
        let needs_client = service.provider().is_some_and(|provider| provider.has(Quirk::TwitchClientId));
        let client = if needs_client { self.client_of(connection).await? } else { None };
        let client_id = client.as_ref().map(|client| client.client_id.as_str()).unwrap_or_default();
        let injection = service.injection(&credential, client_id, connection).ok_or_else(|| {
            refuse(Code::ProviderMisconfigured, "the credential is not of the kind that the service takes")
        })?;
        let made: Vec<Secret> =
            injection.headers.iter().filter(|(name, _)| name != "Client-Id").map(|(_, value)| value.clone()).collect();
        let redactor = Redactor::of(&credential, &made)?;
        let ready = Arc::new(Ready { version: connection.version, credential, injection, redactor });
        self.shared.kept.keep(&connection.id, connection.version, service.place(), &ready);
        Ok(ready)
    }

    /// Sends a call with a credential. The body comes back where it can be sent again.
    async fn send_once(&self, attempt: Attempt<'_>, ready: &Ready, body: Upload) -> Result<(Streamed, Option<Upload>)> {
        let (url, headers) = injected(attempt, ready, &body, self.seams.now())?;
        let again = match &body {
            Upload::Nothing => Some(Upload::Nothing),
            Upload::Whole(bytes) => Some(Upload::Whole(bytes.clone())),
            Upload::Course(_) => None,
        };
        let egress = self.egress_of(&attempt.connection.provider);
        let method = attempt.plan.method.clone();
        let sent = egress.stream(method, url.reveal(), headers, body, patience(attempt.form)).await;
        sent.map(|answer| (answer, again)).map_err(told_of)
    }

    /// After a 401: the same call with a credential that was renewed for it, once. Nothing when there is no other credential.
    async fn once_more(
        &self,
        attempt: Attempt<'_>,
        used: &Ready,
        body: Upload,
    ) -> Result<Option<(Streamed, Arc<Ready>)>> {
        if !attempt.connection.can_refresh {
            return Ok(None);
        }
        let ready = match self.ready(attempt.service, attempt.connection, Some(used.version)).await {
            Ok(ready) => ready,
            // It could not be renewed just now: the service's own answer says more than ours would.
            Err(error) if error.code() == Some(Code::ProviderUnreachable) => return Ok(None),
            Err(error) => return Err(error),
        };
        if ready.version == used.version {
            return Ok(None);
        }
        let (answer, _) = self.send_once(attempt, &ready, body).await?;
        Ok(Some((answer, ready)))
    }
}

/// Reads what the database knows of a call.
pub(crate) fn load(tx: &mut Tx<'_>, caller: &Caller, wanted: &Wanted, now: Time) -> Result<Loaded> {
    let found = grants::resolve(tx, caller, wanted, now)?;
    let mut limits = grants::limits_above(tx, &found.grant)?;
    let mut rules = policy::list_live(tx, &caller.app)?;
    if let Some(resource) = &wanted.resource {
        limits.push(Limits { allowed_endpoints: Some(resource.allow.clone()), ..Limits::default() });
        if resource.owner != caller.app {
            rules.extend(policy::list_live(tx, &resource.owner)?);
        }
    }
    let secret = match &found.connection.managed_secret {
        Some(id) => secret::find(tx, id)?,
        None => None,
    };
    Ok(Loaded { found, limits, rules, secret })
}

/// The decision on a call.
pub(crate) fn judged(
    caller: &Caller,
    loaded: &Loaded,
    service: &Service,
    plan: &Plan,
    content: &Content<'_>,
) -> Verdict {
    policy::decide(&Case {
        caller,
        found: &loaded.found,
        limits: &loaded.limits,
        provider: service.provider(),
        rules: &loaded.rules,
        plan,
        content,
    })
}

fn plan(
    method: &str,
    target: &Target,
    sent: &HeaderMap,
    form: Form,
    service: &Service,
    loaded: &Loaded,
) -> Result<Plan> {
    if form == Form::Json && headers::refused(sent.keys().map(HeaderName::as_str)).is_some() {
        return Err(refuse(Code::InvalidRequest, "headers holds one that calls must not carry"));
    }
    Plan::of(method, target, service, &loaded.found.connection)
}

/// A body that is at hand as a whole, if it is not too long for that.
pub(crate) async fn whole(body: Upload) -> Result<Bytes> {
    let too_long =
        || refuse(Code::RequestTooLarge, "this call has to be judged as a whole, and its body is too long for that");
    match body {
        Upload::Nothing => Ok(Bytes::new()),
        Upload::Whole(bytes) if bytes.len() > MOST_WHOLE => Err(too_long()),
        Upload::Whole(bytes) => Ok(bytes),
        Upload::Course(mut course) => {
            let mut all = Vec::new();
            while let Some(piece) = course.next().await {
                let piece = piece.map_err(|_| refuse(Code::InvalidRequest, "the body broke off"))?;
                if all.len() + piece.len() > MOST_WHOLE {
                    return Err(too_long());
                }
                all.extend_from_slice(&piece);
            }
            Ok(all.into())
        }
    }
}

fn is_signed(service: &Service) -> bool {
    service.provider().is_some_and(|provider| provider.auth.kind == crate::provider::AuthKind::AwsSigv4)
}

/// A signature is over the whole body, but for S3, which takes one that streams.
async fn signable(body: Upload, connection: &Connection) -> Result<Upload> {
    if connection.inputs.get("service").is_some_and(|service| service == "s3") {
        return Ok(body);
    }
    match body {
        Upload::Nothing => Ok(Upload::Nothing),
        other => Ok(Upload::Whole(whole(other).await?)),
    }
}

/// Address and headers with the credential in them: the last thing before a call leaves.
fn injected(attempt: Attempt<'_>, ready: &Ready, body: &Upload, now: Time) -> Result<(Secret, HeaderMap)> {
    let misfit = || Fault::new("call: the credential does not fit into a header");
    let plan = attempt.plan;
    let mut headers = attempt.headers.clone();
    for (name, value) in &ready.injection.defaults {
        headers.entry(*name).or_insert(HeaderValue::from_str(value).map_err(|_| misfit())?);
    }
    for (name, value) in &ready.injection.headers {
        let name = HeaderName::from_bytes(name.as_bytes()).map_err(|_| misfit())?;
        let mut value = HeaderValue::from_str(value.reveal()).map_err(|_| misfit())?;
        value.set_sensitive(true);
        headers.insert(name, value);
    }
    let mut url = plan.url();
    if !ready.injection.query.is_empty() {
        let names = url::form_urlencoded::parse(plan.query.as_deref().unwrap_or_default().as_bytes());
        let is_taken = |name: &str| ready.injection.query.iter().any(|(own, _)| own.eq_ignore_ascii_case(name));
        if names.into_iter().any(|(name, _)| is_taken(&name)) {
            return Err(refuse(Code::InvalidRequest, "the query holds what the credential stands in"));
        }
        for (name, value) in &ready.injection.query {
            url.push(if url.contains('?') { '&' } else { '?' });
            let pair = url::form_urlencoded::Serializer::new(String::new()).append_pair(name, value.reveal()).finish();
            url.push_str(&pair);
        }
    }
    if ready.injection.is_signed {
        sign(attempt, &mut headers, ready, body, now)?;
    }
    Ok((Secret::new(url), headers))
}

fn sign(attempt: Attempt<'_>, headers: &mut HeaderMap, ready: &Ready, body: &Upload, now: Time) -> Result<()> {
    let misfit = || refuse(Code::ProviderMisconfigured, "this account has no region or service to sign for");
    let (connection, plan) = (attempt.connection, attempt.plan);
    let (key_id, secret) =
        ready.credential.get("access_key_id").zip(ready.credential.get("secret_key")).ok_or_else(misfit)?;
    // What a host says of itself goes before what was given: `sts` has hosts of its own.
    let own = plan.host.split('.').next().filter(|label| *label == "sts");
    let name = own.or(connection.inputs.get("service").map(String::as_str)).ok_or_else(misfit)?;
    let region = connection.inputs.get("region").ok_or_else(misfit)?;
    let moment = sigv4::moment(now);
    let digest = match body {
        Upload::Nothing => Digest::of(b"").hex(),
        Upload::Whole(bytes) => Digest::of(bytes).hex(),
        Upload::Course(_) => sigv4::UNSIGNED.to_owned(),
    };
    let mut add = |name: &'static str, value: &str| {
        let mut value = HeaderValue::from_str(value).map_err(|_| misfit())?;
        value.set_sensitive(true);
        headers.insert(name, value);
        Ok::<_, Error>(())
    };
    add("x-amz-date", &moment)?;
    add("x-amz-content-sha256", &digest)?;
    if let Some(session) = ready.credential.get("session_token") {
        add("x-amz-security-token", session.reveal())?;
    }
    let mut signed: Vec<(&str, &str)> = vec![("host", plan.host.as_str())];
    let is_signed = |name: &str| name.starts_with("x-amz-") || name == "content-type";
    signed.extend(
        headers
            .iter()
            .filter(|(name, _)| is_signed(name.as_str()))
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?))),
    );
    let what = Signed {
        method: plan.method.as_str(),
        path: plan.path.sent(),
        query: plan.query.as_deref().unwrap_or_default(),
        headers: &signed,
        body: &digest,
    };
    let signer = Signer { key_id: key_id.reveal(), secret, region, service: name };
    let value = sigv4::authorization(signer, what, &moment);
    let mut value = HeaderValue::from_str(value.reveal()).map_err(|_| misfit())?;
    value.set_sensitive(true);
    headers.insert(header::AUTHORIZATION, value);
    Ok(())
}

/// How an answer is kept free of the credential; nothing when nobody can tell what is in it.
fn filter_for(headers: &HeaderMap, redactor: &Redactor, has_no_body: bool) -> Option<Filter> {
    let mut encodings = headers.get_all(header::CONTENT_ENCODING).iter().filter(|value| *value != "identity");
    match (encodings.next(), encodings.next()) {
        (None, _) => Some(Filter::Covering(redactor.course())),
        _ if has_no_body => Some(Filter::Covering(redactor.course())),
        (Some(one), None) if inside::is_known(one.as_bytes()) => {
            Some(Filter::Inspecting(Box::new(Inspecting::of(redactor.clone()))))
        }
        _ => None,
    }
}

/// The published client gives up after thirty seconds; whoever streams waits as long as something happens.
fn patience(form: Form) -> Patience {
    match form {
        Form::Json => Patience { head: Duration::from_secs(25), pause: Duration::from_secs(10) },
        Form::Raw => Patience { head: Duration::from_mins(5), pause: Duration::from_mins(2) },
    }
}

fn told_of(trouble: Trouble) -> Error {
    match trouble {
        Trouble::BadUrl | Trouble::NotPublic => {
            refuse(Code::BlockedDestination, "the address of the service is not on the public internet")
        }
        Trouble::TooSlow => refuse(Code::UpstreamTimeout, "the service takes too long to answer")
            .with("details", json!({ "timeout_reason": "upstream_timeout" })),
        Trouble::TooLarge => refuse(Code::ProviderError, "the head of the service's answer is too large"),
        Trouble::Unreachable | Trouble::Redirected => {
            refuse(Code::ProviderUnreachable, "the service cannot be reached, or broke the connection")
        }
    }
}

/// Who did it and for whom, on a row.
fn row_of(caller: &Caller, found: &Resolved) -> impl Fn(Entry) -> Entry + Send + Sync + 'static {
    let (app, source, grant) = (caller.app.clone(), caller.source.clone(), found.grant.id.clone());
    let agent = caller.agent.as_ref().map(|agent| agent.id.clone()).or_else(|| found.grant.agent.clone());
    let subject = grants::subject_of(&found.root);
    move |entry| {
        let entry = entry.app(&app).grant(&grant).source(&source);
        let entry = match &agent {
            Some(agent) => entry.agent(agent),
            None => entry,
        };
        grants::about(entry, &subject)
    }
}

/// What was called, and why it may be. No query, no header, no body: none of them is ours to keep.
fn detail(caller: &Caller, loaded: &Loaded, plan: Option<&Plan>, told: &Told<'_>) -> Value {
    let mut all = json!({
        "provider": loaded.found.connection.provider,
        "account": loaded.found.connection.label,
        "key": caller.hint,
    });
    if let Some(fields) = all.as_object_mut() {
        if let Some(plan) = plan {
            fields.insert("method".to_owned(), Value::from(plan.method.as_str()));
            fields.insert("url".to_owned(), Value::from(crate::hand_out::cut(&plan.place(), 2048)));
        }
        if let Some(reason) = told.reason {
            fields.insert("reason".to_owned(), Value::from(crate::hand_out::cut(reason, LONGEST_REASON)));
        }
        if let Some(agent) = &caller.agent {
            fields.insert("agent".to_owned(), Value::from(agent.name.clone()));
        }
        if !caller.context.is_empty() {
            fields.insert("context".to_owned(), json!(caller.context));
        }
        if !told.why.is_empty() {
            fields.insert("why".to_owned(), Value::from(told.why.clone()));
        }
        if let Some(approval) = told.approval {
            fields.insert("approval".to_owned(), Value::from(approval));
        }
    }
    all
}

/// A row of an approval: the same words as those of the call itself.
pub(crate) fn approval_row(
    act: Act,
    vault: &Vault,
    caller: &Caller,
    loaded: &Loaded,
    plan: &Plan,
    told: &Told<'_>,
) -> std::result::Result<Entry, Fault> {
    let entry = row_of(caller, &loaded.found)(Entry::new(act, &vault.seams)?);
    Ok(entry.detail(detail(caller, loaded, Some(plan), told)))
}
