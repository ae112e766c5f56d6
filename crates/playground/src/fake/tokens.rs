//! Codes and tokens, in memory.
//!
//! Promise: a code buys one set of tokens (a second try ends them, RFC 6749 §4.1.2); where refresh tokens rotate, one that comes
//! back after its use ends its family, as real providers do it; an ended family has no live token.

use super::account::Account;
use super::bounded::Bounded;
use super::scope::Scopes;
use super::service::Service;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use sha2::{Digest as _, Sha256};

const CODE_SECS: i64 = 60;
const MOST: usize = 20_000;

/// What the person allowed, and whom.
#[derive(Debug, Clone)]
pub(super) struct Approved {
    pub(super) service: Service,
    pub(super) account: Account,
    pub(super) scopes: Scopes,
    /// Byte for byte as the request had it.
    pub(super) redirect_uri: String,
    /// S256 (RFC 7636).
    pub(super) challenge: String,
}

#[derive(Debug)]
struct Code {
    approved: Approved,
    expires_at: i64,
    is_spent: bool,
}

/// A code and all that it bought; named by the code.
#[derive(Debug)]
struct Family {
    service: Service,
    account: Account,
    scopes: Scopes,
    is_live: bool,
}

#[derive(Debug)]
struct Access {
    family: String,
    scopes: Scopes,
    expires_at: i64,
    is_revoked: bool,
}

#[derive(Debug)]
struct Refresh {
    family: String,
    /// Another one has taken its place.
    is_spent: bool,
}

/// How tokens are given out at this moment.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    pub(super) expires_in: i64,
    pub(super) rotates: bool,
    pub(super) has_refresh: bool,
}

/// Two texts that nobody can guess.
pub(super) struct Fresh {
    pub(super) access: String,
    pub(super) refresh: String,
}

/// What the token endpoint gives.
#[derive(Debug)]
pub(super) struct Granted {
    pub(super) access_token: String,
    pub(super) refresh_token: Option<String>,
    pub(super) scopes: Scopes,
}

/// Why it gives nothing: an error code of RFC 6749 §5.2 and a sentence.
pub(super) type Refusal = (&'static str, &'static str);

/// Whom an access token stands for.
#[derive(Debug, Clone)]
pub(super) struct Caller {
    pub(super) account: Account,
    pub(super) scopes: Scopes,
}

#[derive(Debug)]
pub(super) struct Tokens {
    codes: Bounded<Code>,
    families: Bounded<Family>,
    access: Bounded<Access>,
    refresh: Bounded<Refresh>,
}

impl Default for Tokens {
    fn default() -> Tokens {
        Tokens {
            codes: Bounded::of(MOST),
            families: Bounded::of(MOST),
            access: Bounded::of(MOST),
            refresh: Bounded::of(MOST),
        }
    }
}

impl Tokens {
    pub(super) fn issue(&mut self, code: String, approved: Approved, now: i64) {
        self.codes.keep(code, Code { approved, expires_at: now + CODE_SECS, is_spent: false });
    }

    /// RFC 6749 §4.1.3 with RFC 7636 §4.6. The client is known before this.
    pub(super) fn redeem(
        &mut self,
        (service, code): (Service, &str),
        redirect_uri: &str,
        verifier: &str,
        (now, terms, fresh): (i64, Terms, Fresh),
    ) -> Result<Granted, Refusal> {
        let refuse = |sentence| Err(("invalid_grant", sentence));
        let Some(known) = self.codes.find_mut(code).filter(|known| known.approved.service == service) else {
            return refuse("the code is unknown");
        };
        if known.is_spent {
            self.end(code);
            return refuse("the code was already used; its tokens have been ended");
        }
        // Whatever is wrong with this try, there is no second one.
        known.is_spent = true;
        if known.expires_at <= now {
            return refuse("the code has expired");
        }
        if known.approved.redirect_uri != redirect_uri {
            return refuse("the redirect URI differs from the one the code was issued for");
        }
        if known.approved.challenge != URL_SAFE_NO_PAD.encode(Sha256::digest(verifier)) {
            return refuse("the code verifier does not match");
        }
        let Approved { service, account, scopes, .. } = known.approved.clone();
        self.families.keep(code.to_owned(), Family { service, account, scopes: scopes.clone(), is_live: true });
        Ok(self.give(code, scopes, terms.has_refresh, (now, terms, fresh)))
    }

