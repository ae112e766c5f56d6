//! What somebody wants an app to be, and whether that can be.
//!
//! Promise: a field that is not named stays as it is; every field that is wrong is complained about, not the first alone.

use super::logo::{Logo, MOST_BYTES};
use super::{App, AppKind, AuthMethod, Change, Complaint, SIGN_IN_SCOPES};
use base::{Origin, RedirectUri, Scope, is_deceptive};
use jose::Alg;
use std::ops::RangeInclusive;

const MOST_URIS: usize = 100;
const MOST_URI_BYTES: usize = 2048;
const NAME_CHARS: RangeInclusive<usize> = 2..=64;
const MOST_DESCRIPTION_CHARS: usize = 200;
const ACCESS_SECS: RangeInclusive<i64> = 300..=86_400;
const REFRESH_SECS: RangeInclusive<i64> = 3_600..=31_536_000;
const REPLAY_SECS: RangeInclusive<i64> = 0..=60;

/// The fields of a registration that a caller names, as written.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    pub name: Option<String>,
    pub description: Change<String>,
    pub website: Change<String>,
    pub logo: Change<Vec<u8>>,
    pub accent: Change<String>,
    pub redirect_uris: Option<Vec<String>>,
    pub post_logout_redirect_uris: Option<Vec<String>>,
    pub backchannel_logout_uri: Change<String>,
    pub native: Option<bool>,
    pub development_mode: Option<bool>,
    pub background: Option<bool>,
    pub scopes: Option<Vec<String>>,
    pub require_pkce: Option<bool>,
    pub auth_method: Option<String>,
    pub alg: Option<String>,
    pub access_ttl_secs: Change<i64>,
    pub refresh_idle_secs: Change<i64>,
    pub refresh_absolute_secs: Change<i64>,
    pub refresh_replay_secs: Change<i64>,
    pub hand_out_tokens: Option<bool>,
}

/// A registration after the wish, and the picture that comes with it.
pub(super) struct Granted {
    pub(super) app: App,
    pub(super) logo: Change<Logo>,
}

impl Wish {
    /// The registration as it would be after this wish.
    pub(super) fn grant(self, from: &App) -> Result<Granted, Vec<Complaint>> {
        let mut app = from.clone();
        let mut said = Said(Vec::new());
        if let Some(name) = self.name.as_deref().and_then(|name| said.check("name", check_name(name))) {
            app.name = name;
        }
        set_text(&mut app.description, self.description, &mut said, "description", check_description);
        set_text(&mut app.website, self.website, &mut said, "website_url", check_website);
        set_text(&mut app.accent, self.accent, &mut said, "branding.accent", check_accent);
        set_text(
            &mut app.backchannel_logout_uri,
            self.backchannel_logout_uri,
            &mut said,
            "backchannel_logout_uri",
            check_backchannel,
        );
        if let Some(uris) = self.redirect_uris {
            app.redirect_uris = check_uris("redirect_uris", &uris, &mut said);
            // An app that only acts for itself has nowhere to send people; one without a secret has nothing else to do.
            if uris.is_empty() && app.kind == AppKind::Public {
                said.complain("redirect_uris", "name at least one: a public app can do nothing without");
            }
        }
        if let Some(uris) = self.post_logout_redirect_uris {
            app.post_logout_redirect_uris = check_uris("post_logout_redirect_uris", &uris, &mut said);
        }
        if let Some(scopes) = self.scopes {
            app.scopes = check_scopes(&scopes, &mut said);
        }
        if let Some(word) = self.auth_method {
            check_auth_method(app.kind, &word, &mut said);
        }
        if let Some(alg) = self.alg.and_then(|name| said.check("id_token_signed_response_alg", check_alg(&name))) {
            app.alg = alg;
        }
        app.native = self.native.unwrap_or(app.native);
        app.development_mode = self.development_mode.unwrap_or(app.development_mode);
        app.background = self.background.unwrap_or(app.background);
        app.require_pkce = self.require_pkce.unwrap_or(app.require_pkce);
        app.hand_out_tokens = self.hand_out_tokens.unwrap_or(app.hand_out_tokens);
        set_secs(&mut app.access_ttl_secs, &self.access_ttl_secs, &mut said, "access_token_ttl_secs", ACCESS_SECS);
        set_secs(
            &mut app.refresh_idle_secs,
            &self.refresh_idle_secs,
            &mut said,
            "refresh_token_idle_secs",
            REFRESH_SECS,
        );
        set_secs(
            &mut app.refresh_absolute_secs,
            &self.refresh_absolute_secs,
            &mut said,
            "refresh_token_absolute_secs",
            REFRESH_SECS,
        );
        set_secs(
            &mut app.refresh_replay_secs,
            &self.refresh_replay_secs,
            &mut said,
            "refresh_replay_window_secs",
            REPLAY_SECS,
        );
        if let (Some(idle), Some(absolute)) = (app.refresh_idle_secs, app.refresh_absolute_secs)
            && idle > absolute
        {
            said.complain("refresh_token_idle_secs", "is longer than refresh_token_absolute_secs");
        }
        let logo = match self.logo {
            Change::Keep => Change::Keep,
            Change::Clear => Change::Clear,
            Change::Set(bytes) => said.check("branding.logo", check_logo(bytes)).map_or(Change::Keep, Change::Set),
        };
        if said.0.is_empty() { Ok(Granted { app, logo }) } else { Err(said.0) }
    }
}

