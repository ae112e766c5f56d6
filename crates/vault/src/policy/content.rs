//! Rules that a request brings along (`X-Alter-Request-Rule`, `connect-wire.md` 2.7.6): judged from method, path, query and JSON body.
//!
//! Promise: what cannot be read or told is denied. A rule of another kind than `content_match` cannot be told by one request.

use crate::proxy::Plan;
use crate::refusal::{Code, Error, refuse};
use serde_json::Value;

/// What is in a call, as far as it can be known.
pub(crate) struct Content<'a> {
    /// Nothing where the body is no JSON, or is not at hand because it streams.
    pub json: Option<&'a Value>,
    pub has_body: bool,
}

/// What a question about a call can be answered with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Told {
    Yes,
    No,
    Unknown,
}

use Told::{No, Unknown, Yes};

/// The refusal that a rule of the request leads to; nothing when it lets the call pass.
pub(crate) fn judge(rule: &Value, plan: &Plan, content: &Content<'_>) -> Option<Error> {
    let unclear = || Some(refuse(Code::PolicyDenied, "the request's own rule cannot be judged for this call"));
    if rule.get("rule_type").and_then(Value::as_str) != Some("content_match") {
        return unclear();
    }
    let Some(body) = rule.get("rule_body").and_then(Value::as_object) else { return unclear() };
    let known = ["match", "params", "effect", "redact", "step_up"];
    if body.keys().any(|name| !known.contains(&name.as_str())) {
        return unclear();
    }
    let mut told = body.get("match").map_or(Unknown, |classes| matches_classes(classes, plan));
    for param in body.get("params").and_then(Value::as_array).into_iter().flatten() {
        told = and(told, matches_param(param, plan, content));
    }
    if body.get("params").is_some_and(|params| !params.is_array()) {
        told = Unknown;
    }
    match (told, body.get("effect").and_then(Value::as_str)) {
        (No, Some("deny" | "redact" | "step_up")) => None,
        (Yes, Some("deny")) => Some(refuse(Code::PolicyDenied, "the request's own rule denies this call")),
        (Yes, Some("step_up")) => {
            let age = body.get("step_up").and_then(|step| step.get("max_session_age_seconds")).cloned();
            let error = refuse(Code::StepUpRequired, "the person has to prove again who they are");
            Some(error.with("max_session_age_seconds", age.unwrap_or(Value::Null)))
        }
        // Answers pass as they come, so nothing could be taken out of them.
        (Yes, Some("redact")) => Some(refuse(
            Code::RedactDischargeFailed,
            "what the request's own rule hides cannot be hidden in this answer",
        )),
        _ => unclear(),
    }
}

/// All of them: one no settles it, and without one an unknown stays.
fn and(one: Told, other: Told) -> Told {
    match (one, other) {
        (No, _) | (_, No) => No,
        (Yes, Yes) => Yes,
        _ => Unknown,
    }
}

/// Any of them.
fn or(one: Told, other: Told) -> Told {
    match (one, other) {
        (Yes, _) | (_, Yes) => Yes,
        (No, No) => No,
        _ => Unknown,
    }
}

fn matches_classes(classes: &Value, plan: &Plan) -> Told {
    let mut told = No;
    let mut count = 0;
    for (list, judge) in [("families", family as fn(&str, &Plan) -> Told), ("operations", operation)] {
        let Some(all) = classes.get(list) else { continue };
        let Some(all) = all.as_array() else { return Unknown };
        for name in all {
            count += 1;
            told = or(told, name.as_str().map_or(Unknown, |name| judge(&name.trim().to_ascii_lowercase(), plan)));
        }
    }
    if (1..=100).contains(&count) { told } else { Unknown }
}

/// What a method says; what it does not say is not guessed.
fn family(name: &str, plan: &Plan) -> Told {
    let method = plan.method.as_str();
    let is_read = matches!(method, "GET" | "HEAD" | "OPTIONS");
    let says = |is_so: bool| if is_so { Yes } else { No };
    match name {
        "read" => match method {
            // Some services ask questions by POST.
            "POST" => Unknown,
            _ => says(is_read),
        },
        "write" => says(!is_read && method != "DELETE"),
        "delete" => match method {
            "POST" => Unknown,
            _ => says(method == "DELETE"),
        },
        "send" | "admin" | "payment" => {
            if is_read {
                No
            } else {
                Unknown
            }
        }
        _ => Unknown,
    }
}

/// An operation is told only where it is written as method and path.
fn operation(name: &str, plan: &Plan) -> Told {
    let Some((method, path)) = name.split_once(' ') else { return Unknown };
    match super::Pattern::parse(&format!("{} {path}", method.to_ascii_uppercase())) {
        Some(pattern) if pattern.may_mean(plan) => Yes,
        Some(_) => No,
        None => Unknown,
    }
}

