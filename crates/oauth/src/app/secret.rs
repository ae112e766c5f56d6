//! Client secrets: made by us and shown once, or given by an operator; two may live while an app changes over (threat 47).

use super::change::{act, entry};
use super::{App, AppKind, AppSecret, Error, find, rows};
use crate::organization::{Actor, Role};
use base::{AppId, Bearer, Fault, Seams, Secret, Time};
use db::Tx;
use ledger::journal;

/// How a secret that we made begins.
pub const PREFIX: &str = "pcs_";
/// Fewer characters than this cannot hold 128 random bits.
pub const FEWEST_CHARS: usize = 22;
const MOST_OVERLAP_DAYS: i64 = 30;
const HINT_CHARS: usize = 4;

/// How long the old secret goes on beside the new one.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Overlap(i64);

impl Overlap {
    /// The old one ends at once.
    pub const NONE: Overlap = Overlap(0);

    /// So many seconds, up to 30 days.
    pub fn secs(secs: i64) -> Result<Overlap, Error> {
        if (0..=MOST_OVERLAP_DAYS * 86_400).contains(&secs) {
            Ok(Overlap(secs))
        } else {
            Err(Error::about("overlap_secs", "is between 0 and 2592000 seconds (30 days)"))
        }
    }
}

/// The app with its new secret, to be shown this once.
#[derive(Debug, Clone)]
pub struct Rotated {
    pub app: App,
    pub secret: Secret,
}

/// A secret and the row that will know it.
pub(super) struct NewSecret {
    pub(super) row: AppSecret,
    pub(super) text: Secret,
}

impl NewSecret {
    /// Makes one.
    pub(super) fn make(seams: &Seams, now: Time) -> Result<NewSecret, Fault> {
        let number = seams.number()?;
        let bearer = Bearer::mint(PREFIX, number, seams.entropy())?;
        let text = bearer.secret().clone();
        let hint = text.reveal().chars().skip(text.reveal().len().saturating_sub(HINT_CHARS)).collect();
        let row = AppSecret { id: number, digest: text.digest(), hint, created_at: now, expires_at: None };
        Ok(NewSecret { row, text })
    }

    /// Takes one that an operator gives. Nothing of it is kept to be shown.
    pub(super) fn given(text: Secret, seams: &Seams, now: Time) -> Result<NewSecret, Error> {
        let is_legal = text.reveal().bytes().all(|byte| byte.is_ascii_graphic() || byte == b' ');
        if !is_legal || text.reveal().len() < FEWEST_CHARS {
            return Err(Error::about("client_secret", "has at least 22 printable ASCII characters"));
        }
        let row = AppSecret {
            id: seams.number()?,
            digest: text.digest(),
            hint: String::new(),
            created_at: now,
            expires_at: None,
        };
        Ok(NewSecret { row, text })
    }
}

/// Gives the app another secret. The one it had goes on for the overlap; one that was already ending ends now.
pub fn rotate_secret(
    tx: &mut Tx<'_>,
    seams: &Seams,
    actor: &Actor,
    id: &AppId,
    overlap: Overlap,
) -> Result<Rotated, Error> {
    let new = NewSecret::make(seams, seams.now())?;
    let text = new.text.clone();
    let app = replace(tx, seams, actor, id, new, overlap)?;
    Ok(Rotated { app, secret: text })
}

/// As [`rotate_secret`], with a secret that the operator brings.
pub(super) fn replace(
    tx: &mut Tx<'_>,
    seams: &Seams,
    actor: &Actor,
    id: &AppId,
    new: NewSecret,
    Overlap(overlap_secs): Overlap,
) -> Result<App, Error> {
    let now = seams.now();
    actor.needs(tx, id, Role::Developer)?;
    let app = rows::hold(tx, id, now)?.ok_or(Error::NotFound)?;
    if app.kind != AppKind::Confidential {
        return Err(Error::about("type", "a public app has no secret"));
    }
    for old in &app.secrets {
        let until = now.plus_secs(overlap_secs);
        if overlap_secs == 0 || old.expires_at.is_some() {
            rows::delete_secret(tx, old.id)?;
        } else {
            rows::expire_secret(tx, old.id, until)?;
        }
    }
    rows::insert_secret(tx, id, &new.row)?;
    rows::raise_version(tx)?;
    let detail = serde_json::json!({ "by": actor.word(), "overlap_secs": overlap_secs });
    journal::write(tx, &entry(act::SECRET_ROTATED, &app, actor, seams)?.detail(detail))?;
    find(tx, id)?.ok_or(Error::NotFound)
}

/// Forgets secrets that ended before a moment. For the sweeper.
pub fn sweep_secrets(tx: &mut Tx<'_>, before: Time) -> Result<u64, Fault> {
    rows::delete_ended_secrets(tx, before)
}

/// Ends a secret before its time. The last one without an end cannot be: that would lock the app out.
pub fn end_secret(tx: &mut Tx<'_>, seams: &Seams, actor: &Actor, id: &AppId, secret: i64) -> Result<App, Error> {
    actor.needs(tx, id, Role::Developer)?;
    let app = rows::hold(tx, id, seams.now())?.ok_or(Error::NotFound)?;
    let found = app.secrets.iter().find(|own| own.id == secret).ok_or(Error::NotFound)?;
    if found.expires_at.is_none() {
        return Err(Error::about("secret", "is the one in use: rotate it instead"));
    }
    rows::delete_secret(tx, secret)?;
    rows::raise_version(tx)?;
    journal::write(
        tx,
        &entry(act::SECRET_ENDED, &app, actor, seams)?.detail(serde_json::json!({ "by": actor.word() })),
    )?;
    find(tx, id)?.ok_or(Error::NotFound)
}