/// The complaints so far.
struct Said(Vec<Complaint>);

impl Said {
    fn complain(&mut self, field: impl Into<String>, sentence: impl Into<String>) {
        self.0.push(Complaint::about(field, sentence));
    }

    fn check<T, S: Into<String>>(&mut self, field: impl Into<String>, outcome: Result<T, S>) -> Option<T> {
        outcome.map_err(|sentence| self.complain(field, sentence)).ok()
    }
}

fn set_text<F>(to: &mut Option<String>, change: Change<String>, said: &mut Said, field: &str, check: F)
where
    F: Fn(&str) -> Result<String, &'static str>,
{
    match change {
        Change::Keep => {}
        Change::Clear => *to = None,
        Change::Set(text) if text.trim().is_empty() => *to = None,
        Change::Set(text) => *to = said.check(field, check(&text)),
    }
}

fn set_secs(to: &mut Option<i64>, change: &Change<i64>, said: &mut Said, field: &str, allowed: RangeInclusive<i64>) {
    match *change {
        Change::Keep => {}
        Change::Clear => *to = None,
        Change::Set(secs) if allowed.contains(&secs) => *to = Some(secs),
        Change::Set(_) => said.complain(field, format!("is between {} and {} seconds", allowed.start(), allowed.end())),
    }
}

/// A name that people see on consent pages: nothing in it may hide, reorder or imitate what stands beside it (threat 53).
pub(crate) fn check_name(name: &str) -> Result<String, &'static str> {
    let name = name.trim();
    if !NAME_CHARS.contains(&name.chars().count()) {
        return Err("has between 2 and 64 characters");
    }
    if name.chars().any(is_deceptive) {
        return Err("holds a character that cannot be seen or turns others around");
    }
    Ok(name.to_owned())
}

fn check_description(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if text.chars().count() > MOST_DESCRIPTION_CHARS {
        return Err("has at most 200 characters");
    }
    if text.chars().any(is_deceptive) {
        return Err("holds a character that cannot be seen or turns others around");
    }
    Ok(text.to_owned())
}

/// Text of a URL that browsers would not rewrite before they follow it.
fn is_plain_url(text: &str) -> bool {
    text.len() <= MOST_URI_BYTES && text.bytes().all(|byte| byte.is_ascii_graphic() && byte != b'\\')
}

fn check_website(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if !is_plain_url(text) || Origin::of(text).is_none() {
        return Err("is an https address (or http on this computer)");
    }
    Ok(text.to_owned())
}

fn check_backchannel(text: &str) -> Result<String, &'static str> {
    let text = text.trim();
    if !is_plain_url(text) || text.contains('#') || Origin::of(text).is_none() {
        return Err("is an https address (or http on this computer) without a fragment");
    }
    Ok(text.to_owned())
}

fn check_accent(text: &str) -> Result<String, &'static str> {
    let text = text.trim().to_ascii_lowercase();
    let digits = text.strip_prefix('#').unwrap_or_default();
    if digits.len() != 6 || !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return Err("is a colour written as # and six hexadecimal digits");
    }
    Ok(text)
}

fn check_uris(field: &str, texts: &[String], said: &mut Said) -> Vec<RedirectUri> {
    if texts.len() > MOST_URIS {
        said.complain(field, "has at most 100 entries");
        return Vec::new();
    }
    let mut uris = Vec::new();
    for (place, text) in texts.iter().enumerate() {
        let outcome = if text.len() > MOST_URI_BYTES {
            Err("has at most 2048 characters".to_owned())
        } else {
            RedirectUri::register(text).map_err(|bad| bad.to_string())
        };
        match said.check(format!("{field}[{place}]"), outcome) {
            Some(uri) if !uris.contains(&uri) => uris.push(uri),
            _ => {}
        }
    }
    uris
}

fn check_scopes(words: &[String], said: &mut Said) -> Scope {
    if words.is_empty() {
        said.complain("scopes", "name at least one");
    }
    for (place, word) in words.iter().enumerate() {
        if !SIGN_IN_SCOPES.contains(&word.as_str()) {
            said.complain(format!("scopes[{place}]"), "is none of openid, profile, email, offline_access, user_id");
        }
    }
    Scope::of(words.iter().filter(|word| SIGN_IN_SCOPES.contains(&word.as_str())))
}

fn check_auth_method(kind: AppKind, word: &str, said: &mut Said) {
    let field = "token_endpoint_auth_method";
    match (AuthMethod::parse(word), kind) {
        (Some(AuthMethod::Secret), AppKind::Confidential) | (Some(AuthMethod::None), AppKind::Public) => {}
        (Some(AuthMethod::Secret), _) => {
            said.complain(field, "a public app has no secret: leave it out, or write none");
        }
        (Some(AuthMethod::None), _) => said.complain(field, "a confidential app authenticates with its secret"),
        (Some(AuthMethod::PrivateKeyJwt), _) => {
            said.complain(field, "private_key_jwt is not supported by this version");
        }
        (None, _) => said.complain(field, "is client_secret_basic_or_post or none"),
    }
}

