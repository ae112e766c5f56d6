//! Sending a person to a service.

use super::{Link, PATIENCE_SECS, STATE, rows};
use crate::Vault;
use crate::caller::Subject;
use crate::catalogue::Configured;
use crate::provider::{Ask, Inputs};
use crate::refusal::{Code, Result, refuse};
use base::entropy::draw;
use base::{AppId, Bearer, ConnectionId, Digest, Scope};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use db::seal::Place;

/// What a link is for.
#[derive(Debug, Clone)]
pub struct Purpose {
    pub app: AppId,
    pub subject: Subject,
    /// The connect session that it belongs to.
    pub session: Option<i64>,
    /// The request on the consent page that waits for it.
    pub interaction: Option<String>,
    /// The connection that is to be repaired: another account is refused then (threat 161).
    pub connection: Option<ConnectionId>,
}

impl Vault {
    /// Where the person is sent. The link belongs to this browser alone.
    pub async fn begin_link(
        &self,
        purpose: Purpose,
        configured: &Configured,
        scopes: &Scope,
        given: Inputs,
        browser: &Digest,
    ) -> Result<String> {
        let provider = &configured.provider;
        let mut inputs = configured.client.inputs.clone();
        inputs.extend(given.into_iter().filter(|(name, _)| !configured.client.inputs.contains_key(name)));
        if provider.check_inputs(&inputs).is_some() {
            return Err(refuse(
                Code::InvalidRequest,
                "something that this service needs is missing or not of its form",
            ));
        }
        let (seams, now) = (&self.seams, self.seams.now());
        let number = seams.number()?;
        let state = Bearer::mint(STATE, number, seams.entropy())?;
        let verifier = URL_SAFE_NO_PAD.encode(draw::<32>(seams.entropy())?);
        let challenge = URL_SAFE_NO_PAD.encode(Digest::of(verifier.as_bytes()).bytes());
        let row = number.to_string();
        let sealed = self.sealer.seal(verifier_place(&row), verifier.as_bytes(), seams.entropy())?;
        let words: Vec<&str> = scopes.iter().collect();
        let redirect_uri = self.callback(&provider.id);
        let ask = Ask {
            client_id: &configured.client.client_id,
            redirect_uri: &redirect_uri,
            scopes: &words,
            state: state.secret().reveal(),
            challenge: &challenge,
        };
        let url = provider
            .authorize_url(&ask, &inputs)
            .ok_or_else(|| refuse(Code::InvalidRequest, "this service is not one that people sign in to"))?;
        let link = Link {
            number,
            digest: state.digest().bytes().to_vec(),
            session: purpose.session,
            interaction: purpose.interaction,
            app: purpose.app,
            provider: provider.id.clone(),
            provider_client: configured.client.id.clone(),
            subject: purpose.subject,
            connection: purpose.connection,
            scopes: scopes.clone(),
            inputs,
            verifier: sealed,
            browser: browser.bytes().to_vec(),
            expires_at: now.plus_secs(PATIENCE_SECS),
            taken_at: None,
        };
        self.store.write(move |tx| rows::insert(tx, &link, now)).await?;
        Ok(url)
    }

    /// The one address that a provider's answers come to.
    pub fn callback(&self, provider: &str) -> String {
        format!("{}/connect/callback/{provider}", self.settings.issuer)
    }
}

pub(super) fn verifier_place(row: &str) -> Place<'_> {
    Place { table: "links", row, column: "verifier" }
}
