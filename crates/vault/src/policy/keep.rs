//! Setting rules and ending them.

use super::{Need, Pattern, Rule, rows};
use crate::refusal::{Code, Result, refuse};
use crate::{Vault, acts};
use base::{AgentId, AppId, Fault, GrantId, Seams, Uuid};
use db::Tx;
use ledger::journal;
use serde_json::json;

/// What a rule is to be.
#[derive(Debug, Clone)]
pub struct RuleWish {
    pub provider: Option<String>,
    pub agent: Option<AgentId>,
    pub grant: Option<GrantId>,
    pub made_by: &'static str,
    pub need: Need,
    pub matches: Vec<String>,
}

const MOST_PATTERNS: usize = 100;
const MOST_RULES: usize = 200;

/// Sets a rule for calls of an app, inside the caller's transaction. One that is there already stays as it is.
pub fn put(tx: &mut Tx<'_>, seams: &Seams, app: &AppId, wish: &RuleWish) -> Result<Rule> {
    let patterns: Option<Vec<Pattern>> = wish.matches.iter().map(|text| Pattern::parse(text)).collect();
    let wrong = |field: &str, sentence| refuse(Code::InvalidRequest, sentence).with("field", field);
    let patterns = patterns
        .filter(|patterns| (1..=MOST_PATTERNS).contains(&patterns.len()))
        .ok_or_else(|| wrong("match", "is a list of patterns like DELETE /calendar/**"))?;
    let body = match wish.need {
        Need::Limit { times, per_secs } if times > 0 && per_secs > 0 => {
            json!({ "match": wish.matches, "times": times, "per_secs": per_secs })
        }
        Need::Limit { .. } => return Err(wrong("times", "a limit has times and per_secs above zero")),
        Need::Broken => return Err(wrong("kind", "is allow, deny, require_approval or limit")),
        Need::Allow | Need::Deny | Need::RequireApproval => json!({ "match": wish.matches }),
    };
    let there = rows::list_live(tx, app)?;
    let is_same = |rule: &&Rule| {
        rule.need == wish.need
            && rule.matches == wish.matches
            && (&rule.provider, &rule.agent, &rule.grant) == (&wish.provider, &wish.agent, &wish.grant)
    };
    if let Some(same) = there.iter().find(is_same) {
        return Ok(same.clone());
    }
    if there.len() >= MOST_RULES {
        return Err(refuse(Code::QuotaExceeded, "this app has as many rules as it may have"));
    }
    let now = seams.now();
    let rule = Rule {
        id: format!("pol_{}", Uuid::at(now, seams.entropy())?),
        app: app.clone(),
        provider: wish.provider.clone(),
        agent: wish.agent.clone(),
        grant: wish.grant.clone(),
        made_by: wish.made_by.to_owned(),
        need: wish.need,
        patterns,
        matches: wish.matches.clone(),
        created_at: now,
    };
    rows::insert(tx, &rule, &body.to_string())?;
    let detail =
        json!({ "rule": rule.id, "kind": rule.need.as_str(), "match": rule.matches, "provider": rule.provider });
    journal::write(tx, &journal::Entry::new(acts::POLICY_CHANGED, seams)?.app(app).detail(detail))?;
    Ok(rule)
}

impl Vault {
    /// Sets a rule for calls of an app.
    pub async fn set_rule(&self, app: &AppId, wish: RuleWish) -> Result<Rule> {
        let (vault, app) = (self.clone(), app.clone());
        self.store.write_again(move |tx| put(tx, &vault.seams, &app, &wish)).await
    }

    /// The live rules of an app.
    pub async fn rules(&self, app: &AppId) -> std::result::Result<Vec<Rule>, Fault> {
        let app = app.clone();
        self.store.read(move |tx| rows::list_live(tx, &app)).await
    }

    /// Ends a rule. False when there is none.
    pub async fn remove_rule(&self, app: &AppId, id: &str) -> Result<bool> {
        let (vault, app, id) = (self.clone(), app.clone(), id.to_owned());
        self.store
            .write_again(move |tx| {
                if !rows::remove(tx, &app, &id, vault.seams.now())? {
                    return Ok(false);
                }
                let detail = json!({ "rule": id, "kind": "removed" });
                journal::write(tx, &journal::Entry::new(acts::POLICY_CHANGED, &vault.seams)?.app(&app).detail(detail))?;
                Ok(true)
            })
            .await
    }
}
