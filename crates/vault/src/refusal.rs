//! How a verb says no: a closed code, one fixed sentence for the developer, and what a client needs to go on (`connect-wire.md` 2.4).
//!
//! Promise: a refusal holds nothing of a credential. Which status and shape it gets is decided once, at the edge.

use base::Fault;
use serde_json::{Map, Value};
use std::fmt;

/// Why a verb did not do what it was asked.
#[derive(Debug)]
pub enum Error {
    /// The caller could have known.
    Refused(Box<Refusal>),
    /// We or a dependency broke.
    Fault(Fault),
}

/// What every verb of this crate gives.
pub type Result<T> = std::result::Result<T, Error>;

/// A code, its sentence, and fields that let the caller go on (`grant_id`, `candidates`, `missing`).
#[derive(Debug, Clone, PartialEq)]
pub struct Refusal {
    pub code: Code,
    pub message: &'static str,
    pub extra: Map<String, Value>,
}

/// A refusal, ready to be returned.
pub fn refuse(code: Code, message: &'static str) -> Error {
    Error::Refused(Box::new(Refusal { code, message, extra: Map::new() }))
}

impl Error {
    /// The same, with one more field for the caller.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Into<Value>) -> Error {
        if let Error::Refused(refusal) = &mut self {
            refusal.extra.insert(name.to_owned(), value.into());
        }
        self
    }

    /// The code, unless it is a fault.
    pub fn code(&self) -> Option<Code> {
        match self {
            Error::Refused(refusal) => Some(refusal.code),
            Error::Fault(_) => None,
        }
    }
}

impl From<Fault> for Error {
    fn from(fault: Fault) -> Error {
        Error::Fault(fault)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Refused(refusal) => write!(f, "{}: {}", refusal.code, refusal.message),
            Error::Fault(fault) => fault.fmt(f),
        }
    }
}

impl std::error::Error for Error {}