fn check_alg(name: &str) -> Result<Alg, &'static str> {
    Alg::parse(name).ok_or("is RS256, ES256 or EdDSA")
}

fn check_logo(bytes: Vec<u8>) -> Result<Logo, &'static str> {
    if bytes.len() > MOST_BYTES {
        return Err("has at most 256 KiB");
    }
    Logo::read(bytes).ok_or("is a PNG, JPEG, GIF or WebP picture")
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::AppId;

    fn confidential() -> App {
        App {
            id: AppId::from_text("app_0123456789abcdef0123456789abcdef"),
            kind: AppKind::Confidential,
            name: "Notes".into(),
            description: Some("Writes things down".into()),
            development_mode: true,
            redirect_uris: vec![RedirectUri::sent("https://notes.test/cb")],
            refresh_idle_secs: Some(7_200),
            ..App::quick("origin:https://notes.test").unwrap()
        }
    }

    fn complaints(wish: Wish) -> Vec<String> {
        wish.grant(&confidential()).err().unwrap_or_default().iter().map(ToString::to_string).collect()
    }

    #[test]
    fn what_is_not_named_stays() {
        let granted = Wish { name: Some("Notebook".into()), ..Wish::default() }.grant(&confidential()).ok().unwrap();
        assert_eq!(granted.app.name, "Notebook");
        assert_eq!(granted.app.description.as_deref(), Some("Writes things down"));
        assert!(granted.app.development_mode);
        assert_eq!(granted.app.redirect_uris, confidential().redirect_uris);
        assert_eq!(granted.app.refresh_idle_secs, Some(7_200));
        let cleared = Wish { description: Change::Clear, refresh_idle_secs: Change::Clear, ..Wish::default() };
        let granted = cleared.grant(&confidential()).ok().unwrap();
        assert_eq!((granted.app.description, granted.app.refresh_idle_secs), (None, None));
    }

    #[test]
    fn threat_006_no_scheme_that_runs_or_reads_can_be_registered() {
        for bad in [
            "javascript:alert(1)",
            "data:text/html,x",
            "file:///etc/passwd",
            "blob:https://a.test/x",
            "about:blank",
            "vbscript:x",
        ] {
            let wish = Wish { redirect_uris: Some(vec![bad.into()]), ..Wish::default() };
            assert_eq!(complaints(wish).len(), 1, "{bad}");
        }
        let wish = Wish { website: Change::Set("javascript:alert(1)".into()), ..Wish::default() };
        assert_eq!(complaints(wish), ["website_url: is an https address (or http on this computer)"]);
    }

    #[test]
    fn every_wrong_field_is_named() {
        let wish = Wish {
            name: Some("x".into()),
            redirect_uris: Some(vec!["https://a.test/cb".into(), "https://*.a.test/cb".into()]),
            scopes: Some(vec!["openid".into(), "root".into()]),
            alg: Some("none".into()),
            accent: Change::Set("blue".into()),
            access_ttl_secs: Change::Set(60),
            refresh_replay_secs: Change::Set(61),
            auth_method: Some("private_key_jwt".into()),
            logo: Change::Set(b"<svg/>".to_vec()),
            ..Wish::default()
        };
        assert_eq!(
            complaints(wish),
            [
                "name: has between 2 and 64 characters",
                "branding.accent: is a colour written as # and six hexadecimal digits",
                "redirect_uris[1]: * is never interpreted: register each address",
                "scopes[1]: is none of openid, profile, email, offline_access, user_id",
                "token_endpoint_auth_method: private_key_jwt is not supported by this version",
                "id_token_signed_response_alg: is RS256, ES256 or EdDSA",
                "access_token_ttl_secs: is between 300 and 86400 seconds",
                "refresh_replay_window_secs: is between 0 and 60 seconds",
                "branding.logo: is a PNG, JPEG, GIF or WebP picture",
            ]
        );
    }

    #[test]
    fn threat_053_a_name_cannot_hide_or_turn_around_what_follows() {
        for bad in ["Bank\u{202e}gpj.exe", "Ban\u{200b}k", "Bank\n", "B\u{0}ank", "\u{3164}\u{3164}"] {
            let is_trimmed_newline = bad.ends_with('\n');
            assert_eq!(check_name(bad).is_ok(), is_trimmed_newline, "{bad:?}");
        }
        assert_eq!(check_name("  Ärzte & Söhne ").unwrap(), "Ärzte & Söhne");
        assert!(check_name(&"x".repeat(65)).is_err());
    }

    #[test]
    fn an_idle_time_cannot_outlast_the_absolute_one() {
        let wish = Wish { refresh_absolute_secs: Change::Set(3_600), ..Wish::default() };
        assert_eq!(complaints(wish), ["refresh_token_idle_secs: is longer than refresh_token_absolute_secs"]);
    }
}
