//! What the journal tells of the vault.

use ledger::journal::Act;

pub const SESSION_OPENED: Act = Act("connect.session_opened");
pub const SESSION_DECLINED: Act = Act("connect.declined");
pub const CONNECTION_CREATED: Act = Act("connection.created");
pub const CONNECTION_REPAIRED: Act = Act("connection.repaired");
pub const CONNECTION_REFRESHED: Act = Act("connection.refreshed");
pub const CONNECTION_TROUBLED: Act = Act("connection.reauth_required");
pub const CONNECTION_REMOVED: Act = Act("connection.removed");
pub const UPSTREAM_REVOKED: Act = Act("connection.revoked_upstream");
pub const GRANT_OPENED: Act = Act("connection_grant.opened");
pub const GRANT_ENDED: Act = Act("connection_grant.ended");
pub const GRANT_MINTED: Act = Act("connection_grant.minted");
pub const GRANT_DELEGATED: Act = Act("agent_grant.opened");
pub const DELEGATION_ENDED: Act = Act("agent_grant.ended");
pub const SCOPE_MISMATCH: Act = Act("connection.scope_mismatch");
pub const TOKEN_HANDED_OUT: Act = Act("token.handed_out");
pub const TOKEN_REFUSED: Act = Act("token.refused");
pub const CALL_REPORTED: Act = Act("call.reported");
pub const PROVIDER_CHANGED: Act = Act("provider.changed");
pub const CREDENTIALS_REFUSED: Act = Act("provider.credentials_refused");
pub const SECRET_CHANGED: Act = Act("secret.changed");
pub const SECRET_REMOVED: Act = Act("secret.removed");
pub const CALL_SENT: Act = Act("call.sent");
pub const CALL_ANSWERED: Act = Act("call.answered");
pub const CALL_REFUSED: Act = Act("call.refused");
pub const APPROVAL_REQUESTED: Act = Act("approval.requested");
pub const APPROVAL_DECIDED: Act = Act("approval.decided");
pub const APPROVAL_EXECUTED: Act = Act("approval.executed");
pub const POLICY_CHANGED: Act = Act("policy.changed");
