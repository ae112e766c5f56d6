//! Rotating a refresh token (RFC 6749 §6, RFC 9700 §4.14.2, seed 003).
//!
//! Promise: the old token is dead once the answer is out. Whoever shows it later has it from somewhere else: the family ends.
//! Requests that overlap on this node share one answer; an app may opt into a window in which it gets the same answer again.

use super::{RefreshAsk, check_resource};
use crate::OAuth;
use crate::acts;
use crate::app::App;
use crate::code::{self, Family};
use crate::refusal::{Code, Error, Result, refuse};
use crate::token::{self, Issued, Minted, REFRESH_PREFIX, Refresh, Tokens};
use base::{Bearer, Scope, Time};
use db::Tx;
use db::seal::Place;
use ledger::{EndedBy, Entry, grant, journal};
use std::sync::Arc;

enum Rotated {
    Fresh(Box<Issued>),
    Reused,
}

impl OAuth {
    pub(super) async fn refresh(&self, app: &Arc<App>, ask: RefreshAsk) -> Result<Tokens> {
        let shown = Bearer::parse(REFRESH_PREFIX, ask.refresh_token.reveal()).ok_or_else(unknown)?;
        let asker = format!("{} {}", replay_key(app, &ask), ask.resource.as_deref().unwrap_or_default());
        let (oauth, app) = (self.clone(), Arc::clone(app));
        let digest = *shown.digest().bytes();
        self.flights.share(digest, asker, async move { oauth.rotate(&app, shown, ask).await }).await
    }

    async fn rotate(&self, app: &Arc<App>, shown: Bearer, ask: RefreshAsk) -> Result<Tokens> {
        let (oauth, app_in, now) = (self.clone(), Arc::clone(app), self.seams.now());
        let outcome = self.store.write_again(move |tx| oauth.rotate_in(tx, &app_in, &shown, &ask, now)).await?;
        match outcome {
            Rotated::Fresh(issued) => Ok(self.sign(app, *issued).await?),
            Rotated::Reused => Err(refuse(
                Code::InvalidGrant,
                "Invalid refresh token: it was used before, so every token of its sign-in has been ended",
            )),
        }
    }

    fn rotate_in(&self, tx: &mut Tx, app: &App, shown: &Bearer, ask: &RefreshAsk, now: Time) -> Result<Rotated> {
        let refresh =
            token::find_refresh(tx, shown)?.filter(|refresh| refresh.family.app == app.id).ok_or_else(unknown)?;
        // A token whose family has ended says nothing new: other sign-ins are left alone (threat 92).
        if !refresh.family.is_live() || refresh.has_ended {
            return Err(refuse(Code::InvalidGrant, "Invalid refresh token: what the person allowed has ended"));
        }
        check_resource(tx, &refresh.family, ask.resource.as_deref())?;
        if let Some(used_at) = refresh.used_at {
            return self.answer_used(tx, app, &refresh, ask, used_at, now);
        }
        if now >= refresh.expires_at {
            return Err(refuse(Code::InvalidGrant, "Invalid refresh token: it has expired"));
        }
        let family = &refresh.family;
        let person = self.live_person(tx, family).map_err(|error| match error {
            Error::Refused(_) => refuse(Code::InvalidGrant, "Invalid refresh token: what the person allowed has ended"),
            fault @ Error::Fault(_) => fault,
        })?;
        let scope = narrowed(family, ask.scope.as_deref())?;
        if !token::take_refresh(tx, refresh.number, now)? {
            return self.end_reused(tx, family, now);
        }
        let minted = Minted::draw(&self.seams, true)?;
        let ttl_secs = self.access_secs(app);
        token::insert_access(tx, &minted.access, family.number, &scope, now.plus_secs(ttl_secs))?;
        if let Some(next) = &minted.refresh {
            token::insert_refresh(tx, next, family.number, self.refresh_until(app, family, now))?;
        }
        if self.replay_secs(app) > 0 {
            let sealed = self.seal_answer(&refresh, &minted, now)?;
            token::keep_replay(tx, refresh.number, &replay_key(app, ask), &sealed)?;
        }
        if let Some(grant) = &family.grant {
            grant::touch(tx, grant, now)?;
        }
        let family = refresh.family;
        Ok(Rotated::Fresh(Box::new(Issued {
            family,
            person: Some(person),
            minted,
            scope,
            at: now,
            ttl_secs,
            with_nonce: false,
        })))
    }

