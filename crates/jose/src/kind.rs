//! The kinds of token, each told from the others by its header and claims (RFC 8725 §3.11), so that none can stand for another.

/// What a token is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kind {
    /// An access token (RFC 9068).
    AccessToken,
    /// An ID token (OIDC Core §2).
    IdToken,
    /// A logout token (OIDC Back-Channel Logout §2.4).
    LogoutToken,
    /// The answer to a token exchange. Targets expect the `typ` of an access token, so the claim `target_resource` tells it apart.
    Delegated,
    /// Who stands behind a call of an app, told to a third party (Connect).
    IdentityAssertion,
}

/// The claim that a delegated token has and no other kind may have.
pub const DELEGATED_CLAIM: &str = "target_resource";

impl Kind {
    /// Every kind.
    pub const ALL: [Kind; 5] =
        [Kind::AccessToken, Kind::IdToken, Kind::LogoutToken, Kind::Delegated, Kind::IdentityAssertion];

    /// The header's `typ`.
    pub const fn typ(self) -> &'static str {
        match self {
            Kind::AccessToken | Kind::Delegated => "at+jwt",
            Kind::IdToken => "JWT",
            Kind::LogoutToken => "logout+jwt",
            Kind::IdentityAssertion => "alter-identity+jwt",
        }
    }
}
