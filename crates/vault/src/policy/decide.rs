//! The decision on one call. Pure: rules, limits and the call have been loaded.

use super::content::{self, Content};
use super::{Need, Pattern, Rule};
use crate::caller::Caller;
use crate::grants::{Limits, Resolved};
use crate::provider::Provider;
use crate::proxy::Plan;
use crate::refusal::{Code, Error, refuse};
use base::Scope;
use serde_json::{Value, json};
use std::collections::BTreeSet;

/// What became of it, and why.
#[derive(Debug)]
pub(crate) enum Verdict {
    /// It may go, once each of these limits has counted it.
    Pass {
        counted: Vec<Counted>,
        why: Vec<Value>,
    },
    /// It may go when a person says so; limits are counted when it is done.
    Ask {
        rules: Vec<String>,
        counted: Vec<Counted>,
        why: Vec<Value>,
    },
    No {
        error: Error,
        why: Vec<Value>,
    },
}

/// A limit that a call falls under.
#[derive(Debug, Clone)]
pub(crate) struct Counted {
    pub rule: String,
    pub times: i64,
    pub per_secs: i64,
}

/// Everything a decision looks at.
pub(crate) struct Case<'a> {
    pub caller: &'a Caller,
    pub found: &'a Resolved,
    /// What narrows the node and every node above it.
    pub limits: &'a [Limits],
    pub provider: Option<&'a Provider>,
    pub rules: &'a [Rule],
    pub plan: &'a Plan,
    pub content: &'a Content<'a>,
}

/// Decides. Each step is a rule of its own; the first no is the answer.
pub(crate) fn decide(case: &Case<'_>) -> Verdict {
    let mut why = Vec::new();
    let ours: Vec<&Rule> = case.rules.iter().filter(|rule| is_for(rule, case)).collect();
    let steps = [forbidden, outside_limits, not_allowed, outside_scope, ungranted, own_rule];
    for step in steps {
        if let Some(error) = step(case, &ours, &mut why) {
            return Verdict::No { error, why };
        }
    }
    let meant = |rule: &&&Rule| rule.patterns.iter().any(|pattern| pattern.may_mean(case.plan));
    let counted = ours.iter().filter(meant).filter_map(|rule| match rule.need {
        Need::Limit { times, per_secs } => Some(Counted { rule: rule.id.clone(), times, per_secs }),
        _ => None,
    });
    let counted: Vec<Counted> = counted.collect();
    let asking: Vec<String> = ours
        .iter()
        .filter(meant)
        .filter(|rule| rule.need == Need::RequireApproval)
        .map(|rule| rule.id.clone())
        .collect();
    why.extend(asking.iter().map(|rule| json!({ "rule": rule, "says": "require_approval" })));
    why.extend(counted.iter().map(|limit| json!({ "rule": limit.rule, "says": "limit" })));
    if asking.is_empty() { Verdict::Pass { counted, why } } else { Verdict::Ask { rules: asking, counted, why } }
}

/// Why the raw credential must not leave: its calls are judged one by one, whatever the single call is said to be. Nothing when none are.
pub(crate) fn bound_to_proxy(rules: &[Rule], caller: &Caller, found: &Resolved) -> Option<Error> {
    let ours: Vec<&Rule> = rules.iter().filter(|rule| fits(rule, caller, found)).collect();
    if ours.iter().any(|rule| rule.need == Need::RequireApproval) {
        return Some(refuse(
            Code::HitlGrantRequiresProxy,
            "a person decides on calls of this grant: call through the proxy",
        ));
    }
    if ours.iter().any(|rule| rule.made_by == "person") {
        return Some(refuse(
            Code::UserLimitsRequireProxy,
            "the person limits calls of this grant: call through the proxy",
        ));
    }
    (!ours.is_empty())
        .then(|| refuse(Code::RestrictedGrantRequiresProxy, "rules judge calls of this grant: call through the proxy"))
}

fn is_for(rule: &Rule, case: &Case<'_>) -> bool {
    fits(rule, case.caller, case.found)
}

fn fits(rule: &Rule, caller: &Caller, found: &Resolved) -> bool {
    let agent = caller.agent.as_ref().map(|agent| &agent.id).or(found.grant.agent.as_ref());
    rule.provider.as_ref().is_none_or(|provider| *provider == found.connection.provider)
        && rule.agent.as_ref().is_none_or(|own| Some(own) == agent)
        && rule.grant.as_ref().is_none_or(|grant| *grant == found.grant.id || *grant == found.root.id)
}

fn no(message: &'static str) -> Error {
    refuse(Code::PolicyDenied, message)
}

/// Deny wins, and a rule that cannot be read denies.
fn forbidden(case: &Case<'_>, ours: &[&Rule], why: &mut Vec<Value>) -> Option<Error> {
    for rule in ours {
        let is_no = match rule.need {
            Need::Broken => true,
            Need::Deny => rule.patterns.iter().any(|pattern| pattern.may_mean(case.plan)),
            _ => false,
        };
        if is_no {
            why.push(json!({ "rule": rule.id, "says": rule.need.as_str() }));
            return Some(no("a rule denies this call"));
        }
    }
    None
}

