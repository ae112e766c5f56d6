//! Accounts that are opened with a key: the person brings one that the service gave them.

use super::{Linkable, Next, Session};
use crate::Vault;
use crate::connection::Credential;
use crate::link::{Keeping, Obtained, Outcome};
use crate::provider::{Account, AuthKind, Inputs, Request};
use crate::refusal::{Code, Result, refuse};
use base::{Digest, Secret};

impl Vault {
    /// Keeps a key after a cheap call has shown that it works, where the service has one.
    pub(super) async fn keep_key_of(
        &self,
        session: &Session,
        own: Linkable,
        given: Inputs,
        secrets: Vec<(String, Secret)>,
    ) -> Result<Next> {
        let provider = own.configured.provider.clone();
        let names: &[&str] = match provider.auth.kind {
            AuthKind::ApiKey => &["key"],
            AuthKind::Basic => &["user", "password"],
            AuthKind::AwsSigv4 => &["access_key_id", "secret_key"],
            AuthKind::Oauth2 | AuthKind::Oidc => {
                return Err(refuse(Code::InvalidRequest, "people sign in to this service; it takes no key"));
            }
        };
        let known = ["key", "application_key", "user", "password", "access_key_id", "secret_key", "session_token"];
        let is_whole = |secret: &Secret| {
            let text = secret.reveal();
            !text.trim().is_empty() && text.len() <= 8192 && !text.chars().any(char::is_control)
        };
        let parts: Vec<(String, Secret)> = secrets
            .into_iter()
            .filter(|(name, secret)| known.contains(&name.as_str()) && !secret.reveal().trim().is_empty())
            .collect();
        let is_there = |name: &&str| parts.iter().any(|(own, secret)| own == *name && is_whole(secret));
        if !names.iter().all(is_there) || !parts.iter().all(|(_, secret)| is_whole(secret)) {
            return Ok(Next::Again("The key is missing, or is not written as keys are."));
        }
        let credential = Credential::of(parts.iter().map(|(name, secret)| (name.as_str(), secret.clone())));
        let mut inputs = own.configured.client.inputs.clone();
        inputs.extend(given.into_iter().filter(|(name, _)| !own.configured.client.inputs.contains_key(name)));
        if provider.check_inputs(&inputs).is_some() {
            return Ok(Next::Again("Something that this service needs is missing or is not written as it should be."));
        }
        let Some(account) = self.account_of_key(&own, &credential, &inputs).await? else {
            return Ok(Next::Again("The service does not accept this key. Look whether it is whole and still valid."));
        };
        let keeping = Keeping {
            app: session.app.clone(),
            subject: session.subject.clone(),
            session: Some(session.number),
            opens_grant: true,
            repaired: session.terms.repair_connection.clone().map(base::ConnectionId::from_text),
            provider: provider.clone(),
            client: Some(own.configured.client.id.clone()),
        };
        let obtained = Obtained {
            account,
            credential,
            scopes: own.scopes.clone(),
            expires_at: None,
            can_refresh: false,
            api_base: None,
            inputs,
        };
        let outcome = self.keep(keeping, obtained).await?;
        super::note_outcome(self, session.number, &provider.id, &outcome).await?;
        match outcome {
            Outcome::Failed { sentence, .. } => Ok(Next::Again(sentence)),
            Outcome::Granted(_) | Outcome::Linked(_) | Outcome::Declined { .. } => Ok(Next::Page),
        }
    }

    /// Whose key it is. Where the service does not say, the key's own digest is the account: another key is another one.
    async fn account_of_key(
        &self,
        own: &Linkable,
        credential: &Credential,
        inputs: &Inputs,
    ) -> Result<Option<Account>> {
        let provider = &own.configured.provider;
        if provider.identity.is_some()
            && provider.auth.kind != AuthKind::AwsSigv4
            && let Some(told) = self.ask_identity(&own.configured, credential, inputs).await
            && let Some(account) = provider.read_account(&told, inputs)
        {
            return Ok(Some(account));
        }
        if let Some(verify) = &provider.verify {
            let Some(injection) = provider.injection(credential, &own.configured.client.client_id, inputs) else {
                return Ok(None);
            };
            let Some(url) = provider.api_url(&verify.path, inputs) else { return Ok(None) };
            let Some(request) = Request::with_injection(&url, &injection) else { return Ok(None) };
            match self.send(&provider.id, &request).await {
                Ok(answer) if answer.status < 400 => {}
                Ok(_) => return Ok(None),
                Err(_) => return Err(refuse(Code::ProviderUnreachable, "the service does not answer right now")),
            }
        }
        let text: String = credential.secrets().map(Secret::reveal).collect::<Vec<_>>().join("\n");
        let id: String = Digest::of(text.as_bytes()).hex().chars().take(32).collect();
        let label = match credential.get("user").or_else(|| credential.get("access_key_id")) {
            Some(name) => name.reveal().to_owned(),
            None => format!("{} key", provider.name),
        };
        Ok(Some(Account { id, label }))
    }
}
