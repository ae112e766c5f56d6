//! The knobs: how the fake misbehaves at this moment. Every one is told by JSON and has a default, which is to behave.

use super::account::Account;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

const LONGEST_DELAY_MS: u64 = 120_000;
const YEAR_SECS: i64 = 365 * 24 * 3600;

/// Where something happens.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Place {
    Authorize,
    Token,
    Userinfo,
    Revoke,
    /// The API and the doors beside it.
    Api,
    All,
}

impl Place {
    fn holds(self, place: Place) -> bool {
        self == place || self == Place::All
    }
}

/// `Retry-After`: seconds or a date.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub(super) enum RetryAfter {
    Secs(u32),
    Date(String),
}

impl std::fmt::Display for RetryAfter {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            RetryAfter::Secs(secs) => secs.fmt(f),
            RetryAfter::Date(date) => date.fmt(f),
        }
    }
}

#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Faults {
    /// Nobody is asked.
    pub(super) auto_approve: bool,
    /// Every refresh makes a new refresh token; the old one is dead, and ends its family when it comes back.
    pub(super) rotate: bool,
    pub(super) omit_expires_in: bool,
    /// No refresh token in any answer; one that is out there stays good.
    pub(super) omit_refresh_token: bool,
    /// Answered instead of doing anything. 0 and 200 are none.
    status: Option<u16>,
    /// How often; nothing is for ever.
    status_times: Option<u32>,
    /// Where; nothing is everywhere but at `authorize`, and for an `error` without a status the token endpoint.
    status_on: Option<Place>,
    /// The error code of these answers. Alone it fails like a status: 401 for `invalid_client`, otherwise 400.
    error: Option<String>,
    /// Added to failing answers.
    retry_after: Option<RetryAfter>,
    /// Waited before anything is done.
    delay_ms: u64,
    /// Where; nothing is everywhere but at `authorize`.
    delay_on: Option<Place>,
    /// The token endpoint does what it was asked for and then hangs up without an answer.
    pub(super) drop_after_commit: bool,
    /// The token endpoint does what it was asked for and waits so long with its answer.
    pub(super) hold_after_commit_ms: u64,
    /// Of access tokens from now on, in seconds.
    pub(super) expires_in: i64,
    /// The person allows these at most.
    pub(super) grant_scope: Option<String>,
    /// Who allows, where nobody is asked.
    pub(super) account: Option<Account>,
}

impl Faults {
    /// How it behaves when nothing is told.
    pub(super) fn none(auto_approve: bool) -> Faults {
        Faults {
            auto_approve,
            rotate: false,
            omit_expires_in: false,
            omit_refresh_token: false,
            status: None,
            status_times: None,
            status_on: None,
            error: None,
            retry_after: None,
            delay_ms: 0,
            delay_on: None,
            drop_after_commit: false,
            hold_after_commit_ms: 0,
            expires_in: 3600,
            grant_scope: None,
            account: None,
        }
    }
}

/// A failure that was ordered.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) status: u16,
    pub(super) error: String,
    pub(super) retry_after: Option<RetryAfter>,
}

impl Faults {
    /// Changes what is named: nothing else, and nothing at all when something is wrong. `null` is the default.
    pub(super) fn change(&self, named: &Map<String, Value>, standard: &Faults) -> Result<Faults, String> {
        let (mut whole, standard) = (fields(self), fields(standard));
        for (name, value) in named {
            let Some(usual) = standard.get(name) else { return Err(format!("{name} is no knob")) };
            let value = if value.is_null() { usual.clone() } else { value.clone() };
            whole.insert(name.clone(), value);
            if serde_json::from_value::<Faults>(Value::Object(whole.clone())).is_err() {
                return Err(format!("{name} cannot be that"));
            }
        }
        let changed: Faults =
            serde_json::from_value(Value::Object(whole)).map_err(|_| "these do not fit".to_owned())?;
        match changed.wrong() {
            Some(name) => Err(format!("{name} is out of bounds")),
            None => Ok(changed),
        }
    }

