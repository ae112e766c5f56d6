//! A person repairs an account of theirs: they sign in at the service again, and nothing else changes.

use super::Purpose;
use crate::Vault;
use crate::connection;
use crate::refusal::{Code, Result, refuse};
use base::{AccountId, ConnectionId, Digest, Scope};

impl Vault {
    /// Where the person is sent. What is asked there is what was granted before, as far as it may still be asked.
    pub async fn repair_of_person(&self, account: &AccountId, id: &ConnectionId, browser: &Digest) -> Result<String> {
        let wanted = id.clone();
        let found = self.store.read(move |tx| connection::find(tx, &wanted)).await?;
        let found = found.filter(|own| own.account.as_ref() == Some(account) && own.ended_at.is_none());
        let found = found.ok_or_else(|| refuse(Code::NotFound, "there is no such account"))?;
        let configured = self
            .configured_as(&found.app, &found.provider)
            .await?
            .ok_or_else(|| refuse(Code::ProviderMisconfigured, "this provider is not set up for the app"))?;
        let asked = Scope::of(found.scopes.iter().filter(|scope| configured.may_ask(scope)));
        let scopes = if asked.is_empty() { configured.default_scopes() } else { asked };
        let purpose = Purpose {
            app: found.app.clone(),
            subject: found.subject(),
            session: None,
            interaction: None,
            connection: Some(found.id.clone()),
        };
        self.begin_link(purpose, &configured, &scopes, found.inputs, browser).await
    }
}
