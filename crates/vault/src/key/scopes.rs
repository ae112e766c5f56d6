//! What a key may do, in words: `resource:verb[:instance]`, where `read` is less than `write` and `write` less than `admin`, and
//! actions that stand for themselves (`connect-wire.md` 2.7.3).

use base::Scope;

/// The version of this table; keys remember the one they were made under.
pub const VERSION: i64 = 1;

/// What has verbs.
pub const RESOURCES: [&str; 7] = ["agents", "grants", "keys", "secrets", "idp_users", "audit_logs", "usage"];

/// The verbs, the least first.
pub const VERBS: [&str; 3] = ["read", "write", "admin"];

/// What is one deed.
pub const ACTIONS: [&str; 8] = [
    "tokens:retrieve",
    "proxy:execute",
    "connect:initiate",
    "keys:derive",
    "audit:emit",
    "spans:emit",
    "providers:read",
    "approvals:read",
];

/// The deed that no derived key may do.
pub const DERIVE: &str = "keys:derive";

const LONGEST: usize = 256;

/// What an app's key may do unless its maker says less: everything.
pub fn all() -> Scope {
    let admin = RESOURCES.iter().map(|resource| format!("{resource}:admin"));
    Scope::of(admin.chain(ACTIONS.iter().map(|action| (*action).to_owned())))
}

/// What an agent's own key may do. At which service it may do it, its agent's scopes say.
pub fn of_agents() -> Scope {
    Scope::of([
        "grants:write",
        "tokens:retrieve",
        "proxy:execute",
        "connect:initiate",
        "secrets:write",
        "idp_users:read",
        "audit:emit",
        "spans:emit",
        "providers:read",
        "approvals:read",
    ])
}

/// What may stand in a page that anybody can read.
pub fn of_pages() -> Scope {
    Scope::of(["providers:read"])
}

/// True when the word is of the grammar.
pub fn is_known(word: &str) -> bool {
    ACTIONS.contains(&word) || Verb::parse(word).is_some()
}

/// True when a key with these scopes may do what the word says.
pub fn allows(held: &Scope, needed: &str) -> bool {
    if held.has(needed) {
        return true;
    }
    let Some(needed) = Verb::parse(needed) else { return false };
    held.iter().filter_map(Verb::parse).any(|own| own.covers(&needed))
}

/// The words that the scopes do not allow.
pub fn missing<'a>(held: &Scope, needed: &'a Scope) -> Vec<&'a str> {
    needed.iter().filter(|word| !allows(held, word)).collect()
}

/// Words that are all known, from a list. Nothing when one is not.
pub fn read<'a>(words: impl IntoIterator<Item = &'a str>) -> Option<Scope> {
    let words: Vec<&str> = words.into_iter().collect();
    words.iter().all(|word| is_known(word)).then(|| Scope::of(words))
}

/// `resource:verb`, perhaps of one thing alone.
struct Verb<'a> {
    resource: &'a str,
    rank: usize,
    instance: Option<&'a str>,
}

impl<'a> Verb<'a> {
    fn parse(word: &'a str) -> Option<Verb<'a>> {
        let mut parts = word.splitn(3, ':');
        let (resource, verb, instance) = (parts.next()?, parts.next()?, parts.next());
        let is_name = |text: &str| {
            !text.is_empty()
                && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.'))
        };
        let rank = VERBS.iter().position(|own| *own == verb)?;
        let is_legal = word.len() <= LONGEST && RESOURCES.contains(&resource) && instance.is_none_or(is_name);
        is_legal.then_some(Verb { resource, rank, instance })
    }

    fn covers(&self, other: &Verb<'_>) -> bool {
        self.resource == other.resource
            && self.rank >= other.rank
            && (self.instance.is_none() || self.instance == other.instance)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_verb_holds_those_below_it_and_none_above() {
        let held = Scope::of(["grants:write", "proxy:execute"]);
        for word in ["grants:read", "grants:write", "grants:read:g1", "proxy:execute"] {
            assert!(allows(&held, word), "{word}");
        }
        for word in ["grants:admin", "agents:read", "tokens:retrieve", "keys:derive", "grants", "grants:erase", ""] {
            assert!(!allows(&held, word), "{word}");
        }
    }

    #[test]
    fn a_scope_for_one_thing_is_none_for_all() {
        let held = Scope::of(["agents:write:a1"]);
        assert!(allows(&held, "agents:read:a1"));
        assert!(!allows(&held, "agents:read:a2"));
        assert!(!allows(&held, "agents:read"));
    }

    #[test]
    fn deriving_is_no_verb_of_keys() {
        assert!(!allows(&Scope::of(["keys:admin"]), DERIVE));
        assert!(allows(&all(), DERIVE));
    }

    #[test]
    fn unknown_words_are_no_scopes() {
        for word in
            ["grants", "grants:", "grants:read:", "grants:read:a b", "Grants:read", "tokens:read", "*", "grants:*"]
        {
            assert!(!is_known(word), "{word}");
        }
    }
}
