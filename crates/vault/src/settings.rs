//! How the vault of this server is set up.

/// What the server's configuration says.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The public origin.
    pub issuer: String,
    /// How long a connect session can be opened, in seconds.
    pub session_secs: i64,
    /// The origin of the fake provider, where there is one.
    pub fake_provider: Option<String>,
}
