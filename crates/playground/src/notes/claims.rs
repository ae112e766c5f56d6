//! Every claim in plain words, with the place where it is specified.

use serde_json::{Map, Value};

/// A claim as the page shows it.
pub(crate) struct Explained {
    pub(crate) name: String,
    pub(crate) value: String,
    pub(crate) meaning: &'static str,
    pub(crate) source: &'static str,
}

/// What is read first: from whom, about whom, for whom, until when, in answer to what.
const ORDER: [&str; 12] = ["alg", "kid", "typ", "iss", "sub", "aud", "azp", "client_id", "cid", "exp", "iat", "nonce"];

/// The claims of a token, those first that an app must look at.
pub(crate) fn explain(claims: &Map<String, Value>, token: &str) -> Vec<Explained> {
    let mut claims: Vec<_> = claims.iter().collect();
    claims.sort_by_key(|(name, _)| ORDER.iter().position(|first| first == name).unwrap_or(ORDER.len()));
    let explained = |(name, value): (&String, &Value)| {
        let (meaning, source) = meaning(name, token);
        Explained { name: name.clone(), value: shown(name, value), meaning, source }
    };
    claims.into_iter().map(explained).collect()
}

fn shown(name: &str, value: &Value) -> String {
    match (name, value) {
        ("exp" | "iat" | "auth_time", Value::Number(number)) => {
            number.as_i64().map_or_else(|| number.to_string(), |secs| format!("{secs} ({} UTC)", clock(secs)))
        }
        (_, Value::String(text)) => text.clone(),
        (_, Value::Array(items)) => items.iter().map(|item| shown("", item)).collect::<Vec<_>>().join(", "),
        (_, other) => other.to_string(),
    }
}

/// The time of day of a moment in seconds.
fn clock(secs: i64) -> String {
    let of_day = secs.rem_euclid(86_400);
    format!("{:02}:{:02}:{:02}", of_day / 3600, of_day / 60 % 60, of_day % 60)
}

fn meaning(name: &str, token: &str) -> (&'static str, &'static str) {
    let is_access = token == "access_token_jwt";
    match name {
        "alg" => ("How it is signed. The app decides what it accepts, not the token.", "RFC 7515 §4.1.1"),
        "kid" => ("Which of the issuer’s published keys signed it.", "RFC 7515 §4.1.4"),
        "typ" if is_access => ("What kind of token this is, so that none can stand in for another.", "RFC 9068 §2.1"),
        "typ" => ("What kind of token this is.", "RFC 7519 §5.1"),
        "iss" => ("Who made it. Must be exactly the issuer you trust.", "RFC 7519 §4.1.1"),
        "sub" => ("Which identity it is about. Keep this as the key of your user: it never changes.", "OIDC Core §2"),
        "aud" if is_access => ("For whom it is: the issuer’s own APIs.", "RFC 9068 §3"),
        "aud" => ("For whom it is: this app, by its client id. Refuse any other.", "OIDC Core §2"),
        "azp" => ("The app it was issued to.", "OIDC Core §2"),
        "exp" => ("When it ends.", "RFC 7519 §4.1.4"),
        "iat" => ("When it was made.", "RFC 7519 §4.1.6"),
        "auth_time" => ("When the person last proved who they are.", "OIDC Core §2"),
        "nonce" => ("What this app sent with its request: the token answers that one and no other.", "OIDC Core §2"),
        "amr" => ("How it was proven: pop is a key, user a fingerprint or PIN, otp a one-time code.", "RFC 8176 §2"),
        "acr" => ("How strong that was: phr resists phishing, 1 does not.", "OIDC Core §2"),
        "sid" => ("The session at the issuer, different for every app.", "OIDC Front-Channel Logout §3"),
        "at_hash" => ("Ties this token to the access token beside it.", "OIDC Core §3.1.3.6"),
        "jti" => ("The number of this token.", "RFC 7519 §4.1.7"),
        "client_id" => ("The app that holds it.", "RFC 8693 §4.3"),
        "cid" => ("The app that holds it, under the name some SDKs read.", "Procura"),
        "scope" => ("What it may be used for.", "RFC 8693 §4.2"),
        "quick" => ("The app is not registered: its web origin is all that is known.", "Procura"),
        "uid" => ("The same for all identities of a person, and different for every app.", "Procura"),
        "name" => ("The name the person goes by.", "OIDC Core §5.1"),
        "preferred_username" => {
            ("The handle. It can change and pass to somebody else: show it, never key by it.", "OIDC Core §5.1")
        }
        "picture" => ("Where the picture is.", "OIDC Core §5.1"),
        "email" => ("The address. It can change: never the key of your user.", "OIDC Core §5.1"),
        "email_verified" => ("True: Procura tells an address only when it has been proven.", "OIDC Core §5.1"),
        _ => ("A claim that this tour has no words for.", "–"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn times_are_shown_as_people_read_them() {
        let claims = json!({ "exp": 90_061, "amr": ["pop", "user"] });
        let shown: Vec<_> =
            explain(claims.as_object().unwrap(), "id_token").into_iter().map(|claim| claim.value).collect();
        assert_eq!(shown, ["90061 (01:01:01 UTC)", "pop, user"]);
    }

    #[test]
    fn one_claim_means_what_its_token_makes_of_it() {
        assert_ne!(meaning("aud", "id_token").0, meaning("aud", "access_token_jwt").0);
    }
}
