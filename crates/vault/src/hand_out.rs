//! Handing a credential to the app itself (`connect-wire.md` 2.6.4, threat 166): on for compatibility, off by the app's own switch,
//! and never where single calls have to be judged. The refresh token stays here.

use crate::caller::Caller;
use crate::connection::Connection;
use crate::grants::{self, Limits, Resolved, Wanted, about};
use crate::provider::{AuthKind, Provider};
use crate::refresh::Fresh;
use crate::refusal::{Code, Error, Result, refuse};
use crate::{Vault, acts, connection, policy};
use base::{Secret, Time};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use ledger::grant;
use ledger::journal;
use serde_json::json;

/// What an app asks a credential for.
#[derive(Debug, Clone, Default)]
pub struct HandOutAsk {
    pub wanted: Wanted,
    pub method: String,
    pub url: String,
    pub reason: Option<String>,
}

/// A credential on its way out, and where it goes in a call.
#[derive(Debug, Clone)]
pub struct HandedOut {
    pub grant: base::GrantId,
    pub connection: Connection,
    pub token: Secret,
    pub header: String,
    /// Holds `{token}`, or begins with `AWS4-HMAC-SHA256`.
    pub format: String,
    pub more: Vec<(String, Secret)>,
    /// Target (`header`, `query_param`), key, and where the value is taken from.
    pub injections: Vec<(&'static str, String, String)>,
    pub expires_at: Option<Time>,
}

impl Vault {
    /// Hands out the credential of a permission. `is_on` is the app's switch `hand_out_tokens`.
    pub async fn hand_out(&self, caller: &Caller, is_on: bool, ask: HandOutAsk) -> Result<HandedOut> {
        let found = self.resolve(caller, ask.wanted.clone()).await?;
        let may = match may_hand_out(caller, &found, is_on) {
            Ok(()) => self.may_leave(caller, &found).await?,
            refused => refused,
        };
        if let Err(error) = may {
            self.note_refusal(caller, &found, &ask, &error).await?;
            return Err(error);
        }
        let fresh = self.fresh(&found.connection.id, None).await.map_err(|error| with_grant(error, &found))?;
        let provider = self
            .provider(&found.connection.provider)
            .await?
            .ok_or_else(|| refuse(Code::ProviderMisconfigured, "this provider is not set up any more"))?;
        let given = given(&provider, &fresh, found.grant.id.clone())
            .ok_or_else(|| refuse(Code::RestrictedGrantRequiresProxy, "this credential is used through the proxy"))?;
        let detail = json!({
            "provider": found.connection.provider, "method": cut(&ask.method, 16), "url": cut(without_query(&ask.url), 2048),
            "reason": ask.reason.as_deref().map(|text| cut(text, 500)), "generation": fresh.connection.generation,
            "key": caller.hint, "context": caller.context,
        });
        let entry = journal::Entry::new(acts::TOKEN_HANDED_OUT, &self.seams)?
            .app(&caller.app)
            .grant(&found.grant.id)
            .source(&caller.source)
            .detail(detail);
        let (entry, now) = (about(entry, &found.subject()), self.seams.now());
        let (grant_id, connection_id) = (found.grant.id.clone(), found.connection.id.clone());
        // The row before the token: what could not be written down does not leave (threat 170).
        self.store
            .write(move |tx| {
                grant::touch(tx, &grant_id, now)?;
                connection::touch(tx, &connection_id, now)?;
                Ok::<_, Error>(journal::write(tx, &entry)?)
            })
            .await?;
        Ok(given)
    }

    /// Whether the raw credential may leave as far as rules go. A rule that judges single calls keeps it here: nothing binds whoever has a
    /// token to the call that was announced.
    async fn may_leave(&self, caller: &Caller, found: &Resolved) -> Result<Result<()>> {
        let (app, grant) = (caller.app.clone(), found.grant.clone());
        let (rules, limits) = self
            .store
            .read(move |tx| Ok::<_, Error>((policy::list_live(tx, &app)?, grants::limits_above(tx, &grant)?)))
            .await?;
        if limits.iter().any(Limits::needs_proxy) {
            let sentence = "what this grant hangs on is narrowed: call through the proxy";
            return Ok(Err(refuse(Code::RestrictedGrantRequiresProxy, sentence)));
        }
        Ok(policy::bound_to_proxy(&rules, caller, found).map_or(Ok(()), Err))
    }

