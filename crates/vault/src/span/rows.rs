//! All SQL of the spans.

use super::Span;
use base::{AppId, Fault};
use db::{Tx, args};

/// Keeps a span. False when it is known.
pub(super) fn insert(tx: &mut Tx<'_>, number: i64, app: &AppId, span: &Span, id: &str) -> Result<bool, Fault> {
    let sql = "INSERT INTO spans (id, app_id, trace_id, span_id, body)
               VALUES ($1, $2, $3, $4, $5)
               ON CONFLICT (app_id, trace_id, span_id) DO NOTHING";
    Ok(tx.run(sql, args![number, app, span.trace, id, span.body])? > 0)
}

/// Forgets all but the newest so many of an app.
pub(super) fn keep_newest(tx: &mut Tx<'_>, app: &AppId, many: u32) -> Result<(), Fault> {
    let sql = "DELETE FROM spans
               WHERE app_id = $1
                 AND id <= (SELECT id FROM spans WHERE app_id = $1 ORDER BY id DESC LIMIT 1 OFFSET $2)";
    tx.run(sql, args![app, many])?;
    Ok(())
}

/// Removes the spans of an app that is going away.
pub(crate) fn delete_of_app(tx: &mut Tx<'_>, app: &AppId) -> Result<(), Fault> {
    tx.run("DELETE FROM spans WHERE app_id = $1", args![app])?;
    Ok(())
}