fn matches_param(param: &Value, plan: &Plan, content: &Content<'_>) -> Told {
    let (name, op) = (param.get("name").and_then(Value::as_str), param.get("op").and_then(Value::as_str));
    let (Some(name), Some(op), Some(value)) = (name, op, param.get("value")) else { return Unknown };
    let Some(given) = given(name, plan, content) else { return Unknown };
    match op {
        "equals" => all_told(&given, |one| text(one).zip(text(value)).map(|(one, value)| one == value)),
        "any_in" => all_told(&given, |one| globs(value).zip(text(one)).map(|(globs, one)| any_glob(&globs, &one))),
        "not_subset_of" => {
            let Some(globs) = globs(value) else { return Unknown };
            all_told(&given, |one| text(one).map(|one| !any_glob(&globs, &one)))
        }
        "gt" | "gte" | "lt" | "lte" => all_told(&given, |one| {
            let (one, other) = (number(one)?, value.as_f64()?);
            Some(match op {
                "gt" => one > other,
                "gte" => one >= other,
                "lt" => one < other,
                _ => one <= other,
            })
        }),
        "outside_windows" => all_told(&given, |one| outside_windows(one, value)),
        _ => Unknown,
    }
}

/// One of several values is enough for a yes; one that cannot be told leaves it open.
fn all_told(given: &[Value], judge: impl Fn(&Value) -> Option<bool>) -> Told {
    given.iter().fold(No, |told, one| {
        or(
            told,
            match judge(one) {
                Some(true) => Yes,
                Some(false) => No,
                None => Unknown,
            },
        )
    })
}

/// Every value that goes under this name: in the query and in a JSON body, with dots leading inwards. Nothing when it is nowhere, or
/// might be in a body that cannot be read.
fn given(name: &str, plan: &Plan, content: &Content<'_>) -> Option<Vec<Value>> {
    let mut all: Vec<Value> = url::form_urlencoded::parse(plan.query.as_deref().unwrap_or_default().as_bytes())
        .filter(|(own, _)| own.trim().eq_ignore_ascii_case(name.trim()))
        .map(|(_, value)| Value::from(value.into_owned()))
        .collect();
    match (content.has_body, content.json) {
        (false, _) => {}
        (true, None) => return None,
        (true, Some(json)) => {
            // A series of dates is more than the one that is written.
            if json.get("recurrence").is_some() || json.get("rrule").is_some() {
                return None;
            }
            collect(json, &name.split('.').collect::<Vec<_>>(), &mut all);
        }
    }
    if all.is_empty() { None } else { Some(all) }
}

fn collect(json: &Value, way: &[&str], all: &mut Vec<Value>) {
    match (json, way) {
        (Value::Array(items), _) => items.iter().for_each(|item| collect(item, way, all)),
        (Value::Object(fields), [name, rest @ ..]) => {
            let named = fields.iter().filter(|(own, _)| own.trim().eq_ignore_ascii_case(name.trim()));
            named.for_each(|(_, value)| collect(value, rest, all));
        }
        (value, []) => all.push(value.clone()),
        _ => {}
    }
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::String(text) => Some(text.trim().to_lowercase()),
        Value::Number(number) => Some(number.to_string()),
        Value::Bool(is_so) => Some(is_so.to_string()),
        _ => None,
    }
}

fn number(value: &Value) -> Option<f64> {
    let number = match value {
        Value::Number(number) => number.as_f64()?,
        Value::String(text) => text.trim().parse().ok()?,
        _ => return None,
    };
    number.is_finite().then_some(number)
}

fn globs(value: &Value) -> Option<Vec<String>> {
    let all = value.as_array().filter(|all| (1..=200).contains(&all.len()))?;
    all.iter().map(|one| text(one).filter(|text| text.len() <= 512)).collect()
}

fn any_glob(globs: &[String], text: &str) -> bool {
    globs.iter().any(|glob| fits_glob(glob, text))
}

/// `*` stands for any letters, `?` for one.
fn fits_glob(glob: &str, text: &str) -> bool {
    let (glob, text): (Vec<char>, Vec<char>) = (glob.chars().collect(), text.chars().collect());
    let (mut at, mut place, mut star) = (0, 0, None);
    while let Some(letter) = text.get(place) {
        match glob.get(at) {
            Some('*') => {
                star = Some((at, place));
                at += 1;
            }
            Some(own) if *own == '?' || own == letter => {
                at += 1;
                place += 1;
            }
            _ => match star {
                Some((before, from)) => {
                    star = Some((before, from + 1));
                    (at, place) = (before + 1, from + 1);
                }
                None => return false,
            },
        }
    }
    glob.iter().skip(at).all(|letter| *letter == '*')
}

