//! A backend opens a session.

use super::{GrantPolicy, PREFIX, Restrictions, Results, Session, Stage, Terms, rows};
use crate::caller::{Caller, Subject};
use crate::catalogue::Configured;
use crate::grants;
use crate::refusal::{Code, Error, Result, refuse};
use crate::{Vault, acts};
use base::{Bearer, GrantId, Origin, Scope, Secret, Time};
use ledger::journal;
use serde_json::json;
use std::collections::BTreeMap;

/// What a backend asks.
#[derive(Debug, Clone, Default)]
pub struct SessionAsk {
    /// Nothing for every provider that the app can use.
    pub providers: Option<Vec<String>>,
    pub return_url: Option<String>,
    pub origin: Option<String>,
    pub subject: Option<Subject>,
    pub agent: Option<String>,
    pub delegable: Option<bool>,
    pub scope_constraint: Option<Vec<String>>,
    pub required_scopes: BTreeMap<String, Vec<String>>,
    pub policy: Option<GrantPolicy>,
    pub label: Option<String>,
    pub restrictions: Option<Restrictions>,
    pub repair: Option<GrantId>,
    pub direct: bool,
    pub switch_account: bool,
    pub no_user_rules: bool,
    pub ip_address: Option<String>,
    pub user_agent: Option<String>,
}

/// What the app has registered of itself.
#[derive(Debug, Clone, Default)]
pub struct AppFacts {
    pub website: Option<Origin>,
    pub redirects: Vec<Origin>,
}

/// A session that was opened.
#[derive(Debug, Clone)]
pub struct Opened {
    pub token: Secret,
    pub expires_in_secs: i64,
    pub expires_at: Time,
    pub warnings: Vec<String>,
    pub is_single: bool,
    pub direct: bool,
}

impl Vault {
    /// Opens a session. Everything that it will ask of the person is judged here.
    pub async fn open_session(&self, caller: &Caller, app: &AppFacts, ask: SessionAsk) -> Result<Opened> {
        let configured = self.chosen(caller, &ask).await?;
        let origin = origin_of(&ask, app)?;
        let return_url = ask.return_url.as_deref().map(|url| check_return(url, origin.as_ref(), app)).transpose()?;
        check_shape(&ask, configured.len())?;
        let scopes = check_scopes(&ask, &configured)?;
        let warnings = check_constraint(&ask, &configured, &scopes)?;
        let (agent, repair) = (self.agent_of(caller, &ask).await?, self.repaired(caller, &ask, &configured).await?);
        let (seams, now) = (&self.seams, self.seams.now());
        let number = seams.number()?;
        let token = Bearer::mint(PREFIX, number, seams.entropy())?;
        let expires_at = now.plus_secs(self.settings.session_secs);
        // A question to the person needs the page that asks it.
        let direct = ask.direct && ask.delegable != Some(true);
        let terms = Terms {
            providers: configured.iter().map(|own| own.provider.id.clone()).collect(),
            scopes,
            label: ask.label.clone(),
            restrictions: ask.restrictions.clone(),
            policy: ask.policy.clone(),
            agent_name: agent.as_ref().map(|(_, name)| name.clone()),
            agent: agent.map(|(id, _)| id),
            delegable: ask.delegable,
            scope_constraint: ask.scope_constraint.clone(),
            repair: repair.as_ref().map(|(grant, _)| grant.clone()),
            repair_connection: repair.map(|(_, connection)| connection),
            direct,
            switch_account: ask.switch_account,
            no_user_rules: ask.no_user_rules,
            ip_address: ask.ip_address.clone(),
            user_agent: ask.user_agent.clone(),
            agent_refused: false,
        };
        let is_single = terms.providers.len() == 1;
        let session = Session {
            number,
            digest: token.digest().bytes().to_vec(),
            app: caller.app.clone(),
            subject: ask.subject.clone().unwrap_or(Subject::App),
            origin: origin.map(|origin| origin.as_str().to_owned()),
            return_url,
            terms,
            created_at: now,
            expires_at,
            browser: None,
            transport: None,
            confirmed_at: None,
            stage: Stage::Page,
            result: Results::default(),
            ended_at: None,
        };
        let detail = json!({ "providers": session.terms.providers, "key": caller.hint, "direct": direct });
        let entry =
            journal::Entry::new(acts::SESSION_OPENED, seams)?.app(&caller.app).source(&caller.source).detail(detail);
        let entry = grants::about(entry, &session.subject);
        self.store
            .write(move |tx| {
                rows::insert(tx, &session)?;
                Ok::<_, Error>(journal::write(tx, &entry)?)
            })
            .await?;
        Ok(Opened {
            token: token.secret().clone(),
            expires_in_secs: self.settings.session_secs,
            expires_at,
            warnings,
            is_single,
            direct,
        })
    }

