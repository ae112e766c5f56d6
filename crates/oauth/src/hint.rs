//! ID tokens as hints (OIDC Core §3.1.2.1, RP-Initiated Logout §2): expired ones still tell who is meant.

use crate::OAuth;
use base::{AppId, GrantId};
use jose::{Expect, Kind, verify};

/// Whom an ID token of ours speaks of, and to which client it was given.
#[derive(Debug, Clone)]
pub struct Hinted {
    pub subject: String,
    pub client_id: String,
    pub sid: Option<String>,
}

impl OAuth {
    /// Reads a hint. Nothing unless it is an ID token that this server signed.
    pub fn read_id_token_hint(&self, hint: &str) -> Option<Hinted> {
        let expect = Expect {
            kind: Kind::IdToken,
            issuer: &self.settings.issuer,
            audience: None,
            now: self.seams.now(),
            allow_expired: true,
        };
        let claims = verify(&self.keys.key_set(), hint, &expect).ok()?;
        let client_id = claims.audiences().next()?.to_owned();
        // An access token's audience is this server; an ID token's never is.
        if client_id == self.settings.issuer {
            return None;
        }
        Some(Hinted { subject: claims.text("sub")?.to_owned(), client_id, sid: claims.text("sid").map(str::to_owned) })
    }

    /// True when the hint was given in this session.
    pub fn hint_names_session(&self, hinted: &Hinted, session: &GrantId) -> bool {
        let own = self.sid(session, &AppId::from_text(hinted.client_id.clone()));
        hinted.sid.as_deref() == Some(own.as_str())
    }
}
