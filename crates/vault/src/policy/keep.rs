//! Setting rules and ending them.

use super::{Need, Pattern, Rule, rows};
use crate::refusal::{Code, Result, refuse};
use crate::{Vault, acts};
use base::{AgentId, AppId, Fault, GrantId, Uuid};
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

impl Vault {
    /// Sets a rule for calls of an app. One that is there already stays as it is.
    pub async fn set_rule(&self, app: &AppId, wish: RuleWish) -> Result<Rule> {
        let patterns: Option<Vec<Pattern>> = wish.matches.iter().map(|text| Pattern::parse(text)).collect();
        let patterns = patterns
            .filter(|patterns| (1..=MOST_PATTERNS).contains(&patterns.len()))
            .ok_or_else(|| refuse(Code::InvalidRequest, "match is a list of patterns like DELETE /calendar/**"))?;
        let mut body = json!({ "match": wish.matches });
        match (wish.need, body.as_object_mut()) {
            (Need::Limit { times, per_secs }, Some(body)) if times > 0 && per_secs > 0 => {
                body.insert("times".to_owned(), times.into());
                body.insert("per_secs".to_owned(), per_secs.into());
            }
            (Need::Limit { .. } | Need::Broken, _) => {
                return Err(refuse(Code::InvalidRequest, "a limit has times and per_secs above zero"));
            }
            _ => {}
        }
        let (vault, app, body) = (self.clone(), app.clone(), body.to_string());
        self.store
            .write_again(move |tx| {
                let now = vault.seams.now();
                let there = rows::list_live(tx, &app)?;
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
                let rule = Rule {
                    id: format!("pol_{}", Uuid::at(now, vault.seams.entropy())?),
                    app: app.clone(),
                    provider: wish.provider.clone(),
                    agent: wish.agent.clone(),
                    grant: wish.grant.clone(),
                    made_by: wish.made_by.to_owned(),
                    need: wish.need,
                    patterns: patterns.clone(),
                    matches: wish.matches.clone(),
                    created_at: now,
                };
                rows::insert(tx, &rule, &body)?;
                let detail = json!({ "rule": rule.id, "kind": rule.need.as_str(), "match": rule.matches, "provider": rule.provider });
                journal::write(tx, &journal::Entry::new(acts::POLICY_CHANGED, &vault.seams)?.app(&app).detail(detail))?;
                Ok(rule)
            })
            .await
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