    async fn chosen(&self, caller: &Caller, ask: &SessionAsk) -> Result<Vec<Configured>> {
        let all = self.configured(&caller.app).await?;
        let Some(wanted) = &ask.providers else {
            if all.is_empty() {
                return Err(refuse(Code::UnknownProvider, "no provider is set up for this app"));
            }
            return Ok(all);
        };
        if wanted.is_empty() {
            return Err(refuse(Code::InvalidRequest, "allowed_providers is empty: leave it out for all of them"));
        }
        let mut chosen: Vec<Configured> = Vec::with_capacity(wanted.len());
        for id in wanted {
            let id = id.trim().to_ascii_lowercase();
            if chosen.iter().any(|own| own.provider.id == id) {
                continue;
            }
            let found = all.iter().find(|own| own.provider.id == id).cloned();
            chosen.push(found.ok_or_else(|| {
                refuse(Code::UnknownProvider, "allowed_providers names a provider that is not set up for this app")
            })?);
        }
        Ok(chosen)
    }

    async fn agent_of(&self, caller: &Caller, ask: &SessionAsk) -> Result<Option<(String, String)>> {
        let Some(wanted) = ask.agent.clone() else { return Ok(None) };
        if ask.subject.is_none() {
            return Err(refuse(Code::AgentRequiresUserToken, "an agent is let in by a person: send user_token"));
        }
        if let Some(acting) = &caller.agent
            && acting.id.as_str() != wanted
            && acting.name != wanted
        {
            return Err(refuse(Code::AgentCannotDelegate, "an agent can ask for itself alone"));
        }
        let app = caller.app.clone();
        let found = self.store.read(move |tx| grants::find_agent(tx, &app, &wanted)).await?;
        let (id, name) = found.ok_or_else(|| refuse(Code::AgentNotFound, "there is no such active agent"))?;
        Ok(Some((id.as_str().to_owned(), name)))
    }

    async fn repaired(
        &self,
        caller: &Caller,
        ask: &SessionAsk,
        configured: &[Configured],
    ) -> Result<Option<(String, String)>> {
        let Some(id) = &ask.repair else { return Ok(None) };
        let (app, id, now) = (caller.app.clone(), id.clone(), self.seams.now());
        let found = self.store.read(move |tx| {
            let grant =
                ledger::grant::find(tx, &id)?.filter(|grant| grant.app.as_ref() == Some(&app) && grant.is_live(now));
            let Some(connection) = grant.and_then(|grant| grant.connection) else { return Ok(None) };
            crate::connection::find(tx, &connection)
        });
        let found = found.await?.filter(|found| found.ended_at.is_none());
        let found =
            found.ok_or_else(|| refuse(Code::GrantNotFound, "repair_grant_id names no live grant of this app"))?;
        if found.subject() != ask.subject.clone().unwrap_or(Subject::App) {
            return Err(refuse(Code::GrantNotFound, "repair_grant_id names no live grant of this person"));
        }
        if configured.first().is_none_or(|own| own.provider.id != found.provider) {
            return Err(refuse(Code::InvalidRequest, "repair_grant_id is of another provider than allowed_providers"));
        }
        let grant = ask.repair.as_ref().map(|id| id.as_str().to_owned()).unwrap_or_default();
        Ok(Some((grant, found.id.as_str().to_owned())))
    }
}

