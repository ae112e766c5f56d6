//! What somebody wants a resource to be, and whether that can be.
//!
//! Promise: a field that is not named stays as it is; every field that is wrong is complained about, not the first alone.

use super::{Resource, ResourceScope, Risk, namespace};
use crate::app::{App, Change, Complaint};
use base::{Origin, Scope, is_deceptive};
use std::ops::RangeInclusive;

const KEY_CHARS: RangeInclusive<usize> = 3..=100;
const NAME_CHARS: RangeInclusive<usize> = 2..=80;
const AUDIENCE_CHARS: RangeInclusive<usize> = 3..=200;
const SCOPE_CHARS: RangeInclusive<usize> = 2..=80;
const TEXT_CHARS: RangeInclusive<usize> = 2..=120;
const MOST_DESCRIPTION_CHARS: usize = 240;
const MOST_URL_BYTES: usize = 2048;
const MOST_SCOPES: usize = 50;

/// The fields of a registration that a caller names, as written.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    pub name: Option<String>,
    pub description: Change<String>,
    pub audience: Option<String>,
    pub runtime_endpoint: Change<String>,
    pub allow_chains: Option<bool>,
    pub open_audience: Option<bool>,
    pub scopes: Option<Vec<ScopeWish>>,
    /// Of a vault resource, when it is made: the id of its provider.
    pub provider: Option<String>,
}

/// A scope as written.
#[derive(Debug, Clone, Default)]
pub struct ScopeWish {
    pub name: String,
    pub text: String,
    pub risk: String,
    pub provider_scopes: Vec<String>,
    pub allow: Vec<String>,
}

/// What the rules need to know besides the resource.
pub(super) struct Surroundings<'a> {
    /// The app that offers it.
    pub(super) owner: &'a App,
    /// This server; no resource may take its name.
    pub(super) issuer: &'a str,
}

impl Wish {
    /// The registration as it would be after this wish.
    pub(super) fn grant(self, from: &Resource, around: &Surroundings<'_>) -> Result<Resource, Vec<Complaint>> {
        let mut resource = from.clone();
        let mut complaints = Vec::new();
        let mut complain = |field: &str, sentence: &str| complaints.push(Complaint::about(field, sentence));
        if let Some(provider) = self.provider {
            if is_provider_id(&provider) && resource.provider.as_deref().is_none_or(|own| own == provider) {
                resource.audience = format!("{}/proxy/{}", around.issuer, resource.key);
                resource.provider = Some(provider);
            } else {
                complain("provider", "is the id of a provider, and stays what it was");
            }
        }
        let is_vault = resource.provider.is_some();
        if is_vault && matches!(&self.runtime_endpoint, Change::Set(url) if !url.trim().is_empty()) {
            complain("runtime_endpoint", "is ours for an account elsewhere: leave it out");
        }
        if is_vault && (self.allow_chains == Some(true) || self.open_audience == Some(true)) {
            complain("kind", "vault has neither chains nor an open audience");
        }
        if let Some(name) = self.name {
            match check_line(&name, NAME_CHARS) {
                Some(name) => resource.name = name,
                None => complain("name", "has between 2 and 80 characters, each of which can be seen"),
            }
        }
        match self.description {
            Change::Keep => {}
            Change::Clear => resource.description = None,
            Change::Set(text) if text.trim().is_empty() => resource.description = None,
            Change::Set(text) => match check_line(&text, 1..=MOST_DESCRIPTION_CHARS) {
                Some(text) => resource.description = Some(text),
                None => complain("description", "has at most 240 characters, each of which can be seen"),
            },
        }
        match self.audience {
            Some(audience) if is_vault && audience != resource.audience => {
                complain("audience", "is set by this server for an account elsewhere: leave it out");
            }
            Some(audience) if !is_vault => match check_audience(&audience, &resource, around) {
                Ok(()) => resource.audience = audience,
                Err(sentence) => complain("audience", sentence),
            },
            Some(_) | None => {}
        }
        match self.runtime_endpoint {
            Change::Keep => {}
            Change::Clear => resource.runtime_endpoint = None,
            Change::Set(url) if url.trim().is_empty() => resource.runtime_endpoint = None,
            Change::Set(_) if is_vault => {}
            Change::Set(url) => match check_endpoint(&url, around) {
                Ok(()) => resource.runtime_endpoint = Some(url),
                Err(sentence) => complain("runtime_endpoint", sentence),
            },
        }
        if let Some(scopes) = self.scopes {
            match check_scopes(&scopes, is_vault) {
                Ok(scopes) => resource.scopes = scopes,
                Err(wrong) => complaints.extend(wrong),
            }
        }
        resource.allow_chains = self.allow_chains.unwrap_or(resource.allow_chains);
        resource.open_audience = self.open_audience.unwrap_or(resource.open_audience);
        if complaints.is_empty() { Ok(resource) } else { Err(complaints) }
    }
}

