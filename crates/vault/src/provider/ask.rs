//! Requests that a descriptor says how to write: where a person is sent, and how a key goes along.

use super::{AuthKind, Provider, Quirk};
use std::collections::BTreeMap;
use url::Url;
use url::form_urlencoded::Serializer;

/// What was given for the `{name}`s of a descriptor.
pub type Inputs = BTreeMap<String, String>;

/// What an authorization request says (RFC 6749 §4.1.1).
#[derive(Debug, Clone, Copy)]
pub struct Ask<'a> {
    pub client_id: &'a str,
    pub redirect_uri: &'a str,
    pub scopes: &'a [&'a str],
    pub state: &'a str,
    /// S256 (RFC 7636); sent where the provider takes it.
    pub challenge: &'a str,
}

/// The text with every `{name}` filled in; nothing when one is missing.
pub(super) fn filled(text: &str, inputs: &Inputs) -> Option<String> {
    let mut done = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((before, after)) = rest.split_once('{') {
        let (name, later) = after.split_once('}')?;
        done.push_str(before);
        done.push_str(inputs.get(name)?);
        rest = later;
    }
    done.push_str(rest);
    Some(done)
}

/// True when the whole text is made as the pattern says: one character class repeated, or one of some plain words.
fn matches(pattern: &str, text: &str) -> bool {
    if let Some(class) =
        pattern.strip_prefix('[').and_then(|rest| rest.strip_suffix("]+").or_else(|| rest.strip_suffix("]*")))
    {
        let may_be_empty = pattern.ends_with('*');
        return (may_be_empty || !text.is_empty()) && text.chars().all(|letter| in_class(class, letter));
    }
    pattern.split('|').any(|word| word.replace("[.]", ".") == text)
}

fn in_class(class: &str, letter: char) -> bool {
    let letters: Vec<char> = class.chars().collect();
    let mut rest = letters.as_slice();
    loop {
        rest = match rest {
            [] => return false,
            [first, '-', last, ..] if (*first..=*last).contains(&letter) => return true,
            [_, '-', _, after @ ..] => after,
            [first, ..] if *first == letter => return true,
            [_, after @ ..] => after,
        };
    }
}

impl Provider {
    /// What is wrong with what was given; nothing when all of it fits.
    pub fn check_inputs(&self, inputs: &Inputs) -> Option<&str> {
        let is_wrong = |name: &str, pattern: &str| inputs.get(name).is_none_or(|text| !matches(pattern, text));
        self.auth.inputs.iter().find(|input| is_wrong(&input.name, &input.pattern)).map(|input| input.text.as_str())
    }

    /// Where the person is sent. Nothing for keys, or when an input is missing.
    pub fn authorize_url(&self, ask: &Ask<'_>, inputs: &Inputs) -> Option<String> {
        let place = filled(self.auth.authorize_url.as_deref()?, inputs)?;
        let mut url = Url::parse(&place).ok()?;
        let mut query = Serializer::new(url.query().map(str::to_owned).unwrap_or_default());
        query.append_pair("response_type", "code");
        query.append_pair("client_id", ask.client_id).append_pair("redirect_uri", ask.redirect_uri);
        if !ask.scopes.is_empty() && !self.has(Quirk::ScopesNotSent) {
            let name = if self.has(Quirk::SlackUserToken) { "user_scope" } else { "scope" };
            query.append_pair(name, &ask.scopes.join(&self.auth.scope_separator));
        }
        query.append_pair("state", ask.state);
        if self.auth.pkce {
            query.append_pair("code_challenge", ask.challenge).append_pair("code_challenge_method", "S256");
        }
        query.extend_pairs(&self.auth.params);
        let query = query.finish();
        url.set_query(Some(&query));
        Some(url.into())
    }

    /// The issuer of its ID tokens and of `iss` in its answers (RFC 9207), where it has one.
    pub fn issuer(&self, inputs: &Inputs) -> Option<String> {
        filled(self.auth.issuer.as_deref()?, inputs)
    }

    /// Where a key goes: its header or query parameter and the text, prefix and all. Nothing for other kinds.
    pub fn key_place(&self, key: &str) -> Option<(KeyPlace<'_>, String)> {
        if self.auth.kind != AuthKind::ApiKey {
            return None;
        }
        let (kind, name) = self.auth.place.as_deref()?.split_once(':')?;
        let place = if kind == "header" { KeyPlace::Header(name) } else { KeyPlace::Query(name) };
        Some((place, format!("{}{key}", self.auth.prefix)))
    }

    /// The address of a path of the API. Nothing when an input is missing.
    pub fn api_url(&self, path: &str, inputs: &Inputs) -> Option<String> {
        let host = filled(self.hosts.first()?, inputs)?;
        let scheme = if self.is_plain(&host) { "http" } else { "https" };
        Some(format!("{scheme}://{host}{}{}", self.base_path, filled(path, inputs)?))
    }
}

/// Where an API key goes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KeyPlace<'a> {
    Header(&'a str),
    Query(&'a str),
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_input_is_one_class_or_one_of_some_words() {
        assert!(matches("[a-z0-9-]+", "acme-1") && !matches("[a-z0-9-]+", "acme.evil") && !matches("[a-z0-9-]+", ""));
        assert!(matches("[A-Za-z ]*", "") && !matches("[a-z]+", "a/b") && !matches("[a-z]+", "a@b"));
        assert!(
            matches("datadoghq[.]com|datadoghq[.]eu", "datadoghq.eu") && !matches("datadoghq[.]com", "datadoghqxcom")
        );
    }

    #[test]
    fn a_missing_input_leaves_nothing() {
        let inputs = Inputs::from([("shop".to_owned(), "acme".to_owned())]);
        assert_eq!(filled("{shop}.example.com", &inputs).as_deref(), Some("acme.example.com"));
        assert_eq!(filled("{other}.example.com", &inputs), None);
    }
}
