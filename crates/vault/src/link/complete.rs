//! Coming back from a service.

use super::begin::verifier_place;
use super::exchange::Failure;
use super::keep::Keeping;
use super::{Link, STATE, quirks, rows};
use crate::grants::Granted;
use crate::refusal::{Code, Result, refuse};
use crate::{Vault, session};
use base::{AccountId, Bearer, ConnectionId, Digest, Secret};

/// What the service sent the browser back with.
#[derive(Debug, Clone)]
pub struct Returned {
    /// The provider of the callback address.
    pub provider: String,
    pub parameters: Vec<(String, String)>,
}

impl Returned {
    fn get(&self, name: &str) -> Option<&str> {
        let mut all = self.parameters.iter().filter(|(own, _)| own == name).map(|(_, value)| value.as_str());
        let first = all.next()?;
        // Twice is never: what we read and what the service meant could differ.
        all.next().is_none().then_some(first)
    }
}

/// Where to go on, and what came of it.
#[derive(Debug, Clone)]
pub struct Completed {
    pub session: Option<i64>,
    pub interaction: Option<String>,
    pub outcome: Outcome,
}

/// What came of a link.
#[derive(Debug, Clone)]
pub enum Outcome {
    Granted(Box<Granted>),
    /// An account is linked, or works again; what may be done with it is decided elsewhere, or stays as it was.
    Linked(ConnectionId),
    /// The person said no at the service.
    Declined {
        code: String,
    },
    Failed {
        code: String,
        sentence: &'static str,
    },
}

impl Vault {
    /// Takes the answer of a service. Whoever brings it must be the browser that went, and the person that is signed in there the one
    /// it was begun for.
    pub async fn complete_link(
        &self,
        returned: Returned,
        browser: Option<&Digest>,
        signed_in: Option<&AccountId>,
    ) -> Result<Completed> {
        let link = self.take_link(&returned, browser, signed_in).await?;
        let outcome = self.outcome_of(&link, &returned).await?;
        if let Some(number) = link.session {
            session::note_outcome(self, number, &link.provider, &outcome).await?;
        }
        Ok(Completed { session: link.session, interaction: link.interaction, outcome })
    }

    async fn take_link(
        &self,
        returned: &Returned,
        browser: Option<&Digest>,
        signed_in: Option<&AccountId>,
    ) -> Result<Link> {
        let gone =
            || refuse(Code::InvalidRequest, "this answer belongs to nothing that was begun here, or came too late");
        let state = returned.get("state").and_then(|text| Bearer::parse(STATE, text)).ok_or_else(gone)?;
        let number = state.number();
        let now = self.seams.now();
        let link = self.store.read(move |tx| rows::find(tx, number)).await?;
        if !state.opens(link.as_ref().map(|link| link.digest.as_slice())) {
            return Err(gone());
        }
        let link = link.ok_or_else(gone)?;
        // Nothing is spent before all of it fits: a stranger who learned the state could otherwise spoil it.
        if !browser.is_some_and(|browser| link.is_of(browser)) {
            return Err(refuse(Code::InvalidRequest, "this answer was begun in another browser"));
        }
        if link.provider != returned.provider {
            return Err(refuse(Code::InvalidRequest, "this answer came to the address of another service"));
        }
        if link.subject.account().is_some() && link.subject.account() != signed_in {
            return Err(refuse(Code::InvalidRequest, "somebody else is signed in than the person who began this"));
        }
        if link.taken_at.is_some() || link.expires_at <= now {
            return Err(gone());
        }
        if !self.store.write(move |tx| rows::take(tx, number, now)).await? {
            return Err(gone());
        }
        Ok(link)
    }

    async fn outcome_of(&self, link: &Link, returned: &Returned) -> Result<Outcome> {
        let failed = |code: &str, sentence| Ok(Outcome::Failed { code: code.to_owned(), sentence });
        let Some(configured) = self.configured_as(&link.app, &link.provider).await? else {
            return failed("connect_config_error", Failure::ClientRefused.sentence());
        };
        let provider = &configured.provider;
        if let (Some(issuer), Some(told)) = (provider.issuer(&link.inputs), returned.get("iss"))
            && issuer != told
        {
            return failed(
                "oauth_provider_error",
                "The answer came from another service than the one you chose. Start again.",
            );
        }
        if let Some(error) = returned.get("error") {
            let code = plain_code(error);
            if code == "access_denied" {
                return Ok(Outcome::Declined { code });
            }
            return failed(
                &code,
                "The service reports that something is wrong. Try again, or tell whoever runs the app.",
            );
        }
        let secret = configured.client.secret.as_ref();
        if !quirks::is_signed(provider, &returned.parameters, &link.inputs, secret) {
            return failed("oauth_provider_error", "The answer is not signed by the service. Start again.");
        }
        let Some(code) = returned.get("code").filter(|code| !code.is_empty()) else {
            return failed("oauth_provider_error", "The service sent no answer. Start again.");
        };
        let code = Secret::new(code);
        let row = link.number.to_string();
        let verifier = self.sealer.open(verifier_place(&row), &link.verifier)?;
        let verifier = Secret::new(String::from_utf8_lossy(&verifier).into_owned());
        let obtained = self.obtain(&configured, &code, &verifier, &link.scopes, &link.inputs, &returned.parameters);
        match obtained.await? {
            Err(failure) => failed(failure.code(), failure.sentence()),
            Ok(obtained) => {
                let keeping = Keeping {
                    app: link.app.clone(),
                    subject: link.subject.clone(),
                    session: link.session,
                    repaired: link.connection.clone(),
                    opens_grant: link.session.is_some(),
                    provider: provider.clone(),
                    client: Some(configured.client.id.clone()),
                };
                self.keep(keeping, obtained).await
            }
        }
    }
}

/// The error code of a service, as far as it is one: what else it sends is not ours to repeat.
fn plain_code(text: &str) -> String {
    let is_plain =
        text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.'));
    if is_plain && !text.is_empty() { text.to_owned() } else { "oauth_provider_error".to_owned() }
}
