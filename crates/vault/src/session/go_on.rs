//! What the person does on the page: chooses a service, uses what is linked already, declines, finishes.

use super::{DENIED, Declined, Results, Session, SessionError, Stage, Status, rows};
use crate::catalogue::Configured;
use crate::connection::Connection;
use crate::grants::{self, Granted, Operation};
use crate::link::{Keeping, Outcome, Purpose};
use crate::provider::{Inputs, Scope as ProviderScope};
use crate::refusal::{Code, Result, refuse};
use crate::{Vault, acts};
use base::{ConnectionId, Digest, Fault, Scope, Time};
use ledger::journal;
use serde_json::json;

/// A service on the page.
#[derive(Debug, Clone)]
pub struct Linkable {
    pub configured: Configured,
    /// What will be asked there.
    pub scopes: Scope,
    /// The accounts that are linked already and whose permission would be used again.
    pub linked: Vec<Connection>,
}

impl Linkable {
    /// The scopes in words; one that the descriptor does not know stands as it is.
    pub fn in_words(&self) -> Vec<ProviderScope> {
        self.configured.provider.in_words(&self.scopes)
    }
}

/// What the person chose.
#[derive(Debug, Clone)]
pub enum Choice {
    /// To go to the service.
    Continue { provider: String, inputs: Inputs },
    /// To use an account that is linked already.
    Use { provider: String, connection: ConnectionId },
    /// To give a key that the service has given them.
    Key { provider: String, inputs: Inputs, secrets: Vec<(String, base::Secret)> },
    /// To leave out one of several services.
    Skip { provider: String },
    /// To end without anything.
    Cancel,
    /// That it is all.
    Finish,
}

/// Where the browser goes next.
#[derive(Debug, Clone)]
pub enum Next {
    /// To the service.
    Away(String),
    /// Back to the page of the session.
    Page,
    /// To the page again, with a sentence why not.
    Again(&'static str),
}

impl Vault {
    /// The services of a session, and what is linked there already.
    pub async fn linkables(&self, session: &Session) -> Result<Vec<Linkable>> {
        let configured = self.configured(&session.app).await?;
        let mut all = Vec::new();
        for id in &session.terms.providers {
            let Some(own) = configured.iter().find(|own| own.provider.id == *id) else { continue };
            let asked = match session.terms.scopes.get(id) {
                Some(asked) => Scope::of(asked),
                None => own.default_scopes(),
            };
            let linked = self.accounts_of(&session.app, &session.subject, id).await?;
            let linked = linked.into_iter().filter(|own| own.is_well() && own.scopes.covers(&asked)).collect();
            let is_new = session.terms.switch_account || session.terms.repair.is_some();
            all.push(Linkable {
                configured: own.clone(),
                scopes: asked,
                linked: if is_new { Vec::new() } else { linked },
            });
        }
        Ok(all)
    }

    /// Does what the person chose. The caller has checked browser, person and form.
    pub async fn go_on(&self, session: &Session, choice: Choice, browser: &Digest) -> Result<Next> {
        if session.status(self.seams.now()) != Status::Pending {
            return Ok(Next::Page);
        }
        match choice {
            Choice::Continue { provider, inputs } => self.go_away(session, &provider, inputs, browser).await,
            Choice::Use { provider, connection } => self.use_linked(session, &provider, connection).await,
            Choice::Key { provider, inputs, secrets } => {
                let own = self.linkable(session, &provider).await?;
                self.keep_key_of(session, own, inputs, secrets).await
            }
            Choice::Skip { provider } => {
                let outcome = Outcome::Declined { code: "not_selected".to_owned() };
                super::note_outcome(self, session.number, &provider, &outcome).await?;
                Ok(Next::Page)
            }
            Choice::Cancel => self.end_as_it_stands(session, true).await,
            Choice::Finish => self.end_as_it_stands(session, false).await,
        }
    }

    async fn linkable(&self, session: &Session, provider: &str) -> Result<Linkable> {
        let all = self.linkables(session).await?;
        all.into_iter()
            .find(|own| own.configured.provider.id == provider)
            .ok_or_else(|| refuse(Code::UnknownProvider, "the session does not allow this provider"))
    }

