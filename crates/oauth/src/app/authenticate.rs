//! Which app is calling (RFC 6749 §2.3).
//!
//! Promise: only the registered method opens the door, for every grant; an unknown client, a wrong secret and a secret where
//! none belongs get the same sentence. Telling the two ways of presenting a secret from one another, and refusing both at
//! once, is the edge's work.

use super::{App, AuthMethod};
use crate::refusal::{Code, Error, refuse};
use base::{Digest, Secret, Time};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

const SENTENCE: &str = "the client is unknown or did not authenticate with its registered method";

/// How the credentials came.
#[derive(Debug, Clone)]
pub enum Presented {
    /// A client id alone.
    None,
    /// In the `Authorization` header.
    Basic(Secret),
    /// In the body.
    Post(Secret),
}

/// Who the caller says it is, and what it shows for that.
#[derive(Debug, Clone)]
pub struct Credentials {
    pub client_id: String,
    pub method: Presented,
}

impl Credentials {
    /// Reads what stands behind `Basic` in an `Authorization` header: id and secret are form-encoded on their own, then joined
    /// by a colon, then base64 (RFC 6749 §2.3.1). Nothing when any of that is broken.
    pub fn basic(encoded: &str) -> Option<Credentials> {
        let joined = String::from_utf8(STANDARD.decode(encoded).ok()?).ok()?;
        let (client_id, secret) = joined.split_once(':')?;
        Some(Credentials {
            client_id: form_decode(client_id)?,
            method: Presented::Basic(Secret::new(form_decode(secret)?)),
        })
    }
}

/// The refusal for a client that does not exist, the same as for one that exists and shows the wrong thing.
pub fn unknown_client() -> Error {
    refuse(Code::InvalidClient, SENTENCE)
}

/// Checks the caller against its registration.
pub fn authenticate(app: &App, credentials: &Credentials, now: Time) -> Result<(), Error> {
    if app.client_id() != credentials.client_id || app.disabled_at.is_some() {
        return Err(unknown_client());
    }
    let is_proven = match (app.auth_method, &credentials.method) {
        (AuthMethod::None, Presented::None) => true,
        (AuthMethod::Secret, Presented::Basic(secret) | Presented::Post(secret)) => has_secret(app, secret, now),
        // A public app that sends a secret believes in a protection that it does not have; assertions are not read yet.
        (AuthMethod::None | AuthMethod::PrivateKeyJwt, _) | (AuthMethod::Secret, Presented::None) => false,
    };
    if is_proven { Ok(()) } else { Err(unknown_client()) }
}

/// Compares with every live secret, so that the time taken does not tell which one fits.
fn has_secret(app: &App, presented: &Secret, now: Time) -> bool {
    let digest: Digest = presented.digest();
    app.live_secrets(now).fold(false, |found, secret| (secret.digest == digest) | found)
}

/// `application/x-www-form-urlencoded` of one value: `+` is a space, `%` begins two digits. Broken escapes and broken UTF-8
/// are nothing, never guessed.
fn form_decode(text: &str) -> Option<String> {
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        bytes.push(match byte {
            b'+' => b' ',
            b'%' => (hex_digit(rest.next()?)? << 4) | hex_digit(rest.next()?)?,
            other => other,
        });
    }
    String::from_utf8(bytes).ok().filter(|text| !text.contains('\0'))
}

