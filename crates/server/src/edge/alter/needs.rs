//! What a key must be allowed to do (`connect-wire.md` 2.7.3).

use super::SdkError;
use base::Scope;
use serde_json::json;
use vault::key::scopes;
use vault::{Caller, Code};

/// Refuses a caller whose key may not do this.
pub fn needs(caller: &Caller, scope: &str) -> Result<(), SdkError> {
    check(caller, &[scope], false)
}

/// Refuses a caller whose key may do none of these.
pub fn needs_any(caller: &Caller, needed: &[&str]) -> Result<(), SdkError> {
    check(caller, needed, true)
}

fn check(caller: &Caller, needed: &[&str], any: bool) -> Result<(), SdkError> {
    let missing =
        scopes::missing(&caller.scopes, &Scope::of(needed)).into_iter().map(str::to_owned).collect::<Vec<_>>();
    if missing.is_empty() || (any && missing.len() < needed.len()) {
        return Ok(());
    }
    let granted: Vec<&str> = caller.scopes.iter().collect();
    Err(SdkError::new(Code::InsufficientScope, "the key may not do this")
        .with("required", json!(needed))
        .with("granted", json!(granted))
        .with("missing", json!(missing))
        .with("required_any_of", any)
        .with("scope_version", scopes::VERSION)
        .with("current_scope_version", scopes::VERSION)
        .with("scope_version_mismatch", false)
        .with("hint", "use a key with the missing scopes"))
}
