//! A backend opens a session about a secret: a person lets an agent use what they hold, or brings a key of their own
//! (`connect-wire.md` 2.6.16).

use super::open::{Begun, check_return, check_shape, common, origin_of};
use super::secret_page::{SecretPath, own_key, usable};
use super::{AppFacts, SecretTerms, SessionAsk, Terms};
use crate::Vault;
use crate::caller::{Caller, Subject};
use crate::refusal::{Code, Result, refuse};
use crate::secret::{self, ManagedSecret};
use base::{AppId, Fault, GrantId, Secret, Time};
use serde_json::json;

/// What a backend asks of a session about a secret. What only providers have is left empty in `session`.
#[derive(Debug, Clone, Default)]
pub struct SecretAsk {
    /// The secret's name on the wire.
    pub slug: Option<String>,
    /// What it was made after, where the name is not known.
    pub template: Option<String>,
    pub ttl_seconds: Option<i64>,
    pub session: SessionAsk,
}

/// A session about a secret that was opened.
#[derive(Debug, Clone)]
pub struct SecretOpened {
    pub token: Secret,
    pub expires_in_secs: i64,
    pub expires_at: Time,
    pub slug: String,
    pub template: Option<String>,
    pub agent: Option<String>,
    /// What the page will ask. An agent is not told.
    pub path: Option<SecretPath>,
    /// The permission that is there already. An agent is not told.
    pub existing: Option<GrantId>,
}

impl Vault {
    /// Opens a session about a secret. Everything that it will ask of the person is judged here.
    pub async fn open_secret_session(
        &self,
        caller: &Caller,
        app: &AppFacts,
        mut ask: SecretAsk,
    ) -> Result<SecretOpened> {
        let subject = ask.session.subject.clone().filter(|subject| *subject != Subject::App);
        let subject = subject.ok_or_else(|| {
            refuse(Code::InvalidRequest, "a secret is used in a person's name: send user_token")
                .with("field", "user_token")
        })?;
        let by_itself = caller.agent.as_ref().filter(|agent| agent.by_own_key);
        if let Some(agent) = by_itself
            && ask.session.agent.is_none()
        {
            // It asks for nobody else.
            ask.session.agent = Some(agent.id.as_str().to_owned());
        }
        check_shape(&ask.session, 1)?;
        check_secret_shape(&ask)?;
        let origin = origin_of(&ask.session, app)?;
        let back = ask.session.return_url.as_deref();
        let return_url = back.map(|url| check_return(url, origin.as_ref(), app)).transpose()?;
        let agent = self.agent_of(caller, &ask.session).await?;
        let found = self.secret_meant(&caller.app, &ask).await?;
        let (held, repair) = self.held_at_secret(&caller.app, &found, &subject, &ask.session).await?;
        let terms = Terms {
            providers: vec![found.slug.clone()],
            repair: repair.as_ref().map(|(grant, _)| grant.clone()),
            repair_connection: repair.map(|(_, connection)| connection),
            secret: Some(SecretTerms { id: found.id.clone(), ttl_seconds: ask.ttl_seconds }),
            ..common(&ask.session, agent)
        };
        let path = SecretPath::of(terms.repair.is_some(), held.is_some());
        let (is_told, agent) = (by_itself.is_none(), terms.agent.clone());
        let detail = json!({ "secret": found.id, "slug": found.slug, "key": caller.hint, "path": path.as_str() });
        let begun = Begun { subject, origin, return_url, terms, detail };
        let (token, expires_at) = self.begin_session(caller, begun).await?;
        Ok(SecretOpened {
            token,
            expires_in_secs: self.settings.session_secs,
            expires_at,
            slug: found.slug,
            template: found.template,
            agent,
            path: is_told.then_some(path),
            existing: held.filter(|_| is_told),
        })
    }

    /// The secret of the app that is asked for, by name or by what it was made after.
    async fn secret_meant(&self, app: &AppId, ask: &SecretAsk) -> Result<ManagedSecret> {
        let unknown = || refuse(Code::SecretNotFound, "there is no such secret");
        let (app, slug, template) = (app.clone(), ask.slug.clone(), ask.template.clone());
        let found = self.store.read(move |tx| match &slug {
            Some(slug) => Ok::<_, Fault>(secret::find_named(tx, &app, slug)?.into_iter().collect()),
            None => secret::list_of_app(tx, &app),
        });
        let mut found: Vec<ManagedSecret> = found.await?;
        if let Some(template) = &template {
            if ask.slug.is_some() && found.iter().any(|own| own.template.as_ref() != Some(template)) {
                return Err(refuse(Code::SecretTemplateMismatch, "the provider is not of this template"));
            }
            found.retain(|own| own.template.as_ref() == Some(template));
        }
        if found.len() > 1 {
            return Err(refuse(Code::InvalidRequest, "several secrets are of this template: name one as provider"));
        }
        found.pop().ok_or_else(unknown)
    }

    /// The permission that the person holds on the secret, and grant and key where one is to be repaired.
    async fn held_at_secret(
        &self,
        app: &AppId,
        found: &ManagedSecret,
        subject: &Subject,
        ask: &SessionAsk,
    ) -> Result<(Option<GrantId>, Option<(String, String)>)> {
        let (app, found, subject, now) = (app.clone(), found.clone(), subject.clone(), self.seams.now());
        let (label, repair) = (ask.label.clone(), ask.repair.clone());
        self.store
            .read(move |tx| {
                if let Some(id) = repair {
                    let key = own_key(tx, &app, &found, &subject, &id, now)?;
                    return Ok((Some(id.clone()), Some((id.as_str().to_owned(), key.id.as_str().to_owned()))));
                }
                let held = usable(tx, &app, &found, &subject, label.as_deref(), now)?;
                Ok((held.map(|(grant, _)| grant.id), None))
            })
            .await
    }
}

fn check_secret_shape(ask: &SecretAsk) -> Result<()> {
    let wrong = |field: &str, message| Err(refuse(Code::InvalidRequest, message).with("field", field));
    let is_slug = |text: &String| {
        (1..=50).contains(&text.len())
            && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-')
    };
    if ask.slug.is_none() && ask.template.is_none() {
        return wrong("provider", "name the secret as provider");
    }
    if !ask.slug.iter().all(is_slug) {
        return wrong("provider", "has 1 to 50 lowercase letters, digits and -");
    }
    if !ask.template.iter().all(is_slug) {
        return wrong("template_slug", "has 1 to 50 lowercase letters, digits and -");
    }
    if ask.ttl_seconds.is_some_and(|secs| secs <= 0) {
        return wrong("requested_ttl_seconds", "is above zero");
    }
    if ask.session.restrictions.is_some() {
        return wrong("requested_grant", "a permission on a secret has a label and no restrictions");
    }
    Ok(())
}