    /// RFC 6749 §6. `asked` may be less than what was granted.
    pub(super) fn refresh(
        &mut self,
        (service, token): (Service, &str),
        asked: Option<Scopes>,
        (now, terms, fresh): (i64, Terms, Fresh),
    ) -> Result<Granted, Refusal> {
        let refuse = |sentence| Err(("invalid_grant", sentence));
        let Some((family, is_spent)) = self.refresh.find(token).map(|known| (known.family.clone(), known.is_spent))
        else {
            return refuse("the refresh token is unknown");
        };
        let Some(granted) = self.families.find(&family).filter(|family| family.service == service) else {
            return refuse("the refresh token is unknown");
        };
        if !granted.is_live {
            return refuse("the refresh token has been ended");
        }
        let granted = granted.scopes.clone();
        if is_spent {
            self.end(&family);
            return refuse("the refresh token was already used; its tokens have been ended");
        }
        let scopes = asked.unwrap_or_else(|| granted.clone());
        if !scopes.iter().all(|scope| granted.contains(scope)) {
            return Err(("invalid_scope", "the scope exceeds what was granted"));
        }
        // An answer that leaves the new one out leaves the old one good: a provider never locks everybody out by itself.
        let is_replaced = terms.rotates && terms.has_refresh;
        if let Some(known) = self.refresh.find_mut(token).filter(|_| is_replaced) {
            known.is_spent = true;
        }
        Ok(self.give(&family, scopes, is_replaced, (now, terms, fresh)))
    }

    fn give(
        &mut self,
        family: &str,
        scopes: Scopes,
        has_refresh: bool,
        (now, terms, fresh): (i64, Terms, Fresh),
    ) -> Granted {
        let expires_at = now.saturating_add(terms.expires_in);
        let access = Access { family: family.to_owned(), scopes: scopes.clone(), expires_at, is_revoked: false };
        self.access.keep(fresh.access.clone(), access);
        let refresh_token = has_refresh.then_some(fresh.refresh);
        if let Some(token) = &refresh_token {
            self.refresh.keep(token.clone(), Refresh { family: family.to_owned(), is_spent: false });
        }
        Granted { access_token: fresh.access, refresh_token, scopes }
    }

    /// Whom a live access token of this service stands for.
    pub(super) fn find(&self, service: Service, token: &str, now: i64) -> Option<Caller> {
        let access = self.access.find(token).filter(|access| !access.is_revoked && access.expires_at > now)?;
        let family = self.families.find(&access.family).filter(|family| family.is_live && family.service == service)?;
        Some(Caller { account: family.account, scopes: access.scopes.clone() })
    }

    /// RFC 7009 §2.1: a refresh token takes its family along, an access token goes alone. False when there is no such token.
    pub(super) fn revoke(&mut self, service: Service, token: &str) -> bool {
        let of = |family: &str| self.families.find(family).is_some_and(|family| family.service == service);
        if let Some(family) = self.refresh.find(token).map(|known| known.family.clone()).filter(|family| of(family)) {
            self.end(&family);
            return true;
        }
        let is_ours = self.access.find(token).is_some_and(|access| of(&access.family));
        if let Some(access) = self.access.find_mut(token).filter(|_| is_ours) {
            access.is_revoked = true;
        }
        is_ours
    }

