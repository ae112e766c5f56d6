//! All SQL of the policies, and of what limits count.

use super::{Need, Pattern, Rule};
use base::{AgentId, AppId, Fault, GrantId, Time};
use db::{Row, Tx, args};
use serde_json::Value;

/// A row that is not what it should be becomes a rule that denies.
fn rule(row: &Row) -> Result<Rule, Fault> {
    let body: Value = serde_json::from_str(&row.text("body")?).unwrap_or(Value::Null);
    let matches: Option<Vec<String>> = body
        .get("match")
        .and_then(Value::as_array)
        .and_then(|all| all.iter().map(|text| text.as_str().map(str::to_owned)).collect());
    let patterns: Option<Vec<Pattern>> =
        matches.as_ref().and_then(|all| all.iter().map(|text| Pattern::parse(text)).collect());
    let number = |name: &str| body.get(name).and_then(Value::as_i64).filter(|number| *number > 0);
    let need = match row.text("kind")?.as_str() {
        "allow" => Some(Need::Allow),
        "deny" => Some(Need::Deny),
        "require_approval" => Some(Need::RequireApproval),
        "limit" => number("times").zip(number("per_secs")).map(|(times, per_secs)| Need::Limit { times, per_secs }),
        _ => None,
    };
    let need = need.filter(|_| patterns.as_ref().is_some_and(|patterns| !patterns.is_empty()));
    Ok(Rule {
        id: row.text("id")?,
        app: AppId::from_text(row.text("app_id")?),
        provider: row.opt_text("provider")?,
        agent: row.opt_text("agent_id")?.map(AgentId::from_text),
        grant: row.opt_text("grant_id")?.map(GrantId::from_text),
        made_by: row.text("made_by")?,
        need: need.unwrap_or(Need::Broken),
        patterns: patterns.unwrap_or_default(),
        matches: matches.unwrap_or_default(),
        created_at: row.time("created_at")?,
    })
}

/// The live rules of an app.
pub(crate) fn list_live(tx: &mut Tx<'_>, app: &AppId) -> Result<Vec<Rule>, Fault> {
    let sql = "SELECT id, app_id, provider, agent_id, grant_id, made_by, kind, body, created_at
               FROM policies
               WHERE app_id = $1 AND removed_at IS NULL
               ORDER BY id";
    tx.all(sql, args![app])?.iter().map(rule).collect()
}

/// The live rules of an app, for those who set them.
pub fn list_of_app(tx: &mut Tx<'_>, app: &AppId) -> Result<Vec<Rule>, Fault> {
    list_live(tx, app)
}

pub(super) fn insert(tx: &mut Tx<'_>, rule: &Rule, body: &str) -> Result<(), Fault> {
    let sql = "INSERT INTO policies (id, app_id, provider, agent_id, grant_id, made_by, kind, body, created_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9)";
    tx.run(
        sql,
        args![
            rule.id,
            rule.app,
            rule.provider,
            rule.agent,
            rule.grant,
            rule.made_by,
            rule.need.as_str(),
            body,
            rule.created_at
        ],
    )?;
    Ok(())
}

/// Ends a rule. False when there is none of this app.
pub(super) fn remove(tx: &mut Tx<'_>, app: &AppId, id: &str, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE policies
               SET removed_at = $3
               WHERE id = $1 AND app_id = $2 AND removed_at IS NULL";
    Ok(tx.run(sql, args![id, app, now])? == 1)
}

/// Counts one more in a window, unless the window is full. False when it is: one statement decides.
pub(crate) fn count(tx: &mut Tx<'_>, name: &str, most: i64, until: Time, now: Time) -> Result<bool, Fault> {
    let sql = "INSERT INTO counters (name, used, until_at)
               VALUES ($1, 1, $2)
               ON CONFLICT (name) DO UPDATE
               SET used = CASE WHEN counters.until_at <= $3 THEN 1 ELSE counters.used + 1 END,
                   until_at = CASE WHEN counters.until_at <= $3 THEN $2 ELSE counters.until_at END
               WHERE counters.until_at <= $3 OR counters.used < $4
               RETURNING used";
    Ok(tx.one(sql, args![name, until, now, most])?.is_some())
}

/// Forgets windows that are over.
pub(crate) fn sweep_counters(tx: &mut Tx<'_>, before: Time, limit: u32) -> Result<u64, Fault> {
    let sql = "DELETE FROM counters
               WHERE name IN (SELECT name FROM counters WHERE until_at < $1 ORDER BY until_at LIMIT $2)";
    tx.run(sql, args![before, limit])
}

/// True unless the key is one of the app's that still opens something.
pub(crate) fn ended_key(tx: &mut Tx<'_>, app: &AppId, key: &str, now: Time) -> Result<bool, Fault> {
    let sql = "SELECT id
               FROM app_keys
               WHERE id = $1 AND app_id = $2 AND revoked_at IS NULL AND (expires_at IS NULL OR expires_at > $3)
                 AND (grace_until IS NULL OR grace_until > $3)";
    Ok(tx.one(sql, args![key, app, now])?.is_none())
}

/// True unless the agent is one of the app's that may act.
pub(crate) fn ended_agent(tx: &mut Tx<'_>, app: &AppId, agent: &AgentId) -> Result<bool, Fault> {
    let sql = "SELECT id
               FROM agents
               WHERE id = $1 AND app_id = $2 AND revoked_at IS NULL AND suspended_at IS NULL";
    Ok(tx.one(sql, args![agent, app])?.is_none())
}

/// Removes the rules of an app that is going away.
pub(crate) fn delete_of_app(tx: &mut Tx<'_>, app: &AppId) -> Result<(), Fault> {
    let sql = "DELETE FROM policies
               WHERE app_id = $1";
    tx.run(sql, args![app])?;
    Ok(())
}
