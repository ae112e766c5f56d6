//! Who acts for whom: what a delegated token says once it is believed.

use crate::refused::Refused;
use base::{Scope, Time};
use serde_json::{Map, Value};

/// A permission of a person (RFC 8693 §1.1): one app may do this much at this server. It lies in the request's extensions.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delegation {
    /// The identity for whom the app acts (`sub`). Key what you store by it.
    pub subject: String,
    /// The app that acts (`cid`).
    pub client: String,
    /// What it may do (`scope`).
    pub scope: Scope,
    /// The grant behind the token (`grant_id`): the same one for every token of this person, app and resource.
    pub grant_id: String,
    /// Whether the person is there (`com_mode`).
    pub mode: Mode,
    /// The person's session with the app, when there is one (`sid`).
    pub session_id: Option<String>,
    /// The token's own name (`jti`), for your log.
    pub jti: String,
    /// When it ends (`exp`).
    pub expires_at: Time,
    /// Through whom it came (`act`, RFC 8693 §4.1), the present actor first; empty when nobody stands between.
    pub actors: Vec<Actor>,
}

/// Whether the person is there while the app acts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Mode {
    /// The person uses the app at this moment.
    UserPresent,
    /// The app acts by itself.
    Background,
}

/// One link of the chain of actors.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Actor {
    /// `sub` of the actor.
    pub subject: String,
    /// `client_id` of the actor, when it is named.
    pub client: Option<String>,
}

impl Mode {
    /// The word in the claim.
    pub const fn as_str(self) -> &'static str {
        match self {
            Mode::UserPresent => "user_present",
            Mode::Background => "background",
        }
    }

    /// From the word in the claim.
    pub fn parse(text: &str) -> Option<Mode> {
        [Mode::UserPresent, Mode::Background].into_iter().find(|mode| mode.as_str() == text)
    }

    /// True when a token of this mode is enough for a route that needs the other: a person who is present covers both.
    pub fn covers(self, needed: Mode) -> bool {
        self == Mode::UserPresent || needed == Mode::Background
    }
}

impl Delegation {
    /// Reads the claims. A delegated token has all of them but `sid` and `act`; one that lacks any is of another kind.
    pub(crate) fn read(claims: &Map<String, Value>) -> Result<Delegation, Refused> {
        let wanted = |name: &str, sentence: &'static str| text(claims, name).ok_or(Refused::token(sentence));
        Ok(Delegation {
            subject: wanted("sub", "the token names no subject")?.to_owned(),
            client: client(claims)?.to_owned(),
            scope: claims
                .get("scope")
                .and_then(Value::as_str)
                .and_then(Scope::parse)
                .ok_or(Refused::token("the token's scope cannot be read"))?,
            grant_id: wanted("grant_id", "the token names no grant")?.to_owned(),
            mode: text(claims, "com_mode")
                .and_then(Mode::parse)
                .ok_or(Refused::token("the token's com_mode is neither user_present nor background"))?,
            session_id: text(claims, "sid").map(str::to_owned),
            jti: wanted("jti", "the token has no jti")?.to_owned(),
            expires_at: expires_at(claims)?,
            actors: actors(claims)?,
        })
    }
}

/// A claim that is a text with something in it.
pub(crate) fn text<'a>(claims: &'a Map<String, Value>, name: &str) -> Option<&'a str> {
    claims.get(name)?.as_str().filter(|text| !text.is_empty())
}

/// The claim `exp` (RFC 7519 §4.1.4).
pub(crate) fn expires_at(claims: &Map<String, Value>) -> Result<Time, Refused> {
    let exp = claims.get("exp").and_then(Value::as_i64);
    exp.map(Time::from_secs).ok_or(Refused::token("the token says no end"))
}

/// A token names the app that the person allowed (`cid`) and the one that asked for it (`client_id` of RFC 9068 §2.2), an
/// introspection answer perhaps one of the two. They differ only where somebody stands between, who is then the present actor: any
/// other difference would let one reader see another app than the next.
fn client(claims: &Map<String, Value>) -> Result<&str, Refused> {
    let actor = claims.get("act").and_then(Value::as_object).and_then(|act| text(act, "sub"));
    match (text(claims, "cid"), text(claims, "client_id")) {
        (Some(cid), Some(client_id)) if client_id != actor.unwrap_or(cid) => {
            Err(Refused::token("the token's client_id is neither its cid nor its actor"))
        }
        (Some(cid), _) => Ok(cid),
        (None, Some(client_id)) if actor.is_none() => Ok(client_id),
        (None, _) => Err(Refused::token("the token names no client")),
    }
}