/// A key that can be registered: its grammar, and no name of another kind.
pub(super) fn check_key(key: &str) -> Result<&str, &'static str> {
    let is_legal = key.bytes().all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b':' | b'_' | b'-'));
    if !is_legal || !KEY_CHARS.contains(&key.len()) {
        return Err("has 3 to 100 lowercase letters, digits, - and _, with a : after the part that is yours");
    }
    let Some(own) = namespace(key).filter(|own| !own.is_empty() && !key.ends_with(':')) else {
        return Err("is written in two parts, like notes:read: yours, a :, and what it is");
    };
    if own.starts_with("app_") || own == "origin" {
        return Err("begins like the id of a client: choose another word before the :");
    }
    Ok(own)
}

/// A line of text that people see; nothing in it may hide or reorder what stands beside it (threat 53).
fn check_line(text: &str, chars: RangeInclusive<usize>) -> Option<String> {
    let text = text.trim();
    (chars.contains(&text.chars().count()) && !text.chars().any(is_deceptive)).then(|| text.to_owned())
}

/// A URL at a place of the owner's, or a name under its own namespace; nothing that means somebody else (threats 123, 130).
fn check_audience(audience: &str, resource: &Resource, around: &Surroundings<'_>) -> Result<(), &'static str> {
    let is_plain = audience.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\');
    if !is_plain || !AUDIENCE_CHARS.contains(&audience.len()) {
        return Err("has 3 to 200 printable ASCII characters");
    }
    if !audience.contains("://") {
        let is_ours = check_key(audience).is_ok_and(|own| own == resource.namespace());
        let sentence = "is a URL of the app's, or a name that begins like the key: the same word and a :";
        return if is_ours { Ok(()) } else { Err(sentence) };
    }
    let origin = Origin::of(audience).filter(|_| !audience.contains('#'));
    let Some(origin) = origin else {
        return Err("is an https address (or http on this computer) without a fragment");
    };
    if Origin::of(around.issuer).is_some_and(|issuer| issuer == origin) {
        return Err("is at the address of this server, which only its own tokens may name");
    }
    if !around.owner.has_origin(&origin) {
        return Err("is at an address that is neither the app's website nor that of a redirect URI");
    }
    Ok(())
}

fn check_endpoint(url: &str, around: &Surroundings<'_>) -> Result<(), &'static str> {
    let is_plain = url.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\') && url.len() <= MOST_URL_BYTES;
    let origin = Origin::of(url).filter(|_| is_plain && !url.contains('#'));
    let Some(origin) = origin else {
        return Err("is an https address (or http on this computer) without a fragment");
    };
    if Origin::of(around.issuer).is_some_and(|issuer| issuer == origin) {
        return Err("is at the address of this server");
    }
    if !around.owner.has_origin(&origin) {
        return Err("is at an address that is neither the app's website nor that of a redirect URI");
    }
    Ok(())
}

fn check_scopes(wishes: &[ScopeWish], is_vault: bool) -> Result<Vec<ResourceScope>, Vec<Complaint>> {
    let mut complaints = Vec::new();
    let mut scopes: Vec<ResourceScope> = Vec::new();
    if wishes.is_empty() {
        complaints.push(Complaint::about("scopes", "name at least one"));
    }
    if wishes.len() > MOST_SCOPES {
        complaints.push(Complaint::about("scopes", "has at most 50 entries"));
    }
    for (place, wish) in wishes.iter().enumerate() {
        let mut complain = |field: &str, sentence: &str| {
            complaints.push(Complaint::about(format!("scopes[{place}].{field}"), sentence));
        };
        if let Err(sentence) = check_scope_name(&wish.name) {
            complain("name", sentence);
        } else if scopes.iter().any(|scope| scope.name == wish.name) {
            complain("name", "occurs twice");
        }
        let text = check_line(&wish.text, TEXT_CHARS);
        if text.is_none() {
            complain("text", "has between 2 and 120 characters, each of which can be seen");
        }
        if is_vault && (wish.allow.is_empty() || !wish.allow.iter().all(|rule| is_rule(rule))) {
            complain("allow", "names calls, each as a method or *, a space and a path: GET /v3/events/**");
        }
        if !(is_vault || wish.allow.is_empty() && wish.provider_scopes.is_empty()) {
            complain("allow", "and provider_scopes are for resources of kind vault");
        }
        let are_words =
            wish.provider_scopes.iter().all(|word| Scope::parse(word).is_some_and(|scope| scope.len() == 1));
        if !are_words || wish.provider_scopes.len() > MOST_SCOPES {
            complain("provider_scopes", "are the provider's own scopes, one word each");
        }
        let risk = Risk::parse(&wish.risk);
        if risk.is_none() {
            complain("risk", "is low, medium or high");
        }
        if let (Some(text), Some(risk)) = (text, risk) {
            scopes.push(ResourceScope {
                name: wish.name.clone(),
                text,
                risk,
                provider_scopes: wish.provider_scopes.clone(),
                allow: wish.allow.clone(),
            });
        }
    }
    if complaints.is_empty() { Ok(scopes) } else { Err(complaints) }
}

fn is_provider_id(id: &str) -> bool {
    let is_letter = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    (1..=60).contains(&id.len()) && id.bytes().all(is_letter)
}

/// A rule about calls: a method or `*`, a space, and a path below the usual host, or a whole https address. `*` stands for one part of the
/// path, `**` for whatever comes at its end; anything else with a star in it could be read in more than one way.
fn is_rule(rule: &str) -> bool {
    let Some((method, place)) = rule.split_once(' ') else { return false };
    let is_method =
        method == "*" || (!method.is_empty() && method.bytes().all(|byte| byte.is_ascii_uppercase() || byte == b'-'));
    let path = match place.strip_prefix("https://") {
        Some(rest) => rest.split_once('/').filter(|(host, _)| !host.is_empty()).map(|(_, path)| path),
        None => place.strip_prefix('/'),
    };
    let is_plain = place.len() <= 500
        && place.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'\\' | b'?' | b'#' | b'@'));
    let Some(path) = path.filter(|_| is_method && is_plain) else { return false };
    let segments: Vec<&str> = path.split('/').collect();
    let last = segments.len() - 1;
    segments.iter().enumerate().all(|(place, segment)| match *segment {
        "*" => true,
        "**" => place == last,
        text => !text.contains('*'),
    })
}

