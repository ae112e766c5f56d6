//! Reading a request: names to fields, empty means absent, nothing judged but its shape.

use base::Scope;

/// What arrived, by RFC name. A field that occurs twice is listed in `repeated`.
#[derive(Debug, Clone, Default)]
pub struct Asked {
    pub client_id: Option<String>,
    pub redirect_uri: Option<String>,
    pub response_type: Option<String>,
    pub response_mode: Option<String>,
    pub scope: Option<String>,
    pub state: Option<String>,
    pub nonce: Option<String>,
    pub code_challenge: Option<String>,
    pub code_challenge_method: Option<String>,
    pub prompt: Option<String>,
    pub max_age: Option<String>,
    pub login_hint: Option<String>,
    pub identity_id: Option<String>,
    pub id_token_hint: Option<String>,
    pub acr_values: Option<String>,
    pub resource: Option<String>,
    /// `user_present` or `background` (seed 000).
    pub mode: Option<String>,
    /// `background` asks that the page offer it (`product.md` 3.5).
    pub presence: Option<String>,
    pub request: Option<String>,
    pub request_uri: Option<String>,
    pub registration: Option<String>,
    pub authorization_details: Option<String>,
    /// `1` when the page stands in a frame or popup that the app opened (`browser-sdk.md` 2.7).
    pub embed: Option<String>,
    /// Set by us alone: a gate in a frame waits for the answer, and passes it on.
    pub embed_relay: Option<String>,
    pub repeated: Vec<&'static str>,
    pub has_control_characters: bool,
    /// It arrived at `/connect`, which is for resources alone.
    pub needs_resource: bool,
}

impl Asked {
    /// From decoded pairs. Fields we do not know are ignored (RFC 6749 §3.1).
    pub fn from_pairs(pairs: &[(String, String)]) -> Asked {
        let mut asked = Asked::default();
        for (name, value) in pairs {
            asked.add(name, value);
        }
        asked
    }

    fn add(&mut self, name: &str, value: &str) {
        let (name, place): (&'static str, &mut Option<String>) = match name {
            "client_id" => ("client_id", &mut self.client_id),
            "redirect_uri" => ("redirect_uri", &mut self.redirect_uri),
            "response_type" => ("response_type", &mut self.response_type),
            "response_mode" => ("response_mode", &mut self.response_mode),
            "scope" => ("scope", &mut self.scope),
            "state" => ("state", &mut self.state),
            "nonce" => ("nonce", &mut self.nonce),
            "code_challenge" => ("code_challenge", &mut self.code_challenge),
            "code_challenge_method" => ("code_challenge_method", &mut self.code_challenge_method),
            "prompt" => ("prompt", &mut self.prompt),
            "max_age" => ("max_age", &mut self.max_age),
            "login_hint" => ("login_hint", &mut self.login_hint),
            "identity_id" => ("identity_id", &mut self.identity_id),
            "id_token_hint" => ("id_token_hint", &mut self.id_token_hint),
            "acr_values" => ("acr_values", &mut self.acr_values),
            "resource" => ("resource", &mut self.resource),
            "mode" => ("mode", &mut self.mode),
            "embed" => ("embed", &mut self.embed),
            "embed_relay" => ("embed_relay", &mut self.embed_relay),
            "presence" => ("presence", &mut self.presence),
            "request" => ("request", &mut self.request),
            "request_uri" => ("request_uri", &mut self.request_uri),
            "registration" => ("registration", &mut self.registration),
            "authorization_details" => ("authorization_details", &mut self.authorization_details),
            _ => return,
        };
        if place.is_some() {
            self.repeated.push(name);
            return;
        }
        self.has_control_characters |= value.chars().any(char::is_control);
        if name == "client_id" || name == "redirect_uri" || !value.is_empty() {
            *place = Some(value.to_owned());
        }
    }
}

/// A scope as clients write it: separated by spaces or `+`, each word percent-encoded up to twice (`identity-wire.md` section 5).
pub(super) fn scope(text: &str) -> Option<Scope> {
    let words = text.split([' ', '+']).filter(|word| !word.is_empty());
    let mut decoded = Vec::new();
    for word in words {
        decoded.push(percent_decode(&percent_decode(word)?)?);
    }
    Scope::parse(&decoded.join(" "))
}

fn percent_decode(text: &str) -> Option<String> {
    if !text.contains('%') {
        return Some(text.to_owned());
    }
    let mut bytes = Vec::with_capacity(text.len());
    let mut rest = text.bytes();
    while let Some(byte) = rest.next() {
        if byte != b'%' {
            bytes.push(byte);
            continue;
        }
        let high = char::from(rest.next()?).to_digit(16)?;
        let low = char::from(rest.next()?).to_digit(16)?;
        bytes.push((high * 16 + low) as u8);
    }
    String::from_utf8(bytes).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scopes_arrive_joined_by_plus_or_encoded_twice() {
        for text in ["openid profile", "openid+profile", "openid%20profile", "openid%2520profile"] {
            assert_eq!(scope(text).unwrap(), Scope::of(["openid", "profile"]), "{text}");
        }
        assert!(scope("open\"id").is_none());
        assert!(scope("a%zz").is_none());
    }

    #[test]
    fn empty_state_and_nonce_are_absent_and_repetition_is_noticed() {
        let pair = |name: &str, value: &str| (name.to_owned(), value.to_owned());
        let asked = Asked::from_pairs(&[pair("state", ""), pair("nonce", ""), pair("scope", "a"), pair("scope", "a")]);
        assert!(asked.state.is_none() && asked.nonce.is_none());
        assert_eq!(asked.repeated, ["scope"]);
    }
}
