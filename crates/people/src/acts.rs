//! The deeds of this crate, as the journal names them.

use ledger::Act;

pub const ACCOUNT_CREATED: Act = Act("account.created");
pub const ACCOUNT_DELETED: Act = Act("account.deleted");
pub const ACCOUNT_DISABLED: Act = Act("account.disabled");
pub const ACCOUNT_ENABLED: Act = Act("account.enabled");
pub const OPERATOR_MADE: Act = Act("operator.made");
pub const IDENTITY_CREATED: Act = Act("identity.created");
pub const IDENTITY_CHANGED: Act = Act("identity.changed");
pub const IDENTITY_DELETED: Act = Act("identity.deleted");
pub const PICTURE_CHANGED: Act = Act("picture.changed");
pub const EMAIL_ASKED: Act = Act("email.asked");
pub const EMAIL_VERIFIED: Act = Act("email.verified");
pub const EMAIL_REMOVED: Act = Act("email.removed");
pub const PASSKEY_ADDED: Act = Act("passkey.added");
pub const PASSKEY_RENAMED: Act = Act("passkey.renamed");
pub const PASSKEY_REMOVED: Act = Act("passkey.removed");
/// Its counter went back; the sign-in was refused.
pub const PASSKEY_COPIED: Act = Act("passkey.copied");
pub const SESSION_OPENED: Act = Act("session.opened");
/// Authenticated again; the old cookie is dead.
pub const SESSION_RENEWED: Act = Act("session.renewed");
pub const SESSION_ENDED: Act = Act("session.ended");
pub const SESSIONS_ENDED: Act = Act("sessions.ended");
pub const DEVICE_RENAMED: Act = Act("device.renamed");
pub const DEVICE_REMOVED: Act = Act("device.removed");
pub const CODES_MADE: Act = Act("recovery_codes.made");
pub const CODE_USED: Act = Act("recovery_code.used");
pub const CODE_REFUSED: Act = Act("recovery_code.refused");
pub const APPROVAL_GIVEN: Act = Act("approval.given");
pub const APPROVAL_DENIED: Act = Act("approval.denied");
pub const LINK_MADE: Act = Act("one_time_link.made");
pub const LINK_USED: Act = Act("one_time_link.used");
pub const INVITATION_MADE: Act = Act("invitation.made");
pub const ACCESS_ENDED: Act = Act("access.ended");
pub const DATA_EXPORTED: Act = Act("data.exported");
pub const SESSION_TOKEN_MADE: Act = Act("session_token.made");
pub const SESSION_TOKEN_ENDED: Act = Act("session_token.ended");
