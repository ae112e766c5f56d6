//! The deeds of this crate, as the journal names them.

use ledger::Act;

pub const KEY_MINTED: Act = Act("app_key.minted");
pub const KEY_DERIVED: Act = Act("app_key.derived");
pub const KEY_ROTATED: Act = Act("app_key.rotated");
pub const KEY_REVOKED: Act = Act("app_key.revoked");
pub const AGENT_CREATED: Act = Act("agent.created");
pub const AGENT_CHANGED: Act = Act("agent.changed");
pub const AGENT_SUSPENDED: Act = Act("agent.suspended");
pub const AGENT_RESUMED: Act = Act("agent.resumed");
pub const AGENT_REVOKED: Act = Act("agent.revoked");
pub const AGENT_KEY_MINTED: Act = Act("agent.key_minted");
pub const AGENT_KEY_DEPRECATED: Act = Act("agent.key_deprecated");
pub const AGENT_KEY_UNDEPRECATED: Act = Act("agent.key_undeprecated");
pub const AGENT_KEY_REVOKED: Act = Act("agent.key_revoked");
pub const ISSUER_SET: Act = Act("identity_issuer.set");
pub const ISSUER_REMOVED: Act = Act("identity_issuer.removed");
pub const APP_USER_SEEN: Act = Act("app_user.first_seen");
pub const APP_USER_SUSPENDED: Act = Act("app_user.suspended");
pub const APP_USER_RESUMED: Act = Act("app_user.resumed");