/// RFC 8693 §4.1: `act` within `act`, the outermost being who acts now. The strict reader bounds how deep.
fn actors(claims: &Map<String, Value>) -> Result<Vec<Actor>, Refused> {
    let mut chain = Vec::new();
    let mut next = claims.get("act");
    while let Some(act) = next {
        let (act, subject) = act
            .as_object()
            .and_then(|act| Some((act, text(act, "sub")?)))
            .ok_or(Refused::token("the token's act cannot be read"))?;
        chain.push(Actor { subject: subject.to_owned(), client: text(act, "client_id").map(str::to_owned) });
        next = act.get("act");
    }
    Ok(chain)
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(name: &str, value: Value) -> Result<Delegation, Refused> {
        let mut claims = json!({
            "sub": "idn_ada", "cid": "app_notes", "client_id": "app_notes", "scope": "infer models.read", "grant_id": "g1",
            "com_mode": "user_present", "jti": "j1", "exp": 1000, "sid": "s1",
        });
        claims[name] = value;
        Delegation::read(claims.as_object().unwrap())
    }

    fn passed_on(act: Value) -> Result<Delegation, Refused> {
        let mut claims = json!({
            "sub": "idn_ada", "cid": "app_notes", "client_id": "app_iris", "scope": "infer", "grant_id": "g1",
            "com_mode": "user_present", "jti": "j1", "exp": 1000,
        });
        claims["act"] = act;
        Delegation::read(claims.as_object().unwrap())
    }

    #[test]
    fn a_token_that_lacks_a_claim_of_a_delegation_is_none() {
        for name in ["sub", "scope", "grant_id", "com_mode", "jti", "exp"] {
            for value in [Value::Null, json!(["x"]), json!({})] {
                assert!(read(name, value).is_err(), "{name}");
            }
        }
        for name in ["sub", "grant_id", "com_mode", "jti"] {
            assert!(read(name, json!("")).is_err(), "{name}");
        }
        assert!(read("com_mode", json!("USER_PRESENT")).is_err());
        assert!(read("scope", json!("a\"b")).is_err());
        assert!(read("exp", json!("1000")).is_err());
    }

    #[test]
    fn the_app_has_one_name() {
        assert!(read("client_id", json!("app_other")).is_err());
        // Passed on: the actor asked for it, for the app that the person allowed.
        assert!(read("act", json!({ "sub": "app_iris" })).is_err());
        assert_eq!(passed_on(json!({ "sub": "app_iris" })).unwrap().client, "app_notes");
        assert_eq!(read("client_id", Value::Null).unwrap().client, "app_notes");
        assert_eq!(read("cid", Value::Null).unwrap().client, "app_notes");
    }

    #[test]
    fn the_chain_of_actors_begins_with_who_acts_now() {
        assert!(read("act", json!("app_iris")).is_err());
        assert!(read("act", json!({"client_id": "app_iris"})).is_err());
        assert!(read("act", json!({"sub": "app_iris", "act": 1})).is_err());
        let chain =
            passed_on(json!({"sub": "app_iris", "client_id": "app_iris", "act": {"sub": "app_notes"}})).unwrap();
        let named =
            |name: &str, client: Option<&str>| Actor { subject: name.to_owned(), client: client.map(str::to_owned) };
        assert_eq!(chain.actors, [named("app_iris", Some("app_iris")), named("app_notes", None)]);
        assert!(read("sid", Value::Null).unwrap().actors.is_empty());
    }

    #[test]
    fn a_person_who_is_present_covers_both_modes() {
        assert!(Mode::UserPresent.covers(Mode::UserPresent) && Mode::UserPresent.covers(Mode::Background));
        assert!(Mode::Background.covers(Mode::Background) && !Mode::Background.covers(Mode::UserPresent));
    }
}
