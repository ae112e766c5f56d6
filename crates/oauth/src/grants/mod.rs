//! The grants of the token endpoint (RFC 6749 §4): one file each. The client is authenticated before any of them is asked.

mod authorization_code;
mod client_credentials;
mod refresh_token;
mod share;
mod token_exchange;

pub use token_exchange::{ACCESS_TOKEN_TYPE, ExchangeAsk};

pub(crate) use share::Flights;

use crate::OAuth;
use crate::app::App;
use crate::ask::is_same;
use crate::code::Family;
use crate::refusal::{Code, Error, refuse};
use crate::resource;
use crate::token::Tokens;
use base::{RedirectUri, Secret};
use db::Tx;
use std::sync::Arc;

/// What a client asks of the token endpoint.
#[derive(Debug, Clone)]
pub enum TokenAsk {
    AuthorizationCode(CodeAsk),
    RefreshToken(RefreshAsk),
    ClientCredentials(ClientAsk),
}

/// RFC 6749 §4.1.3 with RFC 7636 §4.5.
#[derive(Debug, Clone)]
pub struct CodeAsk {
    pub code: Secret,
    pub redirect: RedirectUri,
    pub verifier: Option<Secret>,
    /// The audience once more (RFC 8707 §2.2); no other than that of the authorization request.
    pub resource: Option<String>,
}

/// RFC 6749 §6.
#[derive(Debug, Clone)]
pub struct RefreshAsk {
    pub refresh_token: Secret,
    pub scope: Option<String>,
    /// As in [`CodeAsk`].
    pub resource: Option<String>,
}

/// RFC 6749 §4.4.2.
#[derive(Debug, Clone)]
pub struct ClientAsk {
    pub scope: Option<String>,
    /// One of the app's own resources, by key or audience: for which the token then is.
    pub resource: Option<String>,
}

impl OAuth {
    /// Answers an authenticated client.
    pub async fn exchange(&self, app: &Arc<App>, ask: TokenAsk) -> Result<Tokens, Error> {
        match ask {
            TokenAsk::AuthorizationCode(ask) => self.redeem(app, ask).await,
            TokenAsk::RefreshToken(ask) => self.refresh(app, ask).await,
            TokenAsk::ClientCredentials(ask) => self.client_credentials(app, ask).await,
        }
    }
}

/// A token request may repeat what the authorization request named, and nothing else (RFC 8707 §2.2). What it is for must still be
/// in service.
fn check_resource(tx: &mut Tx, family: &Family, asked: Option<&str>) -> Result<(), Error> {
    let own = family.audience.as_deref();
    if asked.is_some_and(|asked| !own.is_some_and(|own| is_same(own, asked))) {
        return Err(refuse(Code::InvalidTarget, "resource differs from the authorization request's"));
    }
    let Some(audience) = own else { return Ok(()) };
    match resource::find_by_audience(tx, audience)? {
        Some(resource) if resource.is_active() => Ok(()),
        _ => Err(refuse(Code::InvalidTarget, "the resource does not exist or is not active")),
    }
}

/// A verifier as RFC 7636 §4.1 writes it: 43 to 128 unreserved characters.
fn check_verifier(verifier: &Secret) -> Result<(), Error> {
    let text = verifier.reveal();
    let is_unreserved = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
    if (43..=128).contains(&text.len()) && text.bytes().all(is_unreserved) {
        return Ok(());
    }
    Err(refuse(Code::InvalidRequest, "code_verifier must be 43 to 128 unreserved characters"))
}

/// True when the verifier is the one whose S256 transform was bound (RFC 7636 §4.6), compared in constant time.
fn verifier_fits(verifier: &Secret, challenge: &str) -> bool {
    use base64::Engine as _;
    let transformed = base64::engine::general_purpose::URL_SAFE_NO_PAD.encode(verifier.digest().bytes());
    Secret::new(transformed).is_same(&Secret::new(challenge))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_verifier_of_rfc_7636_appendix_b_fits() {
        let verifier = Secret::new("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk");
        assert!(verifier_fits(&verifier, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"));
        assert!(!verifier_fits(&verifier, "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cN"));
    }

    #[test]
    fn threat_035_verifier_grammar() {
        for bad in [
            "a".repeat(42),
            "a".repeat(129),
            format!("{}=", "a".repeat(43)),
            format!("{}\0", "a".repeat(43)),
            "é".repeat(43),
        ] {
            assert!(check_verifier(&Secret::new(bad)).is_err());
        }
        for good in ["a".repeat(43), "~".repeat(128)] {
            assert!(check_verifier(&Secret::new(good)).is_ok());
        }
    }
}
