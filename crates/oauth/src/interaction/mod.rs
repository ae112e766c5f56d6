//! A request while its person signs in and decides (`product.md` section 2).
//!
//! Promise: the server's own copy of the request is the truth; a form carries its id, a decision and an identity, nothing else
//! (threat 101). Only stored consent makes a request silent (threat 102).

mod approve;
mod rows;
mod step;

pub use crate::connector::Standing;
pub use step::{Ask, Step, Withheld};

pub(crate) use rows::{sweep, take_all};

use crate::OAuth;
use crate::ask::{Answer, Asked, Proposal, ResponseMode};
use crate::refusal::Code;
use base::{Bearer, Fault, RedirectUri, Secret, Time};

const FLOW_PREFIX: &str = "pfl_";
const FLOW_SECS: i64 = 30 * 60;

/// A stored request.
#[derive(Debug, Clone)]
pub struct Interaction {
    pub number: i64,
    pub asked: Asked,
    pub began_at: Time,
}

impl OAuth {
    /// Stores a request and gives the id that a URL or form carries.
    pub async fn keep_request(&self, pairs: Vec<(String, String)>) -> Result<Secret, Fault> {
        let (seams, now) = (self.seams.clone(), self.seams.now());
        let request = serde_json::to_string(&pairs).map_err(|_| Fault::new("request keep: not text"))?;
        self.store
            .write_again(move |tx| {
                let flow = Bearer::mint(FLOW_PREFIX, seams.number()?, seams.entropy())?;
                rows::insert(tx, &flow, &request, now, now.plus_secs(FLOW_SECS))?;
                Ok(flow.secret().clone())
            })
            .await
    }

    /// The stored request, while it waits. Nothing when it is unknown, decided or too old.
    pub async fn find_request(&self, flow: &str) -> Result<Option<Interaction>, Fault> {
        let Some(flow) = Bearer::parse(FLOW_PREFIX, flow) else { return Ok(None) };
        let now = self.seams.now();
        self.store.read(move |tx| rows::find(tx, &flow, now)).await
    }
}

impl OAuth {
    /// The pairs of a stored request as they arrived, while it waits.
    pub async fn find_pairs(&self, flow: &str) -> Result<Option<Vec<(String, String)>>, Fault> {
        let Some(flow) = Bearer::parse(FLOW_PREFIX, flow) else { return Ok(None) };
        let now = self.seams.now();
        self.store.read(move |tx| rows::find_pairs(tx, &flow, now)).await
    }
}

impl Answer {
    /// The code, to the app.
    pub(crate) fn granted(oauth: &OAuth, proposal: &Proposal, code: &Secret) -> Answer {
        let fields = vec![("code", code.reveal().to_owned())];
        Answer::with_state(oauth, &proposal.redirect, proposal.mode, proposal.state.clone(), fields)
    }

    /// A refusal, to the app.
    pub(crate) fn refused(
        oauth: &OAuth,
        redirect: &RedirectUri,
        mode: ResponseMode,
        state: Option<String>,
        code: Code,
        description: &str,
    ) -> Answer {
        let fields = vec![("error", code.as_str().to_owned()), ("error_description", description.to_owned())];
        Answer::with_state(oauth, redirect, mode, state, fields)
    }

    /// `state` as it came and `iss` in every answer (RFC 9207).
    fn with_state(
        oauth: &OAuth,
        redirect: &RedirectUri,
        mode: ResponseMode,
        state: Option<String>,
        mut fields: Vec<(&'static str, String)>,
    ) -> Answer {
        fields.extend(state.map(|state| ("state", state)));
        fields.push(("iss", oauth.settings.issuer.clone()));
        Answer { redirect: redirect.clone(), mode, fields }
    }

    /// The redirect URI with the answer in its query: what was registered stays as it is, ours is appended.
    pub fn location(&self) -> String {
        let mut location = self.redirect.as_str().to_owned();
        let mut separator = if location.contains('?') { '&' } else { '?' };
        for (name, value) in &self.fields {
            location.push(separator);
            location.push_str(name);
            location.push('=');
            location.extend(url::form_urlencoded::byte_serialize(value.as_bytes()));
            separator = '&';
        }
        location
    }
}