fn hex_digit(byte: u8) -> Option<u8> {
    char::from(byte).to_digit(16).map(|digit| digit as u8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::AppSecret;
    use base::{AppId, Scope};

    const NOW: Time = Time::from_secs(1_800_000_000);

    fn app(auth_method: AuthMethod, secrets: &[(&str, Option<Time>)]) -> App {
        let secrets = secrets.iter().zip(0..).map(|((text, expires_at), id)| AppSecret {
            id,
            digest: Secret::new(*text).digest(),
            hint: String::new(),
            created_at: NOW,
            expires_at: *expires_at,
        });
        App {
            id: AppId::from_text("app_0123456789abcdef0123456789abcdef"),
            scopes: Scope::of(["openid"]),
            auth_method,
            secrets: secrets.collect(),
            ..App::quick("origin:https://a.test").unwrap()
        }
    }

    fn shows(method: Presented) -> Credentials {
        Credentials { client_id: "app_0123456789abcdef0123456789abcdef".into(), method }
    }

    fn secret(text: &str) -> Secret {
        Secret::new(text)
    }

    #[test]
    fn threat_036_only_the_registered_method_opens_the_door() {
        let confidential = app(AuthMethod::Secret, &[("right", None)]);
        let public = app(AuthMethod::None, &[]);
        let asserting = app(AuthMethod::PrivateKeyJwt, &[("right", None)]);
        assert!(authenticate(&confidential, &shows(Presented::Basic(secret("right"))), NOW).is_ok());
        assert!(authenticate(&confidential, &shows(Presented::Post(secret("right"))), NOW).is_ok());
        assert!(authenticate(&public, &shows(Presented::None), NOW).is_ok());

        let refused = [
            (&confidential, Presented::None),
            (&confidential, Presented::Post(secret("wrong"))),
            (&confidential, Presented::Post(secret(""))),
            (&public, Presented::Post(secret("any"))),
            (&public, Presented::Basic(secret(""))),
            (&asserting, Presented::Post(secret("right"))),
            (&asserting, Presented::None),
        ];
        for (app, presented) in refused {
            let error = authenticate(app, &shows(presented), NOW).unwrap_err();
            assert_eq!(error.to_string(), unknown_client().to_string());
            assert_eq!(error.code(), Some(Code::InvalidClient));
        }
    }

    #[test]
    fn threat_047_an_old_secret_opens_until_its_overlap_is_over() {
        let app = app(AuthMethod::Secret, &[("old", Some(NOW.plus_secs(60))), ("new", None)]);
        let tries = |text: &str, at: Time| authenticate(&app, &shows(Presented::Post(secret(text))), at).is_ok();
        assert!(tries("old", NOW) && tries("new", NOW));
        assert!(!tries("old", NOW.plus_secs(60)) && tries("new", NOW.plus_secs(60)));
    }

    #[test]
    fn an_app_that_is_switched_off_or_another_one_is_unknown() {
        let mut off = app(AuthMethod::None, &[]);
        off.disabled_at = Some(NOW);
        assert!(authenticate(&off, &shows(Presented::None), NOW).is_err());
        let other = Credentials { client_id: "app_ffffffffffffffffffffffffffffffff".into(), method: Presented::None };
        assert!(authenticate(&app(AuthMethod::None, &[]), &other, NOW).is_err());
    }

    #[test]
    fn threat_040_basic_is_form_decoded_once_and_never_guessed() {
        let read = |joined: &[u8]| Credentials::basic(&STANDARD.encode(joined));
        let opened = |joined: &str| match read(joined.as_bytes()).unwrap() {
            Credentials { client_id, method: Presented::Basic(secret) } => (client_id, secret.reveal().to_owned()),
            other => panic!("{other:?}"),
        };
        assert_eq!(opened("app_1:plain-_secret"), ("app_1".into(), "plain-_secret".into()));
        assert_eq!(opened("app%5F1:a%25b%2Bc%3Ad+e"), ("app_1".into(), "a%b+c:d e".into()));
        assert_eq!(opened("app_1:a:b"), ("app_1".into(), "a:b".into()));
        assert_eq!(opened("app_1:%C3%A9"), ("app_1".into(), "é".into()));
        assert_eq!(opened("app_1:%2525"), ("app_1".into(), "%25".into()));
        for broken in ["app_1:%zz", "app_1:%4", "app_1:%", "app_1:%ff", "app_1:a%00b", "no colon"] {
            assert!(read(broken.as_bytes()).is_none(), "{broken}");
        }
        assert!(read(b"app_1:\xff").is_none());
        assert!(Credentials::basic("not base64!").is_none());
    }
}