    async fn go_away(&self, session: &Session, provider: &str, inputs: Inputs, browser: &Digest) -> Result<Next> {
        let own = self.linkable(session, provider).await?;
        if !own.configured.provider.auth.kind.is_oauth() {
            return Err(refuse(Code::InvalidRequest, "this service takes a key"));
        }
        let purpose = Purpose {
            app: session.app.clone(),
            subject: session.subject.clone(),
            session: Some(session.number),
            interaction: None,
            connection: session.terms.repair_connection.clone().map(ConnectionId::from_text),
        };
        let begun = self.begin_link(purpose, &own.configured, &own.scopes, inputs, browser).await;
        let url = match begun {
            Ok(url) => url,
            Err(error) if error.code() == Some(Code::InvalidRequest) => {
                return Ok(Next::Again(
                    "Something that this service needs is missing or is not written as it should be.",
                ));
            }
            Err(error) => return Err(error),
        };
        let (number, now, is_new) = (session.number, self.seams.now(), session.confirmed_at.is_none());
        let written = self.store.write(move |tx| {
            if is_new {
                rows::confirm(tx, number, now)?;
            }
            rows::set_stage(tx, number, Stage::Provider)
        });
        written.await?;
        Ok(Next::Away(url))
    }

    /// Uses what is linked already: one click, no way to the service and back.
    async fn use_linked(&self, session: &Session, provider: &str, id: ConnectionId) -> Result<Next> {
        let own = self.linkable(session, provider).await?;
        let linked = own.linked.into_iter().find(|own| own.id == id);
        let linked = linked.ok_or_else(|| refuse(Code::GrantNotFound, "this account is not linked any more"))?;
        let (vault, session_terms, number) = (self.clone(), session.terms.clone(), session.number);
        let keeping = Keeping {
            app: session.app.clone(),
            subject: session.subject.clone(),
            session: Some(number),
            opens_grant: true,
            repaired: None,
            provider: own.configured.provider.clone(),
            client: Some(own.configured.client.id.clone()),
        };
        let granted: std::result::Result<Granted, Fault> = self
            .store
            .write_again(move |tx| {
                let seams = &vault.seams;
                let on = grants::On::from(&linked);
                let granted = grants::open_on(tx, seams, &keeping, &on, &session_terms, Operation::Reauth)?;
                let detail = json!({ "connection": linked.id.as_str(), "provider": linked.provider });
                let entry = journal::Entry::new(acts::GRANT_OPENED, seams)?
                    .app(&keeping.app)
                    .grant(&granted.grant)
                    .detail(detail);
                journal::write(tx, &grants::about(entry, &keeping.subject))?;
                Ok(granted)
            })
            .await;
        let outcome = Outcome::Granted(Box::new(granted?));
        super::note_outcome(self, number, provider, &outcome).await?;
        Ok(Next::Page)
    }

    /// Ends the session as it stands. What was granted before stays granted; whatever is not settled counts as declined once nothing
    /// was granted or the person gives up.
    async fn end_as_it_stands(&self, session: &Session, is_cancelled: bool) -> Result<Next> {
        let (vault, number) = (self.clone(), session.number);
        let written = self.store.write_again(move |tx| {
            let now = vault.seams.now();
            // The page may be older than what came of a link in another tab.
            let Some(session) = rows::find(tx, number)?.filter(|session| session.ended_at.is_none()) else {
                return Ok::<_, Fault>(());
            };
            let mut result = session.result.clone();
            if is_cancelled || result.granted.is_empty() {
                decline_the_rest(&mut result, &session, now);
                let entry = journal::Entry::new(acts::SESSION_DECLINED, &vault.seams)?.app(&session.app);
                journal::write(tx, &grants::about(entry, &session.subject))?;
            }
            rows::set_result(tx, number, &result, Stage::Page, Some(now))
        });
        written.await?;
        Ok(Next::Page)
    }

    /// The person said whether the agent may come in, and whether it may pass that on.
    pub async fn answer_agent(&self, session: &Session, is_let_in: bool, may_pass_on: bool) -> Result<()> {
        let mut terms = session.terms.clone();
        terms.agent_refused = !is_let_in;
        if terms.delegable.is_some() {
            terms.delegable = Some(terms.delegable == Some(true) && may_pass_on);
        }
        let number = session.number;
        let written = self.store.write(move |tx| rows::set_terms(tx, number, &terms));
        written.await?;
        Ok(())
    }
}

fn decline_the_rest(result: &mut Results, session: &Session, now: Time) {
    for provider in &session.terms.providers {
        let is_settled = result.granted.iter().any(|own| own.provider == *provider)
            || result.declined.iter().any(|own| own.provider == *provider);
        if !is_settled {
            let code = "access_denied".to_owned();
            result.declined.push(Declined { provider: provider.clone(), code, at_ms: now.ms() });
        }
    }
    if result.granted.is_empty() {
        // Whoever gives up after a failure did not say no.
        let failed = result.failed.last().map(|own| (own.reason.clone(), own.message.clone()));
        let (code, message) = failed.unwrap_or_else(|| ("connect_denied".to_owned(), DENIED.to_owned()));
        result.error = Some(SessionError { code, message });
    }
}
