//! What a target app says of itself before it takes tokens.

use crate::door::Door;
use crate::introspection::Introspection;
use crate::keys::{Keys, Now};
use crate::terms::Terms;
use crate::verifier::{Source, Verifier};
use base::{Clock as _, Origin, Secret, SystemClock, Time};
use std::fmt;
use std::sync::Arc;

/// How far a clock may be off, at most.
const MOST_SKEW_SECS: i64 = 30;

/// A verifier in the making. Begin with [`Verifier::builder`].
#[must_use]
pub struct Builder {
    issuer: String,
    audience: String,
    resource: String,
    skew_secs: i64,
    credentials: Option<(String, Secret)>,
    now: Now,
}

/// Why there is no verifier. `Display` is the sentence for the developer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum BadSetting {
    Issuer,
    Audience,
    Resource,
    Skew,
    Credentials,
    Tls,
}

impl fmt::Display for BadSetting {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            BadSetting::Issuer => "the issuer is an https origin, or http on loopback, without a slash at its end",
            BadSetting::Audience => "the audience is the one of your resource: not empty, and never the issuer",
            BadSetting::Resource => "the resource is the key of your resource, as you registered it",
            BadSetting::Skew => "the clocks may differ by 0 to 30 seconds",
            BadSetting::Credentials => "introspection needs a client id and a secret",
            BadSetting::Tls => "this system has no certificates that TLS could trust",
        })
    }
}

impl std::error::Error for BadSetting {}

impl Builder {
    pub(crate) fn new(issuer: String, audience: String, resource: String) -> Builder {
        let now = Arc::new(|| SystemClock.now());
        Builder { issuer, audience, resource, skew_secs: 0, credentials: None, now }
    }

    /// Asks the issuer about each token (RFC 7662) instead of checking its signature here: slower, but what a person ends is
    /// refused at once. Id and secret are those of the app that owns the resource.
    pub fn introspect(mut self, client_id: impl Into<String>, client_secret: impl Into<String>) -> Builder {
        self.credentials = Some((client_id.into(), Secret::new(client_secret)));
        self
    }

    /// For how many seconds after its end a token is still taken, because clocks differ: 0 (preset) to 30.
    pub fn skew_secs(mut self, secs: i64) -> Builder {
        self.skew_secs = secs;
        self
    }

    /// Takes the time from somewhere else than the machine's own clock: in tests.
    pub fn clock(mut self, now: impl Fn() -> Time + Send + Sync + 'static) -> Builder {
        self.now = Arc::new(now);
        self
    }

    /// Checks what was said. Asks nobody: keys are read when the first token comes.
    pub fn build(self) -> Result<Verifier, BadSetting> {
        let issuer = Origin::parse(&self.issuer).ok_or(BadSetting::Issuer)?;
        // An app's own access tokens are for the issuer.
        if self.audience.is_empty() || self.audience == issuer.as_str() {
            return Err(BadSetting::Audience);
        }
        if self.resource.is_empty() {
            return Err(BadSetting::Resource);
        }
        if !(0..=MOST_SKEW_SECS).contains(&self.skew_secs) {
            return Err(BadSetting::Skew);
        }
        let door = Door::to(issuer.clone()).map_err(|_| BadSetting::Tls)?;
        let source = match self.credentials {
            None => Source::Keys(Keys::new(door, Arc::clone(&self.now))),
            Some((client_id, secret)) if client_id.is_empty() || secret.is_empty() => {
                return Err(BadSetting::Credentials);
            }
            Some((client_id, secret)) => Source::Issuer(Introspection { door, client_id, secret }),
        };
        let terms = Terms { issuer, audience: self.audience, resource: self.resource, skew_secs: self.skew_secs };
        Ok(Verifier::new(terms, self.now, source))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn build(issuer: &str, audience: &str, resource: &str) -> Option<BadSetting> {
        Verifier::builder(issuer, audience, resource).build().err()
    }

    #[test]
    fn a_setting_that_could_let_the_wrong_token_in_is_refused() {
        for issuer in ["", "id.test", "https://id.test/", "http://id.test", "https://id.test/a", "https://a@id.test"] {
            assert_eq!(build(issuer, "https://iris.test", "iris:x"), Some(BadSetting::Issuer), "{issuer}");
        }
        assert_eq!(build("https://id.test", "", "iris:x"), Some(BadSetting::Audience));
        assert_eq!(build("https://id.test", "https://id.test", "iris:x"), Some(BadSetting::Audience));
        assert_eq!(build("https://id.test", "https://iris.test", ""), Some(BadSetting::Resource));
        assert_eq!(build("https://id.test", "https://iris.test", "iris:x"), None);
        assert_eq!(build("http://localhost:8460", "https://iris.test", "iris:x"), None);
    }

    #[test]
    fn skew_is_small_and_credentials_are_whole() {
        let builder = || Verifier::builder("https://id.test", "https://iris.test", "iris:x");
        assert_eq!(builder().skew_secs(-1).build().err(), Some(BadSetting::Skew));
        assert_eq!(builder().skew_secs(31).build().err(), Some(BadSetting::Skew));
        assert_eq!(builder().introspect("", "s").build().err(), Some(BadSetting::Credentials));
        assert_eq!(builder().introspect("app_iris", "").build().err(), Some(BadSetting::Credentials));
        assert!(builder().skew_secs(30).introspect("app_iris", "s").build().is_ok());
    }
}
