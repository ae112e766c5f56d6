//! The rules that claims must keep, whether a signature or the issuer's own answer vouches for them.

use crate::delegation::{Delegation, Mode, expires_at, text};
use crate::needs::Needs;
use crate::refused::Refused;
use base::{Origin, Time};
use serde_json::{Map, Value};

/// What this server takes tokens for.
#[derive(Debug)]
pub(crate) struct Terms {
    pub(crate) issuer: Origin,
    pub(crate) audience: String,
    pub(crate) resource: String,
    pub(crate) skew_secs: i64,
}

impl Terms {
    /// Asks every rule, in this order; the first that is broken is told.
    pub(crate) fn judge(
        &self,
        claims: &Map<String, Value>,
        needs: &Needs<'_>,
        now: Time,
    ) -> Result<Delegation, Refused> {
        self.check_issuer(claims)?;
        self.check_audience(claims)?;
        self.check_resource(claims)?;
        self.check_end(claims, now)?;
        let delegation = Delegation::read(claims)?;
        check_scopes(&delegation, needs)?;
        check_mode(&delegation, needs)?;
        Ok(delegation)
    }

    fn check_issuer(&self, claims: &Map<String, Value>) -> Result<(), Refused> {
        if text(claims, "iss") != Some(self.issuer.as_str()) {
            return Err(Refused::token("the token is from another issuer"));
        }
        Ok(())
    }

    /// This audience and no other: a token that two servers take, either could use at the other (RFC 9700 §2.3).
    fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), Refused> {
        let sole = match claims.get("aud") {
            Some(Value::Array(many)) if many.len() == 1 => many.first(),
            one => one,
        };
        if sole.and_then(Value::as_str) != Some(self.audience.as_str()) {
            return Err(Refused::token("the token is for another audience"));
        }
        Ok(())
    }

    /// The claim that only delegated tokens have. It keeps an app's own tokens out, and those of another resource of this server.
    fn check_resource(&self, claims: &Map<String, Value>) -> Result<(), Refused> {
        if text(claims, "target_resource") != Some(self.resource.as_str()) {
            return Err(Refused::token("the token is for another resource"));
        }
        Ok(())
    }

    fn check_end(&self, claims: &Map<String, Value>, now: Time) -> Result<(), Refused> {
        if expires_at(claims)?.plus_secs(self.skew_secs) <= now {
            return Err(Refused::token("the token has expired"));
        }
        Ok(())
    }
}

fn check_scopes(delegation: &Delegation, needs: &Needs<'_>) -> Result<(), Refused> {
    if !needs.scopes.iter().all(|word| delegation.scope.has(word)) {
        return Err(Refused::narrow("the token lacks a scope that is needed here", needs.scopes));
    }
    Ok(())
}

fn check_mode(delegation: &Delegation, needs: &Needs<'_>) -> Result<(), Refused> {
    if !delegation.mode.covers(needs.mode.unwrap_or(Mode::Background)) {
        return Err(Refused::narrow("the token works in the background, but here the person must be present", &[]));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn judge(name: &str, value: Value, needs: &Needs<'_>, skew_secs: i64) -> Result<Delegation, String> {
        let terms = Terms {
            issuer: Origin::parse("https://id.test").unwrap(),
            audience: "https://iris.test".to_owned(),
            resource: "iris:inference".to_owned(),
            skew_secs,
        };
        let mut claims = json!({
            "iss": "https://id.test", "aud": "https://iris.test", "target_resource": "iris:inference", "exp": 1000,
            "sub": "idn_ada", "cid": "app_notes", "scope": "infer", "grant_id": "g1", "com_mode": "background", "jti": "j1",
        });
        claims[name] = value;
        let now = Time::from_ms(999_999);
        terms.judge(claims.as_object().unwrap(), needs, now).map_err(|refused| refused.to_string())
    }

    fn verdict(name: &str, value: Value) -> String {
        judge(name, value, &Needs::default(), 0).map_or_else(|refused| refused, |_| "fine".to_owned())
    }

    #[test]
    fn a_token_for_somebody_else_is_refused() {
        let issuer = "401 invalid_token: the token is from another issuer";
        let audience = "401 invalid_token: the token is for another audience";
        let resource = "401 invalid_token: the token is for another resource";
        assert_eq!(verdict("iss", json!("https://id.test/")), issuer);
        assert_eq!(verdict("iss", Value::Null), issuer);
        assert_eq!(verdict("aud", json!("https://iris.test/")), audience);
        assert_eq!(verdict("aud", json!(["https://iris.test", "https://other.test"])), audience);
        assert_eq!(verdict("aud", json!([])), audience);
        assert_eq!(verdict("aud", json!(["https://iris.test"])), "fine");
        assert_eq!(verdict("target_resource", json!("iris:inferences")), resource);
        assert_eq!(verdict("target_resource", Value::Null), resource);
    }

    #[test]
    fn a_token_ends_at_its_end_give_or_take_what_the_server_allows() {
        let end = |exp: i64, skew_secs| judge("exp", json!(exp), &Needs::default(), skew_secs).is_ok();
        assert!(end(1000, 0) && !end(999, 0));
        assert!(end(970, 30) && !end(969, 30));
        assert!(end(i64::MAX, 30) && !end(i64::MIN, 30));
    }

    #[test]
    fn a_route_gets_every_scope_and_the_presence_that_it_needs() {
        let with =
            |scopes: &[&str], mode| judge("scope", json!("infer models"), &Needs { scopes, mode }, 0).map(|_| ());
        let narrow = Err("403 insufficient_scope: the token lacks a scope that is needed here".to_owned());
        assert_eq!(with(&["infer", "models"], None), Ok(()));
        assert_eq!(with(&["infer", "Models"], None), narrow);
        assert_eq!(with(&["infer models"], None), narrow);
        assert_eq!(with(&[], Some(Mode::Background)), Ok(()));
        let absent = "403 insufficient_scope: the token works in the background, but here the person must be present";
        assert_eq!(with(&["infer"], Some(Mode::UserPresent)), Err(absent.to_owned()));
    }
}
