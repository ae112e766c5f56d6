//! Finding the session of a cookie: one statement, since most pages begin with it.

use super::rows::Shown;
use super::{EMBED_PREFIX, PREFIX, Session, rows};
use crate::People;
use base::{Bearer, Fault, Time};
use db::Tx;
use ledger::grant;

const SEEN_EVERY_SECS: i64 = 60;

/// The live session of this cookie. Nothing when it is unknown, ended, idle for too long, or its account is disabled.
pub fn check(tx: &mut Tx, cookie: &str, now: Time, idle_secs: i64) -> Result<Option<Session>, Fault> {
    let Some(bearer) = Bearer::parse(PREFIX, cookie) else { return Ok(None) };
    rows::find_live(tx, &bearer, Shown::ByCookie, now, now.plus_secs(-idle_secs))
}

impl People {
    /// The live session of this cookie; notes at most once a minute that it was seen.
    pub async fn check_session(&self, cookie: &str) -> Result<Option<Session>, Fault> {
        let Some(bearer) = Bearer::parse(PREFIX, cookie) else { return Ok(None) };
        let (now, idle) = (self.seams().now(), self.settings().idle_secs);
        let look = move |tx: &mut Tx| rows::find_live(tx, &bearer, Shown::ByCookie, now, now.plus_secs(-idle));
        let found = self.store().read(look).await?;
        if let Some(session) =
            found.as_ref().filter(|session| now.ms_since(session.last_seen_at) >= SEEN_EVERY_SECS * 1000)
        {
            let (number, device, grant) = (session.number, session.device.clone(), session.grant.clone());
            self.store()
                .write(move |tx| {
                    rows::see(tx, number, &device, now)?;
                    grant::touch(tx, &grant, now)
                })
                .await?;
        }
        Ok(found)
    }

    /// The live session that a frame shows by the secret made for frames. It opens nothing but what a frame may do.
    pub async fn check_embedded_session(&self, cookie: &str) -> Result<Option<Session>, Fault> {
        let Some(bearer) = Bearer::parse(EMBED_PREFIX, cookie) else { return Ok(None) };
        let (now, idle) = (self.seams().now(), self.settings().idle_secs);
        let look = move |tx: &mut Tx| rows::find_live(tx, &bearer, Shown::InFrame, now, now.plus_secs(-idle));
        self.store().read(look).await
    }
}