/// Only in UTC: other zones need tables that are not here, so nothing is told of them.
fn outside_windows(one: &Value, value: &Value) -> Option<bool> {
    let zone = value.get("timezone").and_then(Value::as_str)?;
    if !matches!(zone, "UTC" | "Etc/UTC" | "Etc/GMT") {
        return None;
    }
    let (day, minute) = moment(one.as_str()?)?;
    let windows = value.get("windows").and_then(Value::as_array).filter(|all| (1..=20).contains(&all.len()))?;
    let mut is_inside = false;
    for window in windows {
        let days = window.get("days").and_then(Value::as_array)?;
        let days: Option<Vec<&str>> = days.iter().map(Value::as_str).collect();
        let edge = |name: &str| window.get(name).and_then(Value::as_str).and_then(clock);
        let (start, end) = (edge("start")?, edge("end")?);
        is_inside |= days?.contains(&day) && (start..end).contains(&minute);
    }
    Some(!is_inside)
}

fn clock(text: &str) -> Option<i64> {
    let (hours, minutes) = text.split_once(':')?;
    let (hours, minutes): (i64, i64) = (hours.parse().ok()?, minutes.parse().ok()?);
    let all = hours * 60 + minutes;
    ((0..60).contains(&minutes) && (0..=24 * 60).contains(&all)).then_some(all)
}