/// What the permission itself allows, on every node up to the person's own.
fn outside_limits(case: &Case<'_>, _: &[&Rule], why: &mut Vec<Value>) -> Option<Error> {
    for limits in case.limits {
        let is_method = |own: &String| own == "*" || own.eq_ignore_ascii_case(case.plan.method.as_str());
        if limits.allowed_methods.as_ref().is_some_and(|methods| !methods.iter().any(is_method)) {
            why.push(json!({ "limit": "allowed_methods" }));
            return Some(no("this grant does not allow the method"));
        }
        let is_place = |own: &String| {
            let pattern = Pattern::parse(own).or_else(|| Pattern::of_path(own));
            pattern.is_some_and(|pattern| pattern.allows(case.plan))
        };
        if limits.allowed_endpoints.as_ref().is_some_and(|endpoints| !endpoints.iter().any(is_place)) {
            why.push(json!({ "limit": "allowed_endpoints" }));
            return Some(no("this grant does not allow the path"));
        }
    }
    None
}

/// Where something is allowed by name, nothing else is.
fn not_allowed(case: &Case<'_>, ours: &[&Rule], why: &mut Vec<Value>) -> Option<Error> {
    let mut allowing = ours.iter().filter(|rule| rule.need == Need::Allow).peekable();
    allowing.peek()?;
    if let Some(rule) = allowing.find(|rule| rule.patterns.iter().any(|pattern| pattern.allows(case.plan))) {
        why.push(json!({ "rule": rule.id, "says": "allow" }));
        return None;
    }
    why.push(json!({ "says": "no rule allows it" }));
    Some(no("no rule allows this call"))
}

/// A node that reaches less far than the account: the call must be one that a scope of its ceiling is good for.
fn outside_scope(case: &Case<'_>, _: &[&Rule], why: &mut Vec<Value>) -> Option<Error> {
    let granted = &case.found.connection.scopes;
    let mut ceiling = case.found.ceiling.clone();
    let mut is_narrowed = case.limits.iter().any(|limits| limits.is_narrowed);
    if let Some(agent) = &case.caller.agent
        && let Some(own) = agent.scopes.get(&case.found.connection.provider)
        && !own.is_empty()
    {
        let own = Scope::of(own);
        is_narrowed |= !own.covers(granted);
        ceiling = ceiling.intersection(&own);
    }
    if !is_narrowed || case.found.connection.managed_secret.is_some() {
        return None;
    }
    if let Some(scope) = case.provider.and_then(|provider| scope_for(provider, &ceiling, case.plan)) {
        why.push(json!({ "scope": scope }));
        return None;
    }
    why.push(json!({ "says": "no scope of the delegation is known to be good for it" }));
    Some(no("the delegation does not reach this call").with("scopes", ceiling.to_string()))
}

fn scope_for(provider: &Provider, ceiling: &Scope, plan: &Plan) -> Option<String> {
    let held = with_implied(provider, ceiling);
    let known = provider.scopes.iter().filter(|scope| held.contains(scope.name.as_str()));
    known
        .filter(|scope| patterns(&scope.allow).any(|pattern| pattern.allows(plan)))
        .map(|scope| scope.name.clone())
        .next()
}

/// The call is known to need a scope, and the service granted none that is good for it (threat 162).
fn ungranted(case: &Case<'_>, _: &[&Rule], why: &mut Vec<Value>) -> Option<Error> {
    let provider = case.provider?;
    let good: Vec<&str> = provider
        .scopes
        .iter()
        .filter(|scope| patterns(&scope.allow).any(|pattern| pattern.allows(case.plan)))
        .map(|scope| scope.name.as_str())
        .collect();
    let held = with_implied(provider, &case.found.connection.scopes);
    if good.is_empty() || good.iter().any(|name| held.contains(name)) {
        return None;
    }
    why.push(json!({ "missing": good }));
    let ids = json!({ "grant_id": case.found.grant.id.as_str(), "provider_id": case.found.connection.provider });
    Some(
        refuse(Code::ScopeMismatch, "the account was connected without the scope that this call needs")
            .with("details", ids)
            .with("missing", good.into_iter().map(Value::from).collect::<Vec<_>>()),
    )
}

/// The rule that the request itself brings.
fn own_rule(case: &Case<'_>, _: &[&Rule], why: &mut Vec<Value>) -> Option<Error> {
    let rule = case.caller.rule.as_ref()?;
    let error = content::judge(rule, case.plan, case.content)?;
    why.push(json!({ "rule": "request", "says": error.code().map(Code::as_str) }));
    Some(error)
}

fn patterns(texts: &[String]) -> impl Iterator<Item = Pattern> {
    texts.iter().filter_map(|text| Pattern::parse(text))
}

fn with_implied<'a>(provider: &'a Provider, held: &'a Scope) -> BTreeSet<&'a str> {
    let mut all: BTreeSet<&str> = held.iter().collect();
    loop {
        let more: Vec<&str> = provider
            .scopes
            .iter()
            .filter(|scope| all.contains(scope.name.as_str()))
            .flat_map(|scope| scope.implies.iter().map(String::as_str))
            .filter(|name| !all.contains(name))
            .collect();
        if more.is_empty() {
            return all;
        }
        all.extend(more);
    }
}
