//! Setting rules and ending them.

use super::{MANIFEST, Need, Pattern, Rule, rows};
use crate::by::{By, Who};
use crate::refusal::{Code, Error, Result, refuse};
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
const LONGEST_PATTERN: usize = 500;
const MOST_RULES: usize = 200;

/// Sets a rule for calls of an app, inside the caller's transaction. One that is there already stays as it is.
pub fn put(tx: &mut Tx<'_>, seams: &Seams, by: &By, wish: &RuleWish) -> Result<Rule> {
    let app = &by.app;
    let patterns: Option<Vec<Pattern>> = wish.matches.iter().map(|text| Pattern::parse(text)).collect();
    let wrong = |field: &str, sentence| refuse(Code::InvalidRequest, sentence).with("field", field);
    let patterns = patterns
        .filter(|patterns| (1..=MOST_PATTERNS).contains(&patterns.len()))
        .filter(|_| wish.matches.iter().all(|text| text.len() <= LONGEST_PATTERN))
        .ok_or_else(|| wrong("match", "is a list of patterns like DELETE /calendar/**"))?;
    if !wish.provider.as_deref().is_none_or(is_service) {
        return Err(wrong("provider", "is the id of a provider or a secret"));
    }
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
            && rule.made_by == wish.made_by
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
    journal::write(tx, &by.entry(acts::POLICY_CHANGED, seams, detail)?)?;
    Ok(rule)
}

/// True for what a provider or a secret can be called.
fn is_service(text: &str) -> bool {
    (1..=64).contains(&text.len())
        && text.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit() || matches!(byte, b'-' | b'_'))
}

/// Makes these the rules of an app that a manifest has set: those of an earlier one that are missing now end, those made elsewhere stay.
/// The error comes with the place of the wish that is wrong.
pub fn keep_manifest(
    tx: &mut Tx<'_>,
    seams: &Seams,
    by: &By,
    wishes: &[&RuleWish],
) -> std::result::Result<(), (usize, Error)> {
    let mut kept = Vec::new();
    for (place, wish) in wishes.iter().enumerate() {
        kept.push(put(tx, seams, by, wish).map_err(|error| (place, error))?.id);
    }
    let there = rows::list_live(tx, &by.app).map_err(|fault| (0, fault.into()))?;
    for rule in there.iter().filter(|rule| rule.made_by == MANIFEST && !kept.contains(&rule.id)) {
        remove(tx, seams, by, &rule.id).map_err(|error| (0, error))?;
    }
    Ok(())
}

/// Ends a rule, inside the caller's transaction. Those who work on an app end what they set, and nothing that the operator set. False when
/// there is none to end.
pub fn remove(tx: &mut Tx<'_>, seams: &Seams, by: &By, id: &str) -> Result<bool> {
    let there = rows::list_live(tx, &by.app)?.into_iter().find(|rule| rule.id == id);
    let Some(rule) = there.filter(|rule| rule.is_for(by)) else { return Ok(false) };
    if !rows::remove(tx, &by.app, &rule.id, seams.now())? {
        return Ok(false);
    }
    let detail = json!({ "rule": rule.id, "kind": "removed" });
    journal::write(tx, &by.entry(acts::POLICY_CHANGED, seams, detail)?)?;
    Ok(true)
}

impl Vault {
    /// Sets a rule for calls of an app.
    pub async fn set_rule(&self, app: &AppId, wish: RuleWish) -> Result<Rule> {
        let (vault, by) = (self.clone(), operator(app));
        self.store.write_again(move |tx| put(tx, &vault.seams, &by, &wish)).await
    }

    /// The live rules of an app.
    pub async fn rules(&self, app: &AppId) -> std::result::Result<Vec<Rule>, Fault> {
        let app = app.clone();
        self.store.read(move |tx| rows::list_live(tx, &app)).await
    }

    /// Ends a rule. False when there is none.
    pub async fn remove_rule(&self, app: &AppId, id: &str) -> Result<bool> {
        let (vault, by, id) = (self.clone(), operator(app), id.to_owned());
        self.store.write_again(move |tx| remove(tx, &vault.seams, &by, &id)).await
    }
}

fn operator(app: &AppId) -> By {
    By { app: app.clone(), organization: None, who: Who::Operator }
}
