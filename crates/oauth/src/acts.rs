//! The deeds of this crate, as the journal names them.

use ledger::Act;

pub const SIGN_IN_ALLOWED: Act = Act("sign_in.allowed");
pub const SIGN_IN_DENIED: Act = Act("sign_in.denied");
pub const CODE_REDEEMED: Act = Act("code.redeemed");
pub const CODE_REPLAYED: Act = Act("code.replayed");
pub const CODE_BURNED: Act = Act("code.burned");
pub const REFRESH_REUSED: Act = Act("refresh_token.reused");
pub const CLIENT_TOKEN_ISSUED: Act = Act("client_credentials.issued");
pub const TOKEN_REVOKED: Act = Act("token.revoked");
pub const CONNECTOR_ALLOWED: Act = Act("connector.allowed");
pub const CONNECTOR_DENIED: Act = Act("connector.denied");
pub const CONNECTOR_GRANTED: Act = Act("connector.granted");
pub const CONNECTOR_ENDED: Act = Act("connector.ended");
pub const TOKEN_EXCHANGED: Act = Act("token.exchanged");
/// A token for another app was given back, by the one that holds it or the one that it is for.
pub const DELEGATED_REVOKED: Act = Act("delegated_token.revoked");
pub const EXCHANGE_REFUSED: Act = Act("token_exchange.refused");