    fn end(&mut self, family: &str) {
        if let Some(family) = self.families.find_mut(family) {
            family.is_live = false;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fake::scope::{CALENDAR_READ, CALENDAR_WRITE};

    const CAL: Service = Service::Calendar;
    const TERMS: Terms = Terms { expires_in: 3600, rotates: true, has_refresh: true };

    fn fresh(number: u32) -> Fresh {
        Fresh { access: format!("a{number}"), refresh: format!("r{number}") }
    }

    fn approved() -> Tokens {
        let mut tokens = Tokens::default();
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest("verifier"));
        let scopes = vec![CALENDAR_READ, CALENDAR_WRITE];
        let redirect_uri = "https://a.test/cb".to_owned();
        let approved = Approved { service: CAL, account: Account::Ada, scopes, redirect_uri, challenge };
        tokens.issue("code".to_owned(), approved, 100);
        tokens
    }

    fn redeem(tokens: &mut Tokens, now: i64, number: u32) -> Result<Granted, Refusal> {
        tokens.redeem((CAL, "code"), "https://a.test/cb", "verifier", (now, TERMS, fresh(number)))
    }

    #[test]
    fn a_code_buys_once_and_a_second_try_ends_what_it_bought() {
        let mut tokens = approved();
        assert_eq!(redeem(&mut tokens, 159, 1).unwrap().refresh_token.as_deref(), Some("r1"));
        assert_eq!(tokens.find(CAL, "a1", 160).unwrap().scopes, [CALENDAR_READ, CALENDAR_WRITE]);
        assert!(tokens.find(Service::Chat, "a1", 160).is_none(), "a token of one service is none at the other");
        assert_eq!(redeem(&mut tokens, 160, 2).unwrap_err().0, "invalid_grant");
        assert!(tokens.find(CAL, "a1", 160).is_none());
        assert_eq!(tokens.refresh((CAL, "r1"), None, (160, TERMS, fresh(3))).unwrap_err().0, "invalid_grant");
    }

    #[test]
    fn a_code_is_burned_by_a_wrong_try() {
        for (redirect_uri, verifier, now) in [
            ("https://a.test/cb/", "verifier", 101),
            ("https://a.test/cb", "guess", 101),
            ("https://a.test/cb", "verifier", 160),
        ] {
            let mut tokens = approved();
            assert!(tokens.redeem((CAL, "code"), redirect_uri, verifier, (now, TERMS, fresh(1))).is_err());
            assert!(redeem(&mut tokens, 101, 2).is_err());
        }
        let mut tokens = approved();
        let other = tokens.redeem((Service::Chat, "code"), "https://a.test/cb", "verifier", (101, TERMS, fresh(1)));
        assert!(other.is_err() && redeem(&mut tokens, 101, 2).is_ok(), "the other service does not know it");
    }

    #[test]
    fn where_refresh_tokens_rotate_one_that_comes_back_ends_the_family() {
        let mut tokens = approved();
        redeem(&mut tokens, 101, 1).unwrap();
        let next = tokens.refresh((CAL, "r1"), None, (102, TERMS, fresh(2))).unwrap();
        assert_eq!((next.access_token.as_str(), next.refresh_token.as_deref()), ("a2", Some("r2")));
        assert!(tokens.find(CAL, "a1", 103).is_some());
        assert!(tokens.refresh((CAL, "r1"), None, (103, TERMS, fresh(3))).unwrap_err().1.contains("already used"));
        assert!(tokens.refresh((CAL, "r2"), None, (104, TERMS, fresh(4))).unwrap_err().1.contains("ended"));
        assert!(tokens.find(CAL, "a2", 104).is_none());
    }

    #[test]
    fn where_they_do_not_rotate_or_are_left_out_the_old_one_stays_good() {
        for terms in [Terms { rotates: false, ..TERMS }, Terms { has_refresh: false, ..TERMS }] {
            let mut tokens = approved();
            redeem(&mut tokens, 101, 1).unwrap();
            for number in 2..4 {
                let next = tokens.refresh((CAL, "r1"), None, (102, terms, fresh(number))).unwrap();
                assert_eq!(next.refresh_token, None);
            }
        }
    }

    #[test]
    fn a_refresh_may_ask_for_less_and_not_for_more() {
        let mut tokens = approved();
        redeem(&mut tokens, 101, 1).unwrap();
        let less = tokens.refresh((CAL, "r1"), Some(vec![CALENDAR_READ]), (102, TERMS, fresh(2))).unwrap();
        assert_eq!(less.scopes, [CALENDAR_READ]);
        assert_eq!(tokens.refresh((CAL, "r2"), None, (103, TERMS, fresh(3))).unwrap().scopes.len(), 2);
        let more = tokens.refresh((CAL, "r3"), Some(vec!["messages.read"]), (104, TERMS, fresh(4)));
        assert_eq!(more.unwrap_err().0, "invalid_scope");
        assert!(tokens.refresh((CAL, "r3"), None, (104, TERMS, fresh(5))).is_ok(), "a refused refresh spends nothing");
    }

    #[test]
    fn access_ends_by_time_and_by_revocation() {
        let mut tokens = approved();
        redeem(&mut tokens, 101, 1).unwrap();
        assert!(tokens.find(CAL, "a1", 3700).is_some() && tokens.find(CAL, "a1", 3701).is_none());
        tokens.refresh((CAL, "r1"), None, (102, TERMS, fresh(2))).unwrap();
        assert!(!tokens.revoke(Service::Chat, "a2") && tokens.find(CAL, "a2", 103).is_some());
        assert!(tokens.revoke(CAL, "a2") && tokens.find(CAL, "a2", 103).is_none());
        assert!(tokens.find(CAL, "a1", 103).is_some(), "an access token goes alone");
        assert!(tokens.revoke(CAL, "r2") && tokens.find(CAL, "a1", 103).is_none());
        assert!(!tokens.revoke(CAL, "unknown"));
    }
}