    async fn note_refusal(&self, caller: &Caller, found: &Resolved, ask: &HandOutAsk, error: &Error) -> Result<()> {
        let code = error.code().map(Code::as_str);
        let detail = json!({
            "provider": found.connection.provider, "method": cut(&ask.method, 16), "url": cut(without_query(&ask.url), 2048),
            "code": code, "key": caller.hint,
        });
        let entry = journal::Entry::new(acts::TOKEN_REFUSED, &self.seams)?
            .app(&caller.app)
            .grant(&found.grant.id)
            .source(&caller.source)
            .detail(detail);
        let entry = about(entry, &found.subject());
        Ok(self.store.write(move |tx| journal::write(tx, &entry)).await?)
    }
}

fn may_hand_out(caller: &Caller, found: &Resolved, is_on: bool) -> Result<()> {
    if !is_on {
        return Err(refuse(Code::HandOutDisabled, "this app does not hand out tokens: call through the proxy"));
    }
    if caller.agent.is_some() || found.grant.agent.is_some() {
        return Err(refuse(Code::DelegatedGrantRequiresProxy, "an agent calls through the proxy"));
    }
    if found.limits.needs_proxy() || found.connection.managed_secret.is_some() || caller.rule.is_some() {
        return Err(refuse(Code::RestrictedGrantRequiresProxy, "this grant is narrowed: call through the proxy"));
    }
    Ok(())
}

fn given(provider: &Provider, fresh: &Fresh, grant: base::GrantId) -> Option<HandedOut> {
    let (credential, connection) = (&fresh.credential, &fresh.connection);
    let mut out = HandedOut {
        grant,
        connection: connection.clone(),
        token: Secret::new(""),
        header: "Authorization".to_owned(),
        format: "Bearer {token}".to_owned(),
        more: Vec::new(),
        injections: Vec::new(),
        expires_at: connection.expires_at,
    };
    match provider.auth.kind {
        AuthKind::Oauth2 | AuthKind::Oidc | AuthKind::ApiKey => {
            let injection = provider.injection(credential, "", &connection.inputs)?;
            let own = credential.access_token().or_else(|| credential.get("key"))?;
            out.token = own.clone();
            if let Some((name, value)) = injection.headers.first() {
                out.header.clone_from(name);
                out.format = value.reveal().replacen(own.reveal(), "{token}", 1);
            }
            for (name, _) in &injection.query {
                out.injections.push(("query_param", name.clone(), "token".to_owned()));
            }
            for (name, value) in injection.headers.iter().skip(1).filter(|(name, _)| name != "Client-Id") {
                let key = name.to_ascii_lowercase();
                out.injections.push(("header", name.clone(), format!("additional_credentials.{key}")));
                out.more.push((key, value.clone()));
            }
        }
        AuthKind::Basic => {
            let pair = format!("{}:{}", credential.get("user")?.reveal(), credential.get("password")?.reveal());
            out.token = Secret::new(STANDARD.encode(pair));
            "Basic {token}".clone_into(&mut out.format);
        }
        AuthKind::AwsSigv4 => {
            out.token = credential.get("access_key_id")?.clone();
            "AWS4-HMAC-SHA256".clone_into(&mut out.format);
            for name in ["secret_key", "session_token"] {
                out.more.extend(credential.get(name).map(|secret| (name.to_owned(), secret.clone())));
            }
            for name in ["region", "service"] {
                out.more.extend(connection.inputs.get(name).map(|text| (name.to_owned(), Secret::new(text.clone()))));
            }
        }
    }
    Some(out)
}

/// A refusal about a credential, with the permission that it was asked for.
pub(crate) fn with_grant(error: Error, found: &Resolved) -> Error {
    error.with("grant_id", found.grant.id.as_str())
}

pub(crate) fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

pub(crate) fn cut(text: &str, most: usize) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(most).collect()
}
