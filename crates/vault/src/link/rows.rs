//! All SQL of the links.

use super::Link;
use crate::caller::Subject;
use base::{AccountId, AppId, AppUserId, ConnectionId, Fault, IdentityId, Time};
use db::{Row, Tx, args};

fn link(row: &Row) -> Result<Link, Fault> {
    let account = row.opt_text("account_id")?.map(AccountId::from_text);
    let identity = row.opt_text("identity_id")?.map(IdentityId::from_text);
    let app_user = row.opt_text("app_user_id")?.map(AppUserId::from_text);
    let subject = match (account, identity, app_user) {
        (Some(account), Some(identity), _) => Subject::Identity { account, identity },
        (_, _, Some(app_user)) => Subject::AppUser(app_user),
        _ => Subject::App,
    };
    Ok(Link {
        number: row.int("id")?,
        digest: row.bytes("digest")?,
        session: row.opt_int("session_id")?,
        interaction: row.opt_text("interaction_id")?,
        app: AppId::from_text(row.text("app_id")?),
        provider: row.text("provider")?,
        provider_client: row.text("provider_client_id")?,
        subject,
        connection: row.opt_text("connection_id")?.map(ConnectionId::from_text),
        scopes: row.scope("scopes")?,
        inputs: serde_json::from_str(&row.text("inputs")?)
            .map_err(|_| Fault::new("links: inputs are not what was stored"))?,
        verifier: row.bytes("verifier")?,
        browser: row.bytes("browser")?,
        expires_at: row.time("expires_at")?,
        taken_at: row.opt_time("taken_at")?,
    })
}

pub(super) fn insert(tx: &mut Tx<'_>, new: &Link, now: Time) -> Result<(), Fault> {
    let sql = "INSERT INTO links (id, digest, session_id, interaction_id, app_id, provider, provider_client_id,
                                  account_id, identity_id, app_user_id, connection_id, scopes, inputs, verifier,
                                  browser, created_at, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17)";
    let inputs = serde_json::to_string(&new.inputs).map_err(|_| Fault::new("links: inputs do not serialize"))?;
    tx.run(
        sql,
        args![
            new.number,
            new.digest,
            new.session,
            new.interaction,
            new.app,
            new.provider,
            new.provider_client,
            new.subject.account(),
            new.subject.identity(),
            new.subject.app_user(),
            new.connection,
            new.scopes,
            inputs,
            new.verifier,
            new.browser,
            now,
            new.expires_at
        ],
    )?;
    Ok(())
}

pub(super) fn find(tx: &mut Tx<'_>, number: i64) -> Result<Option<Link>, Fault> {
    let sql = "SELECT id, digest, session_id, interaction_id, app_id, provider, provider_client_id, account_id,
                      identity_id, app_user_id, connection_id, scopes, inputs, verifier, browser, expires_at, taken_at
               FROM links
               WHERE id = $1";
    tx.one(sql, args![number])?.as_ref().map(link).transpose()
}

/// Spends it. False when somebody else already has.
pub(super) fn take(tx: &mut Tx<'_>, number: i64, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE links
               SET taken_at = $2
               WHERE id = $1 AND taken_at IS NULL";
    Ok(tx.run(sql, args![number, now])? == 1)
}

/// Spends every link that is open.
pub(crate) fn end_all(tx: &mut Tx<'_>, now: Time) -> Result<(), Fault> {
    tx.run("UPDATE links SET taken_at = $1 WHERE taken_at IS NULL", args![now])?;
    Ok(())
}

/// Forgets links that are over.
pub(crate) fn sweep(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<u64, Fault> {
    let sql = "DELETE FROM links
               WHERE id IN (SELECT id FROM links WHERE expires_at < $1 ORDER BY id LIMIT $2)";
    tx.run(sql, args![before, limit])
}
