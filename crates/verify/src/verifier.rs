//! The verifier: a token and what a route needs go in, a delegation or a refusal comes out.

use crate::builder::Builder;
use crate::delegation::Delegation;
use crate::introspection::Introspection;
use crate::keys::{Keys, Now};
use crate::layer::Guard;
use crate::needs::Needs;
use crate::refused::Refused;
use crate::terms::Terms;
use base::{Secret, Time};
use jose::{Expect, KeySet, Kind, Rejected};
use serde_json::{Map, Value};
use std::fmt;
use std::sync::Arc;

/// Takes the delegated tokens of one issuer for one resource. Make one when your server starts; clones share its keys.
#[derive(Clone)]
pub struct Verifier(Arc<Inner>);

struct Inner {
    terms: Terms,
    now: Now,
    source: Source,
}

/// Who vouches for a token's claims.
pub(crate) enum Source {
    /// Its signature, by the issuer's published keys.
    Keys(Arc<Keys>),
    /// The issuer, each time.
    Issuer(Introspection),
}

impl Verifier {
    /// Begins a verifier. `issuer` is the origin of the Procura server, `audience` and `resource` are the audience and the key of
    /// the resource that you registered there.
    pub fn builder(issuer: impl Into<String>, audience: impl Into<String>, resource: impl Into<String>) -> Builder {
        Builder::new(issuer.into(), audience.into(), resource.into())
    }

    pub(crate) fn new(terms: Terms, now: Now, source: Source) -> Verifier {
        Verifier(Arc::new(Inner { terms, now, source }))
    }

    /// A `tower` layer that protects routes. Say what they need: `verifier.layer().scope("infer")`.
    pub fn layer(&self) -> Guard {
        Guard::new(self.clone())
    }

    /// Checks a token: who signed it, of what kind it is (`typ`, RFC 9068 §2.1), issuer, audience, resource, end, grant, then
    /// what the route needs.
    pub async fn verify(&self, token: &Secret, needs: Needs<'_>) -> Result<Delegation, Refused> {
        let claims = match &self.0.source {
            Source::Keys(keys) => self.signed_claims(keys, token).await?,
            Source::Issuer(introspection) => introspection.claims(token).await?,
        };
        self.0.terms.judge(&claims, &needs, self.now())
    }

    /// The origin of the issuer.
    pub(crate) fn issuer(&self) -> &str {
        self.0.terms.issuer.as_str()
    }

    fn now(&self) -> Time {
        (self.0.now)()
    }

    async fn signed_claims(&self, keys: &Arc<Keys>, token: &Secret) -> Result<Map<String, Value>, Refused> {
        let set = keys.current().await.map_err(Refused::unavailable)?;
        match self.read(&set, token) {
            Err(Rejected::UnknownKey) => {
                let set = keys.renewed().await.map_err(Refused::unavailable)?;
                self.read(&set, token)
            }
            read => read,
        }
        .map_err(|rejected| Refused::token(sentence(rejected)))
    }

    fn read(&self, keys: &KeySet, token: &Secret) -> Result<Map<String, Value>, Rejected> {
        let terms = &self.0.terms;
        let expect = Expect {
            kind: Kind::Delegated,
            issuer: terms.issuer.as_str(),
            audience: Some(&terms.audience),
            // Only the end may be late; the start has a tolerance of its own, which is wider.
            now: self.now().plus_secs(-terms.skew_secs),
            allow_expired: false,
        };
        jose::verify(keys, token.reveal(), &expect).map(jose::Claims::into_map)
    }
}

/// The library speaks as the issuer does; here the issuer is somebody else.
fn sentence(rejected: Rejected) -> &'static str {
    match rejected {
        Rejected::UnknownKey => "the token names no key of the issuer",
        Rejected::ForeignHeader => "the token's header has a member that the issuer never writes",
        other => other.sentence(),
    }
}

/// Only the names: credentials are nobody's business.
impl fmt::Debug for Verifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let terms = &self.0.terms;
        write!(f, "Verifier({} at {} for {})", terms.resource, terms.audience, terms.issuer)
    }
}
