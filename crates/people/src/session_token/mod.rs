//! Session tokens: a person's own key to the list of what they allowed, for scripts and apps of theirs (seed 000, `product.md` 3.7).
//!
//! Promise: one is made with a fresh passkey, shown once, kept as a digest, and opens nothing but that list.

mod rows;

pub(crate) use rows::{delete_of_account, end_of_account, sweep};

use crate::refusal::{Code, Result, refuse};
use crate::{People, Session, acts, text};
use base::{AccountId, Bearer, Fault, Secret, Time};
use ledger::{Entry, journal};

const PREFIX: &str = "pst_";
const LIFE_SECS: i64 = 30 * 86_400;
const MOST: usize = 20;
const SEEN_EVERY_SECS: i64 = 60;

/// A session token as the person sees it.
#[derive(Debug, Clone)]
pub struct SessionToken {
    pub number: i64,
    pub account: AccountId,
    pub name: String,
    pub created_at: Time,
    pub expires_at: Time,
    pub last_used_at: Option<Time>,
}

impl People {
    /// Makes one. Needs a passkey within five minutes. The text is shown this once.
    pub async fn make_session_token(&self, session: &Session, name: &str) -> Result<Secret> {
        let now = self.seams().now();
        self.check_fresh(session, now)?;
        if session.acr != "phr" && !self.settings().demo {
            return Err(refuse(Code::StepUpRequired, "confirm with your passkey first"));
        }
        let name = text::line(name, 40).unwrap_or_else(|| "Key".to_owned());
        let entry =
            Entry::new(acts::SESSION_TOKEN_MADE, self.seams())?.account(&session.account).source(&session.source);
        let (people, account) = (self.clone(), session.account.clone());
        self.store()
            .write_again(move |tx| {
                if rows::list_of_account(tx, &account, now)?.len() >= MOST {
                    return Err(refuse(Code::TooMany, "there are twenty already; end one first"));
                }
                let bearer = Bearer::mint(PREFIX, people.seams().number()?, people.seams().entropy())?;
                rows::insert(tx, &bearer, &account, &name, now, now.plus_secs(LIFE_SECS))?;
                journal::write(tx, &entry.clone().detail(serde_json::json!({ "name": name })))?;
                Ok(bearer.secret().clone())
            })
            .await
    }

    /// Those of an account that open the list now, newest first.
    pub async fn session_tokens(&self, account: &AccountId) -> Result<Vec<SessionToken>> {
        let (account, now) = (account.clone(), self.seams().now());
        self.store().read(move |tx| Ok(rows::list_of_account(tx, &account, now)?)).await
    }

    /// Ends one of this session's person.
    pub async fn end_session_token(&self, session: &Session, number: i64) -> Result<()> {
        let (account, now) = (session.account.clone(), self.seams().now());
        let entry = Entry::new(acts::SESSION_TOKEN_ENDED, self.seams())?.account(&account).source(&session.source);
        self.store()
            .write(move |tx| {
                if !rows::end(tx, &account, number, now)? {
                    return Err(refuse(Code::NotFound, "this has ended already"));
                }
                Ok(journal::write(tx, &entry)?)
            })
            .await
    }

    /// Whose session token this is. Nothing when it is unknown, over, or its account is disabled.
    pub async fn check_session_token(&self, token: &Secret) -> std::result::Result<Option<AccountId>, Fault> {
        let Some(bearer) = Bearer::parse(PREFIX, token.reveal()) else { return Ok(None) };
        let now = self.seams().now();
        let found = self.store().read(move |tx| rows::find_live(tx, &bearer, now)).await?;
        let is_stale = |at: Time| now.ms_since(at) >= SEEN_EVERY_SECS * 1000;
        if let Some(token) = found.as_ref().filter(|token| token.last_used_at.is_none_or(is_stale)) {
            let number = token.number;
            self.store().write(move |tx| rows::see(tx, number, now)).await?;
        }
        Ok(found.map(|token| token.account))
    }
}