fn check_scope_name(name: &str) -> Result<(), &'static str> {
    let is_word = Scope::parse(name).is_some_and(|scope| scope.len() == 1 && scope.has(name));
    if !is_word || name.contains(['+', '%']) || !SCOPE_CHARS.contains(&name.len()) {
        return Err("is one word of 2 to 80 printable ASCII characters without quotes, \\, + and %");
    }
    if crate::app::SIGN_IN_SCOPES.contains(&name) {
        return Err("is a scope of sign-in: choose another word");
    }
    Ok(())
}

/// True when the two are said to people differently enough that those who allowed the first must be asked again.
pub(super) fn differ_materially(old: &Resource, new: &Resource) -> bool {
    let changed = |scope: &ResourceScope| new.find_scope(&scope.name).is_some_and(|now| now != scope);
    old.audience != new.audience || old.scopes.iter().any(changed)
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::{AppId, OrganizationId, RedirectUri, ResourceId, Time};

    fn owner() -> App {
        App {
            id: AppId::from_text("app_0123456789abcdef0123456789abcdef"),
            kind: crate::app::AppKind::Confidential,
            website: Some("https://iris.test/".into()),
            redirect_uris: vec![RedirectUri::sent("https://login.iris.test/cb")],
            ..App::quick("origin:https://unused.test").unwrap()
        }
    }

    fn scope_of(name: &str, text: &str, risk: Risk) -> ResourceScope {
        ResourceScope { name: name.into(), text: text.into(), risk, provider_scopes: Vec::new(), allow: Vec::new() }
    }

    fn resource() -> Resource {
        Resource {
            id: ResourceId::from_text("res_1"),
            key: "iris:inference".into(),
            app: owner().id,
            organization: OrganizationId::from_text("org_1"),
            name: "Iris inference".into(),
            description: None,
            provider: None,
            audience: "https://iris.test/api".into(),
            runtime_endpoint: None,
            allow_chains: false,
            open_audience: false,
            scopes: vec![scope_of("read", "Read", Risk::Low)],
            terms: 1,
            created_at: Time::from_ms(0),
            updated_at: Time::from_ms(0),
            paused_at: None,
            owner_is_off: false,
        }
    }

    fn complaints(wish: Wish) -> Vec<String> {
        let owner = owner();
        let around = Surroundings { owner: &owner, issuer: "https://id.test" };
        wish.grant(&resource(), &around).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    fn scope(name: &str, text: &str, risk: &str) -> ScopeWish {
        ScopeWish { name: name.into(), text: text.into(), risk: risk.into(), ..ScopeWish::default() }
    }

    #[test]
    fn threat_130_a_key_is_two_parts_and_never_the_id_of_a_client() {
        assert_eq!(check_key("calendar:google"), Ok("calendar"));
        assert_eq!(check_key("target:resource"), Ok("target"));
        for bad in
            ["iris", ":x", "iris:", "Iris:x", "ir is:x", "ïris:x", "ab", "app_0123:x", "origin:https", "a/b:c", ""]
        {
            assert!(check_key(bad).is_err(), "{bad}");
        }
        assert!(check_key(&format!("a:{}", "b".repeat(99))).is_err());
    }

    #[test]
    fn an_audience_is_a_place_or_a_name_of_the_owner() {
        for good in ["https://iris.test/api", "https://login.iris.test", "iris:inference", "iris:other"] {
            assert!(complaints(Wish { audience: Some(good.into()), ..Wish::default() }).is_empty(), "{good}");
        }
        for bad in [
            "https://id.test",
            "https://id.test/api",
            "https://other.test/api",
            "https://iris.test.evil.test/api",
            "https://u:p@iris.test/api",
            "https://iris.test/api#x",
            "http://iris.test/api",
            "other:inference",
            "app_0123456789abcdef0123456789abcdef",
            "origin:https://iris.test",
            "plain",
            "iris:ünï",
            "",
        ] {
            assert_eq!(complaints(Wish { audience: Some(bad.into()), ..Wish::default() }).len(), 1, "{bad}");
        }
    }

    #[test]
    fn every_wrong_field_is_named() {
        let wish = Wish {
            name: Some("x".into()),
            description: Change::Set("a".repeat(241)),
            runtime_endpoint: Change::Set("https://evil.test/runtime".into()),
            scopes: Some(vec![
                scope("openid", "x", "none"),
                scope("two words", "Read", "low"),
                scope("read", "Read", "low"),
                scope("read", "Ban\u{200b}k", "high"),
            ]),
            ..Wish::default()
        };
        assert_eq!(
            complaints(wish),
            [
                "name: has between 2 and 80 characters, each of which can be seen",
                "description: has at most 240 characters, each of which can be seen",
                "runtime_endpoint: is at an address that is neither the app's website nor that of a redirect URI",
                "scopes[0].name: is a scope of sign-in: choose another word",
                "scopes[0].text: has between 2 and 120 characters, each of which can be seen",
                "scopes[0].risk: is low, medium or high",
                "scopes[1].name: is one word of 2 to 80 printable ASCII characters without quotes, \\, + and %",
                "scopes[3].name: occurs twice",
                "scopes[3].text: has between 2 and 120 characters, each of which can be seen",
            ]
        );
        assert_eq!(complaints(Wish { scopes: Some(Vec::new()), ..Wish::default() }), ["scopes: name at least one"]);
    }

    #[test]
    fn threat_131_what_people_were_told_is_what_counts_as_material() {
        let old = resource();
        let changed = |change: &dyn Fn(&mut Resource)| {
            let mut new = old.clone();
            change(&mut new);
            differ_materially(&old, &new)
        };
        assert!(changed(&|new| new.audience = "https://iris.test/other".into()));
        assert!(changed(&|new| new.scopes[0].text = "Read and write".into()));
        assert!(changed(&|new| new.scopes[0].risk = Risk::High));
        assert!(!changed(&|new| new.description = Some("Words".into())));
        let more = scope_of("write", "Write", Risk::High);
        assert!(!changed(&|new| new.scopes.push(more.clone())));
        assert!(!changed(&|new| new.scopes.clear()));
    }
}
