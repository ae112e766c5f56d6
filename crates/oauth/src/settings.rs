//! What the operator has set for the provider. Lifetimes are in seconds; an app's own win where it has them.

/// Settings of the provider.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The public origin, without a trailing slash: `iss` of every token.
    pub issuer: String,
    pub code_secs: i64,
    pub access_secs: i64,
    pub refresh_idle_secs: i64,
    pub refresh_absolute_secs: i64,
    pub refresh_replay_secs: i64,
}