macro_rules! codes {
    ($($(#[$meta:meta])* $name:ident = $text:literal $status:literal),* $(,)?) => {
        /// The codes we answer with. The set is closed.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
        pub enum Code {
            $($(#[$meta])* $name),*
        }

        impl Code {
            /// Every code.
            pub const ALL: &[Code] = &[$(Code::$name),*];

            /// The word on the wire.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Code::$name => $text),*
                }
            }

            /// The status it has on the wire: clients tell some codes by it.
            pub const fn status(self) -> u16 {
                match self {
                    $(Code::$name => $status),*
                }
            }
        }
    };
}

codes! {
    InvalidRequest = "invalid_request" 400,
    InvalidOrigin = "invalid_origin" 400,
    InvalidReturnUrl = "invalid_return_url" 400,
    UnknownProvider = "unknown_provider" 400,
    ScopeNotAllowed = "scope_not_allowed" 400,
    AgentRequiresUserToken = "agent_requires_user_token" 400,
    AgentCannotDelegate = "agent_cannot_delegate_to_other_agent" 400,
    ConstraintNotNarrowing = "constraint_not_narrowing" 400,
    SystemGrantUserTokenMismatch = "system_grant_user_token_mismatch" 400,
    InvalidScopeForDerivedKey = "invalid_scope_for_derived_key" 400,
    CallerAgentMismatch = "caller_agent_mismatch" 400,
    GrantRevoked = "grant_revoked" 400,
    CredentialRevoked = "credential_revoked" 400,
    DelegatedGrantRequiresProxy = "delegated_grant_requires_proxy" 400,
    HitlGrantRequiresProxy = "hitl_grant_requires_proxy" 400,
    UserLimitsRequireProxy = "user_limits_require_proxy" 400,
    NoIdentityProvider = "no_identity_provider" 400,
    InvalidKey = "invalid_key" 401,
    KeyRevoked = "key_revoked" 401,
    KeyExpired = "key_expired" 401,
    KeyRotated = "key_rotated_grace_expired" 401,
    KeyNotActive = "key_not_active" 401,
    AgentInactive = "agent_inactive" 401,
    AgentRevoked = "agent_revoked" 401,
    InvalidSignature = "invalid_signature" 401,
    NonceReused = "nonce_reused" 401,
    JwtValidationError = "jwt_validation_error" 401,
    /// RFC 6750 §3.1: of a delegated token.
    InvalidToken = "invalid_token" 401,
    InsufficientScope = "insufficient_scope" 403,
    IpNotAllowed = "ip_not_allowed" 403,
    GrantExpired = "grant_expired" 403,
    GrantNotDelegable = "grant_not_delegable" 403,
    ScopeMismatch = "scope_mismatch" 403,
    StepUpRequired = "step_up_required" 403,
    RedactDischargeFailed = "redact_discharge_failed" 403,
    RestrictedGrantRequiresProxy = "restricted_grant_requires_proxy" 403,
    /// The app's switch `hand_out_tokens` is off.
    HandOutDisabled = "token_handout_disabled" 403,
    PolicyDenied = "policy_denied" 403,
    AgentScopeNotAllowed = "agent_scope_not_allowed" 403,
    UserSuspended = "user_suspended" 403,
    AgentKeyRequired = "agent_key_required" 403,
    UseSelfRevokePath = "use_self_revoke_path" 403,
    AgentsCannotMint = "agents_cannot_mint" 403,
    AgentCannotMintSubagents = "agent_cannot_mint_subagents" 403,
    MintSourceHasGrantRules = "mint_source_has_grant_rules" 403,
    MeRequiresAgentKey = "me_requires_agent_key" 403,
    KeyKindNotAllowed = "key_kind_not_allowed" 403,
    DelegatedTokenRefused = "delegated_token_refused" 403,
    GrantNotFound = "grant_not_found" 404,
    NoDelegatedGrant = "no_delegated_grant" 404,
    AgentNotFound = "agent_not_found" 404,
    CallerAgentUnresolved = "caller_agent_unresolved" 404,
    SecretNotFound = "secret_not_found" 404,
    KeyNotFound = "key_not_found" 404,
    ApprovalNotFound = "approval_not_found" 404,
    ProviderSpecNotFound = "provider_spec_not_found" 404,
    OperationNotFound = "operation_not_found" 404,
    NotFound = "not_found" 404,
    TokenRefreshInProgress = "token_refresh_in_progress" 409,
    AmbiguousGrant = "ambiguous_grant" 409,
    SiblingLabelConflict = "sibling_label_conflict" 409,
    CredentialIdRequired = "credential_id_required" 409,
    AgentNameExists = "agent_name_exists" 409,
    LastActiveKey = "last_active_key" 409,
    AgentKeyLimitReached = "agent_key_limit_reached" 409,
    AgentConcurrentUpdate = "agent_concurrent_update" 409,
    IdempotencyBodyMismatch = "idempotency_key_body_mismatch" 409,
    IdempotencyAgentRevoked = "idempotency_key_agent_revoked" 409,
    IdempotencyAgentInactive = "idempotency_key_agent_inactive" 409,
    KeyAlreadyRevoked = "key_revoked" 409,
    ApprovalDenied = "approval_denied" 409,
    ApprovalExpired = "approval_expired" 409,
    ApprovalExecutionFailed = "approval_execution_failed" 409,
    ApprovalPending = "approval_pending" 409,
    ApprovalRequired = "approval_required" 409,
    GrantDeleted = "grant_deleted" 410,
    BlockedDestination = "blocked_destination" 422,
    InvalidGrantPolicy = "invalid_grant_policy" 422,
    InvalidScopeConstraint = "invalid_scope_constraint" 422,
    InvalidAudience = "invalid_audience" 422,
    InvalidWait = "invalid_wait" 422,
    SecretTemplateMismatch = "secret_template_mismatch" 422,
    RequestTooLarge = "request_too_large" 413,
    RateLimited = "rate_limit_exceeded" 429,
    QuotaExceeded = "quota_exceeded" 429,
    TooManyPendingApprovals = "too_many_pending_approvals" 429,
    ProviderError = "provider_error" 502,
    ProviderUnreachable = "provider_unreachable" 502,
    ProviderMisconfigured = "provider_misconfigured" 503,
    UpstreamTimeout = "upstream_timeout" 504,
}

impl fmt::Display for Code {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