/// The day of the week and the minute of the day of an RFC 3339 moment, in UTC.
fn moment(text: &str) -> Option<(&'static str, i64)> {
    const DAYS: [&str; 7] = ["thu", "fri", "sat", "sun", "mon", "tue", "wed"];
    let (date, rest) = text.split_once(['T', 't', ' '])?;
    let mut parts = date.splitn(3, '-').map(|part| part.parse::<i64>().ok());
    let (year, month, day) = (parts.next()??, parts.next()??, parts.next()??);
    let at = rest.get(..5).and_then(clock)?;
    let zone = rest.trim_start_matches(|letter: char| letter.is_ascii_digit() || letter == ':' || letter == '.');
    let shift = match zone {
        "Z" | "z" => 0,
        _ => match (zone.strip_prefix('+'), zone.strip_prefix('-')) {
            (Some(ahead), _) => -clock(ahead)?,
            (_, Some(behind)) => clock(behind)?,
            _ => return None,
        },
    };
    if !(1..=12).contains(&month) || !(1..=31).contains(&day) || !(1970..=9999).contains(&year) {
        return None;
    }
    // Days since 1970 (a calendar that begins in March needs no case for leap days).
    let (years, months) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let days = 365 * years + years / 4 - years / 100 + years / 400 + (153 * months + 2) / 5 + day - 1 - 719_468;
    let minutes = days * 1440 + at + shift;
    let day = DAYS.get(usize::try_from(minutes.div_euclid(1440).rem_euclid(7)).ok()?)?;
    Some((*day, minutes.rem_euclid(1440)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::proxy::plan_of;
    use serde_json::json;

    fn code(rule_body: Value, method: &str, path: &str, json: Option<Value>) -> Option<&'static str> {
        let rule = json!({ "rule_type": "content_match", "rule_body": rule_body });
        let content = Content { has_body: json.is_some(), json: json.as_ref().filter(|json| !json.is_null()) };
        judge(&rule, &plan_of(method, path), &content).map(|error| error.code().unwrap().as_str())
    }

    #[test]
    fn threat_172_what_cannot_be_told_is_denied() {
        let plan = plan_of("GET", "/x");
        let content = Content { json: None, has_body: false };
        for rule in [
            json!(null),
            json!({}),
            json!({"rule_type": "quota", "rule_body": {}}),
            json!({"rule_type": "content_match"}),
            json!({"rule_type": "content_match", "rule_body": {"match": {"families": ["read"]}}}),
            json!({"rule_type": "content_match", "rule_body": {"match": {"families": []}, "effect": "deny"}}),
            json!({"rule_type": "content_match", "rule_body": {"match": {"families": "read"}, "effect": "deny"}}),
            json!({"rule_type": "content_match", "rule_body": {"match": {"families": ["delete"]}, "effect": "maybe"}}),
            json!({"rule_type": "content_match", "rule_body": {"match": {"families": ["delete"]}, "effect": "deny", "unless": 1}}),
            json!({"rule_type": "content_match", "rule_body": {"match": {"families": ["kindness"]}, "effect": "deny"}}),
            json!({"rule_type": "content_match", "rule_body": {"match": {"operations": ["events.list"]}, "effect": "deny"}}),
        ] {
            assert!(judge(&rule, &plan, &content).is_some(), "{rule}");
        }
    }

    #[test]
    fn families_follow_the_method() {
        let deny = |families: &[&str]| json!({ "match": { "families": families }, "effect": "deny" });
        assert_eq!(code(deny(&["delete"]), "DELETE", "/x", None), Some("policy_denied"));
        assert_eq!(code(deny(&["delete"]), "GET", "/x", None), None);
        assert_eq!(code(deny(&["write", "delete"]), "GET", "/x", None), None);
        assert_eq!(code(deny(&["write"]), "POST", "/x", Some(json!({}))), Some("policy_denied"));
        assert_eq!(code(deny(&["payment"]), "POST", "/x", Some(json!({}))), Some("policy_denied"), "nobody can tell");
        assert_eq!(code(deny(&["payment"]), "GET", "/x", None), None);
        let step = json!({ "match": { "families": ["delete"] }, "effect": "step_up", "step_up": { "max_session_age_seconds": 60 } });
        assert_eq!(code(step, "DELETE", "/x", None), Some("step_up_required"));
        let hide = json!({ "match": { "families": ["read"] }, "effect": "redact", "redact": { "fields": ["email"] } });
        assert_eq!(code(hide, "GET", "/x", None), Some("redact_discharge_failed"));
        let operation = json!({ "match": { "operations": ["delete /v3/events/*"] }, "effect": "deny" });
        assert_eq!(code(operation.clone(), "DELETE", "/v3/Events/1", None), Some("policy_denied"));
        assert_eq!(code(operation, "DELETE", "/v3/lists/1", None), None);
    }

    #[test]
    fn parameters_are_found_in_query_and_body() {
        let rule = |op: &str, value: Value| {
            json!({
                "match": { "families": ["write"] }, "effect": "deny", "params": [{ "name": "to.address", "op": op, "value": value }],
            })
        };
        let sent = |value: Value| Some(json!({ "to": [{ "address": value }] }));
        let denied = Some("policy_denied");
        assert_eq!(code(rule("equals", json!(" EVE@x.test ")), "POST", "/x", sent(json!("eve@X.test"))), denied);
        assert_eq!(code(rule("equals", json!("eve@x.test")), "POST", "/x", sent(json!("ada@x.test"))), None);
        assert_eq!(code(rule("not_subset_of", json!(["*@x.test"])), "POST", "/x", sent(json!("ada@x.test"))), None);
        assert_eq!(
            code(rule("not_subset_of", json!(["*@x.test"])), "POST", "/x", sent(json!("ada@x.test.evil"))),
            denied
        );
        assert_eq!(code(rule("any_in", json!(["e?e@*"])), "POST", "/x", sent(json!("eve@x"))), denied);
        assert_eq!(code(rule("gt", json!(100)), "POST", "/x", sent(json!("99.5"))), None);
        assert_eq!(code(rule("gte", json!(100)), "POST", "/x", sent(json!(100))), denied);
        assert_eq!(code(rule("gt", json!(100)), "POST", "/x", sent(json!([1]))), None);
        assert_eq!(code(rule("equals", json!("x")), "POST", "/x", Some(json!({}))), denied, "it is nowhere");
        assert_eq!(code(rule("equals", json!("x")), "POST", "/x", Some(Value::Null)), denied, "the body is no JSON");
        assert_eq!(code(rule("equals", json!("x")), "GET", "/x", None), None, "it is no write, whatever it holds");
    }

    #[test]
    fn windows_are_told_in_utc_alone() {
        let rule = |zone: &str| {
            json!({
                "match": { "families": ["write"] }, "effect": "deny",
                "params": [{ "name": "start", "op": "outside_windows", "value": { "timezone": zone, "windows": [
                    { "days": ["mon", "tue"], "start": "09:00", "end": "17:00" }] } }],
            })
        };
        let at = |text: &str| Some(json!({ "start": text }));
        assert_eq!(code(rule("UTC"), "POST", "/x", at("2026-11-30T09:00:00Z")), None, "a Monday");
        assert_eq!(code(rule("UTC"), "POST", "/x", at("2026-11-30T19:30:00+02:00")), Some("policy_denied"));
        assert_eq!(code(rule("UTC"), "POST", "/x", at("2026-11-30T18:30:00+02:00")), None);
        assert_eq!(code(rule("UTC"), "POST", "/x", at("2026-11-28T10:00:00Z")), Some("policy_denied"), "a Saturday");
        assert_eq!(code(rule("Europe/Berlin"), "POST", "/x", at("2026-11-30T09:00:00Z")), Some("policy_denied"));
        assert_eq!(code(rule("UTC"), "POST", "/x", at("soon")), Some("policy_denied"));
        let series = Some(json!({ "start": "2026-11-30T09:00:00Z", "recurrence": ["RRULE:FREQ=DAILY"] }));
        assert_eq!(code(rule("UTC"), "POST", "/x", series), Some("policy_denied"));
    }
}