    /// A token that was used before: the same answer again inside the app's window, for the same asker; otherwise theft.
    fn answer_used(
        &self,
        tx: &mut Tx,
        app: &App,
        refresh: &Refresh,
        ask: &RefreshAsk,
        used_at: Time,
        now: Time,
    ) -> Result<Rotated> {
        let window_ms = self.replay_secs(app) * 1000;
        let is_inside = now.ms_since(used_at) < window_ms;
        let kept = if is_inside { token::replay_answer(tx, refresh.number, &replay_key(app, ask))? } else { None };
        let Some(sealed) = kept else { return self.end_reused(tx, &refresh.family, now) };
        let (minted, at) = self.open_answer(refresh, &sealed)?;
        let person = self.live_person(tx, &refresh.family)?;
        let scope = narrowed(&refresh.family, ask.scope.as_deref())?;
        Ok(Rotated::Fresh(Box::new(Issued {
            family: refresh.family.clone(),
            person: Some(person),
            minted,
            scope,
            at,
            ttl_secs: self.access_secs(app),
            with_nonce: false,
        })))
    }

    fn end_reused(&self, tx: &mut Tx, family: &Family, now: Time) -> Result<Rotated> {
        code::end(tx, family.number, EndedBy::Replay.as_str(), now)?;
        let (account, identity) = family.person()?;
        let entry = Entry::new(acts::REFRESH_REUSED, &self.seams)?.app(&family.app).account(account).identity(identity);
        journal::write(tx, &entry)?;
        Ok(Rotated::Reused)
    }

    fn seal_answer(&self, refresh: &Refresh, minted: &Minted, now: Time) -> Result<Vec<u8>> {
        let next = minted.refresh.as_ref().map(|next| next.secret().reveal()).unwrap_or_default();
        let text = format!("{}\n{}\n{}", now.ms(), minted.access.secret().reveal(), next);
        let row = refresh.number.to_string();
        Ok(self.sealer.seal(replay_place(&row), text.as_bytes(), self.seams.entropy())?)
    }

    fn open_answer(&self, refresh: &Refresh, sealed: &[u8]) -> Result<(Minted, Time)> {
        let row = refresh.number.to_string();
        let broken = || base::Fault::new("refresh tokens: the kept answer is not readable");
        let text = String::from_utf8(self.sealer.open(replay_place(&row), sealed)?).map_err(|_| broken())?;
        let mut lines = text.lines();
        let at = lines.next().and_then(|line| line.parse().ok()).map(Time::from_ms).ok_or_else(broken)?;
        let access = lines.next().and_then(|line| Bearer::parse(token::ACCESS_PREFIX, line)).ok_or_else(broken)?;
        let next = lines.next().and_then(|line| Bearer::parse(REFRESH_PREFIX, line)).ok_or_else(broken)?;
        Ok((Minted { access, refresh: Some(next) }, at))
    }
}

fn unknown() -> Error {
    refuse(Code::InvalidGrant, "Invalid refresh token: it is unknown or expired")
}

fn replay_key(app: &App, ask: &RefreshAsk) -> String {
    format!("{} {}", app.client_id(), ask.scope.as_deref().unwrap_or_default())
}

fn replay_place(row: &str) -> Place<'_> {
    Place { table: "refresh_tokens", row, column: "replay_answer" }
}

/// The scope of the next access token: what is asked, never more than the family has. What the first request asked for and the
/// person left out is ignored, since libraries repeat their original request.
fn narrowed(family: &Family, asked: Option<&str>) -> Result<Scope> {
    let Some(text) = asked else { return Ok(family.scope.clone()) };
    let invalid = || refuse(Code::InvalidScope, "scope exceeds what was granted");
    let asked = Scope::parse(text).ok_or_else(invalid)?;
    if !family.scope.union(&family.asked_scope).covers(&asked) {
        return Err(invalid());
    }
    let scope = family.scope.intersection(&asked);
    if scope.is_empty() {
        return Err(refuse(Code::InvalidScope, "none of the requested scope was granted"));
    }
    Ok(scope)
}
