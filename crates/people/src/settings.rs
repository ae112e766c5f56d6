//! What the operator decides about people.

/// Who may make an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Registration {
    /// Anyone.
    Open,
    /// Whoever was given a link.
    Invite,
    /// Nobody.
    Closed,
}

/// The settings of this crate.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The issuer: passkeys are bound to its host.
    pub issuer: String,
    /// What passkey prompts and mails call the service.
    pub name: String,
    pub registration: Registration,
    /// How long a session lives at most.
    pub session_secs: i64,
    /// How long it lives without being used.
    pub idle_secs: i64,
    /// False turns the counting of attempts off (load tests).
    pub limits: bool,
    /// In the demo the first person who registers is operator, and a recovery code stands in for a passkey.
    pub demo: bool,
}

impl Settings {
    /// The settings of an issuer where nobody said otherwise.
    pub fn of(issuer: impl Into<String>, name: impl Into<String>) -> Settings {
        Settings {
            issuer: issuer.into(),
            name: name.into(),
            registration: Registration::Open,
            session_secs: 30 * 86_400,
            idle_secs: 14 * 86_400,
            limits: true,
            demo: false,
        }
    }

    /// The host of the issuer, as mails say it.
    pub(crate) fn host(&self) -> &str {
        self.issuer.split_once("://").map_or(self.issuer.as_str(), |(_, host)| host)
    }
}
