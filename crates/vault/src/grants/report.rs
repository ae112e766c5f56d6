//! What clients report of calls they made themselves (`connect-wire.md` 2.6.5, 2.6.6). It is their word, and marked as such.

use super::{Wanted, about};
use crate::caller::Caller;
use crate::refusal::Result;
use crate::{Vault, acts, connection};
use base::GrantId;
use ledger::journal;
use serde_json::{Value, json};

/// A scope that a service asked for.
#[derive(Debug, Clone, Default)]
pub struct MismatchReport {
    pub status: Option<i64>,
    pub missing: Vec<String>,
    pub endpoint: Option<String>,
}

const LONGEST: usize = 2048;

impl Vault {
    /// Marks the account: the next time it is connected, more is asked.
    pub async fn report_scope_mismatch(&self, caller: &Caller, id: &GrantId, report: MismatchReport) -> Result<()> {
        let found = self.resolve(caller, Wanted { grant: Some(id.clone()), ..Wanted::default() }).await?;
        let (seams, now) = (&self.seams, self.seams.now());
        let missing: Vec<String> = report.missing.iter().take(50).map(|scope| cut(scope, 512)).collect();
        let detail = json!({
            "reported_by": "client", "status": report.status, "missing": missing,
            "endpoint": report.endpoint.as_deref().map(|text| cut(text, LONGEST)),
        });
        let entry =
            journal::Entry::new(acts::SCOPE_MISMATCH, seams)?.app(&caller.app).grant(&found.grant.id).detail(detail);
        let entry = about(entry, &found.subject());
        let connection = found.connection.id;
        self.store
            .write(move |tx| {
                connection::note_scope_mismatch(tx, &connection, now)?;
                Ok::<_, crate::Error>(journal::write(tx, &entry)?)
            })
            .await
    }

    /// Writes down a call that a client says it made with a token of ours.
    pub async fn report_call(&self, caller: &Caller, report: &Value) -> Result<()> {
        let text = |name: &str| report.get(name).and_then(Value::as_str);
        let id = GrantId::from_text(text("grant_id").unwrap_or_default());
        let found = self.resolve(caller, Wanted { grant: Some(id), ..Wanted::default() }).await?;
        // Neither headers nor bodies: they are the person's, not the journal's (`vault.md` 3).
        let detail = json!({
            "reported_by": "client", "method": text("method").map(|text| cut(text, 16)),
            "url": text("url").map(|text| cut(without_query(text), LONGEST)),
            "status": report.get("response_status").and_then(Value::as_i64),
            "latency_ms": report.get("latency_ms").and_then(Value::as_i64),
            "token_generation": text("token_generation").map(|text| cut(text, 64)),
            "reason": text("reason").map(|text| cut(text, 500)), "provider": found.connection.provider,
            "context": caller.context,
        });
        let entry = journal::Entry::new(acts::CALL_REPORTED, &self.seams)?
            .app(&caller.app)
            .grant(&found.grant.id)
            .detail(detail);
        let entry = match &caller.agent {
            Some(agent) => entry.agent(&agent.id),
            None => entry,
        };
        let entry = about(entry, &found.subject());
        Ok(self.store.write(move |tx| journal::write(tx, &entry)).await?)
    }
}

fn without_query(url: &str) -> &str {
    url.split(['?', '#']).next().unwrap_or_default()
}

fn cut(text: &str, most: usize) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(most).collect()
}