fn check_shape(ask: &SessionAsk, providers: usize) -> Result<()> {
    let wrong = |message| Err(refuse(Code::InvalidRequest, message));
    if ask.direct && providers != 1 {
        return wrong("direct needs exactly one provider");
    }
    if ask.repair.is_some() && (providers != 1 || ask.agent.is_some() || ask.label.is_some() || ask.switch_account) {
        return wrong("repair_grant_id needs exactly one provider, and no agent, requested_grant or switch_account");
    }
    if ask.label.as_deref().is_some_and(|label| label.trim().is_empty() || label.chars().count() > 255) {
        return wrong("requested_grant.label has 1 to 255 characters");
    }
    if ask.delegable.is_some() && ask.agent.is_none() {
        return wrong("delegable is about an agent: name one");
    }
    let positive = |secs: Option<i64>| secs.is_none_or(|secs| secs > 0);
    if let Some(policy) = &ask.policy {
        let fits = match (policy.default_ttl_seconds, policy.max_ttl_seconds) {
            (Some(default), Some(most)) => default <= most,
            _ => true,
        };
        if !positive(policy.max_ttl_seconds) || !positive(policy.default_ttl_seconds) || !fits {
            return Err(refuse(
                Code::InvalidGrantPolicy,
                "the lifetimes of grant_policy are above zero, and default is not above max",
            ));
        }
    }
    Ok(())
}

/// The origin that the result is posted to: what the backend says, else the app's website.
fn origin_of(ask: &SessionAsk, app: &AppFacts) -> Result<Option<Origin>> {
    match ask.origin.as_deref() {
        None => Ok(app.website.clone()),
        Some(text) => Origin::parse(text).filter(|origin| !origin.as_str().contains('*')).map(Some).ok_or_else(|| {
            refuse(
                Code::InvalidOrigin,
                "allowed_origin is scheme and host alone: no *, path, trailing slash, query or user; http on loopback only",
            )
        }),
    }
}

fn check_return(url: &str, origin: Option<&Origin>, app: &AppFacts) -> Result<String> {
    let own = Origin::of(url)
        .ok_or_else(|| refuse(Code::InvalidReturnUrl, "return_url is an https address, or http on loopback"))?;
    let is_known = origin == Some(&own) || app.website.as_ref() == Some(&own) || app.redirects.contains(&own);
    if !is_known {
        return Err(refuse(
            Code::InvalidReturnUrl,
            "return_url lies on allowed_origin, the app's website or one of its redirect URIs",
        ));
    }
    Ok(url.to_owned())
}

fn check_scopes(ask: &SessionAsk, configured: &[Configured]) -> Result<BTreeMap<String, Vec<String>>> {
    let mut scopes = BTreeMap::new();
    for (id, wanted) in &ask.required_scopes {
        let id = id.trim().to_ascii_lowercase();
        let Some(own) = configured.iter().find(|own| own.provider.id == id) else {
            return Err(refuse(
                Code::ScopeNotAllowed,
                "required_scopes names a provider that the session does not allow",
            ));
        };
        if wanted.iter().any(|scope| Scope::parse(scope).is_none_or(|scope| scope.len() != 1) || !own.may_ask(scope)) {
            return Err(refuse(Code::ScopeNotAllowed, "required_scopes holds a scope that the app may not ask")
                .with("provider_id", id));
        }
        scopes.insert(id, wanted.clone());
    }
    Ok(scopes)
}

/// A ceiling must fit at least one provider; where it does not, the backend is warned.
fn check_constraint(
    ask: &SessionAsk,
    configured: &[Configured],
    scopes: &BTreeMap<String, Vec<String>>,
) -> Result<Vec<String>> {
    let Some(constraint) = &ask.scope_constraint else { return Ok(Vec::new()) };
    let wrong = |message| Err(refuse(Code::InvalidScopeConstraint, message));
    if ask.agent.is_none() {
        return wrong("scope_constraint is a ceiling for an agent: name one");
    }
    let is_word = |scope: &String| !scope.trim().is_empty() && !scope.contains('*') && scope.len() <= 512;
    if constraint.is_empty() || constraint.len() > 100 || !constraint.iter().all(is_word) {
        return wrong("scope_constraint has 1 to 100 scopes of at most 512 characters, without *");
    }
    let mut warnings = Vec::new();
    for own in configured {
        let asked = match scopes.get(&own.provider.id) {
            Some(asked) => Scope::of(asked),
            None => own.default_scopes(),
        };
        if constraint.iter().all(|scope| !asked.has(scope)) {
            warnings.push(format!("{}: none of the constraint's scopes is asked there", own.provider.id));
        }
    }
    if warnings.len() == configured.len() {
        return wrong("scope_constraint holds no scope that any of the providers is asked for");
    }
    Ok(warnings)
}
