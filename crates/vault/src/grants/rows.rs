//! All SQL that looks at permissions together with their accounts.

use base::{AgentId, AppId, ConnectionId, Fault, GrantId, Time};
use db::{Tx, args};

/// What narrows a list of an app's permissions. Empty texts do not narrow.
pub(super) struct Narrowed<'a> {
    pub app: &'a AppId,
    /// Whose: the stored word of an owner. A secret is the app's, and its permissions are of those who may use it.
    pub owner: &'a str,
    pub agent: &'a str,
    pub provider: &'a str,
    pub account: &'a str,
    pub label: &'a str,
    /// `live`, with those whose time is over; `active`, `expired`, `revoked`. Nothing has another status.
    pub status: &'a str,
    pub now: Time,
}

/// The permissions on linked accounts that fit, newest first: node and account, and how many fit in all.
pub(super) fn list(
    tx: &mut Tx<'_>,
    narrowed: &Narrowed<'_>,
    limit: u32,
    offset: u32,
) -> Result<(Vec<(GrantId, ConnectionId)>, i64), Fault> {
    let sql = "SELECT g.id AS grant_id, c.id AS connection_id
               FROM grants g JOIN connections c ON c.id = g.connection_id
               WHERE g.app_id = $1
                 AND (($2 = '' AND g.kind = 'connection') OR ($2 <> '' AND g.kind = 'agent' AND g.agent_id = $2))
                 AND ($3 = '' OR (c.managed_secret_id IS NULL AND c.owner = $3)
                      OR (c.managed_secret_id IS NOT NULL
                          AND CASE WHEN g.identity_id IS NOT NULL THEN 'identity:' || g.identity_id
                                   WHEN g.app_user_id IS NOT NULL THEN 'app_user:' || g.app_user_id
                                   ELSE 'app' END = $3))
                 AND ($4 = '' OR c.provider = $4) AND ($5 = '' OR c.label = $5) AND ($6 = '' OR g.label = $6)
                 AND (($7 = 'live' AND g.ended_at IS NULL) OR ($7 = 'revoked' AND g.ended_at IS NOT NULL)
                      OR ($7 = 'active' AND g.ended_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $8))
                      OR ($7 = 'expired' AND g.ended_at IS NULL AND g.expires_at <= $8))
               ORDER BY g.id DESC
               LIMIT $9 OFFSET $10";
    let rows = tx.all(
        sql,
        args![
            narrowed.app,
            narrowed.agent,
            narrowed.owner,
            narrowed.provider,
            narrowed.account,
            narrowed.label,
            narrowed.status,
            narrowed.now,
            limit,
            offset
        ],
    )?;
    let found = rows
        .iter()
        .map(|row| Ok((GrantId::from_text(row.text("grant_id")?), ConnectionId::from_text(row.text("connection_id")?))))
        .collect::<Result<Vec<_>, Fault>>()?;
    let sql = "SELECT count(*) AS total
               FROM grants g JOIN connections c ON c.id = g.connection_id
               WHERE g.app_id = $1
                 AND (($2 = '' AND g.kind = 'connection') OR ($2 <> '' AND g.kind = 'agent' AND g.agent_id = $2))
                 AND ($3 = '' OR (c.managed_secret_id IS NULL AND c.owner = $3)
                      OR (c.managed_secret_id IS NOT NULL
                          AND CASE WHEN g.identity_id IS NOT NULL THEN 'identity:' || g.identity_id
                                   WHEN g.app_user_id IS NOT NULL THEN 'app_user:' || g.app_user_id
                                   ELSE 'app' END = $3))
                 AND ($4 = '' OR c.provider = $4) AND ($5 = '' OR c.label = $5) AND ($6 = '' OR g.label = $6)
                 AND (($7 = 'live' AND g.ended_at IS NULL) OR ($7 = 'revoked' AND g.ended_at IS NOT NULL)
                      OR ($7 = 'active' AND g.ended_at IS NULL AND (g.expires_at IS NULL OR g.expires_at > $8))
                      OR ($7 = 'expired' AND g.ended_at IS NULL AND g.expires_at <= $8))";
    let total = tx.one(
        sql,
        args![
            narrowed.app,
            narrowed.agent,
            narrowed.owner,
            narrowed.provider,
            narrowed.account,
            narrowed.label,
            narrowed.status,
            narrowed.now
        ],
    )?;
    Ok((found, total.map_or(Ok(0), |row| row.int("total"))?))
}

/// The active agent with this id or name, of this app; and what people are told it is called.
pub(crate) fn find_agent(tx: &mut Tx<'_>, app: &AppId, id_or_name: &str) -> Result<Option<(AgentId, String)>, Fault> {
    let sql = "SELECT id, CASE WHEN display_name IS NULL THEN name ELSE display_name END AS called
               FROM agents
               WHERE app_id = $1 AND (id = $2 OR name = $2) AND revoked_at IS NULL AND suspended_at IS NULL";
    let row = tx.one(sql, args![app, id_or_name])?;
    row.map(|row| Ok((AgentId::from_text(row.text("id")?), row.text("called")?))).transpose()
}