    fn wrong(&self) -> Option<&'static str> {
        let is_token = |text: &str| {
            (1..=64).contains(&text.len())
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-.".contains(&byte))
        };
        let is_date = |after: &RetryAfter| match after {
            RetryAfter::Secs(_) => true,
            RetryAfter::Date(date) => date.len() <= 64 && date.bytes().all(|byte| (b' '..=b'~').contains(&byte)),
        };
        if self.status.is_some_and(|status| !matches!(status, 0 | 200 | 300..=599)) {
            return Some("status");
        }
        if self.error.as_deref().is_some_and(|error| !is_token(error)) {
            return Some("error");
        }
        if !self.retry_after.as_ref().is_none_or(is_date) {
            return Some("retry_after");
        }
        if self.delay_ms > LONGEST_DELAY_MS {
            return Some("delay_ms");
        }
        if self.hold_after_commit_ms > LONGEST_DELAY_MS {
            return Some("hold_after_commit_ms");
        }
        (!(0..=YEAR_SECS).contains(&self.expires_in)).then_some("expires_in")
    }

    /// How long to wait there.
    pub(super) fn delay_ms(&self, place: Place) -> u64 {
        let is_here = self.delay_on.map_or(place != Place::Authorize, |on| on.holds(place));
        if is_here { self.delay_ms } else { 0 }
    }

    /// Takes the failure that is due there, if one is.
    pub(super) fn take_failure(&mut self, place: Place) -> Option<Failure> {
        let status = self.status.filter(|status| !matches!(status, 0 | 200));
        let is_here = match (self.status_on, status, &self.error) {
            (_, None, None) => false,
            (Some(on), _, _) => on.holds(place),
            (None, Some(_), _) => place != Place::Authorize,
            (None, None, Some(_)) => place == Place::Token,
        };
        if !is_here || self.status_times == Some(0) {
            return None;
        }
        if let Some(times) = &mut self.status_times {
            *times -= 1;
        }
        let status = status.unwrap_or(if self.error.as_deref() == Some("invalid_client") { 401 } else { 400 });
        let usual = match status {
            401 if place == Place::Token || place == Place::Revoke => "invalid_client",
            401 => "invalid_token",
            403 => "access_denied",
            429 => "rate_limited",
            503 => "temporarily_unavailable",
            500.. => "server_error",
            _ => "invalid_request",
        };
        let error = self.error.clone().unwrap_or_else(|| usual.to_owned());
        Some(Failure { status, error, retry_after: self.retry_after.clone() })
    }
}

fn fields(faults: &Faults) -> Map<String, Value> {
    match serde_json::to_value(faults) {
        Ok(Value::Object(fields)) => fields,
        _ => Map::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn change(faults: &Faults, named: Value) -> Result<Faults, String> {
        faults.change(named.as_object().unwrap(), &Faults::none(true))
    }

    #[test]
    fn what_is_not_named_stays_and_null_is_the_default() {
        let faults =
            change(&Faults::none(false), json!({ "rotate": true, "expires_in": 5, "account": "bob@fake.example" }));
        let faults = faults.unwrap();
        assert!(faults.rotate && !faults.auto_approve && faults.expires_in == 5);
        assert_eq!(faults.account, Some(Account::Bob));
        let faults = change(&faults, json!({ "expires_in": null, "auto_approve": null })).unwrap();
        assert!(faults.rotate && faults.auto_approve && faults.expires_in == 3600);
    }

    #[test]
    fn what_does_not_fit_is_named_and_changes_nothing() {
        for (wrong, sentence) in [
            (json!({ "rotat": true }), "rotat is no knob"),
            (json!({ "rotate": "yes" }), "rotate cannot be that"),
            (json!({ "account": "eve" }), "account cannot be that"),
            (json!({ "status_on": "moon" }), "status_on cannot be that"),
            (json!({ "status": 201 }), "status is out of bounds"),
            (json!({ "status": 70_000 }), "status cannot be that"),
            (json!({ "expires_in": -1 }), "expires_in is out of bounds"),
            (json!({ "delay_ms": 120_001 }), "delay_ms is out of bounds"),
            (json!({ "hold_after_commit_ms": 120_001 }), "hold_after_commit_ms is out of bounds"),
            (json!({ "error": "a\r\nb" }), "error is out of bounds"),
            (json!({ "retry_after": "a\r\nb" }), "retry_after is out of bounds"),
        ] {
            assert_eq!(change(&Faults::none(false), wrong).unwrap_err(), sentence);
        }
    }

    #[test]
    fn a_failure_comes_where_and_as_often_as_ordered() {
        let mut faults =
            change(&Faults::none(false), json!({ "status": 429, "status_times": 2, "retry_after": 7 })).unwrap();
        assert_eq!(faults.take_failure(Place::Authorize), None);
        let failure = faults.take_failure(Place::Api).unwrap();
        assert_eq!((failure.status, failure.error.as_str()), (429, "rate_limited"));
        assert_eq!(failure.retry_after.unwrap().to_string(), "7");
        assert!(faults.take_failure(Place::Token).is_some() && faults.take_failure(Place::Token).is_none());

        let mut faults = change(&Faults::none(false), json!({ "error": "invalid_grant" })).unwrap();
        assert_eq!(faults.take_failure(Place::Api), None);
        assert_eq!(faults.take_failure(Place::Token).unwrap().status, 400);
        let mut faults = change(&faults, json!({ "status_on": "authorize", "status": 200 })).unwrap();
        assert_eq!(faults.take_failure(Place::Token), None);
        assert!(faults.take_failure(Place::Authorize).is_some());
    }

    #[test]
    fn a_delay_can_be_for_one_place() {
        let faults = change(&Faults::none(false), json!({ "delay_ms": 5 })).unwrap();
        assert_eq!((faults.delay_ms(Place::Token), faults.delay_ms(Place::Authorize)), (5, 0));
        let faults = change(&faults, json!({ "delay_on": "api" })).unwrap();
        assert_eq!((faults.delay_ms(Place::Token), faults.delay_ms(Place::Api)), (0, 5));
    }
}
