//! Operator tokens: keys to the management API, made on the machine itself (`procura admin-token`).
//!
//! Promise: they open the management API and nothing else, and nothing else opens it (threat 189); only their digest is stored.

mod rows;

use base::{Bearer, Fault, Seams, Secret, Time};
use db::Tx;
use ledger::journal::{self, Entry};

/// How an operator token begins.
pub const PREFIX: &str = "pot_";

/// What the journal says of operator tokens.
pub mod act {
    use ledger::Act;

    pub const MADE: Act = Act("operator_token.made");
}

/// Makes a token that opens for so many seconds.
pub fn make_token(tx: &mut Tx<'_>, seams: &Seams, life_secs: i64) -> Result<Secret, Fault> {
    let now = seams.now();
    let bearer = Bearer::mint(PREFIX, seams.number()?, seams.entropy())?;
    let expires_at = now.plus_secs(life_secs);
    rows::insert(tx, bearer.number(), bearer.digest(), now, expires_at)?;
    let detail = serde_json::json!({ "expires_at": expires_at.iso() });
    journal::write(tx, &Entry::new(act::MADE, seams)?.detail(detail))?;
    Ok(bearer.secret().clone())
}

/// True when the text is an operator token that opens now.
pub fn opens(tx: &mut Tx<'_>, text: &str, now: Time) -> Result<bool, Fault> {
    let Some(bearer) = Bearer::parse(PREFIX, text) else { return Ok(false) };
    let stored = rows::find_live(tx, bearer.number(), now)?;
    Ok(bearer.opens(stored.as_deref()))
}

/// Forgets tokens that ended before a moment. For the sweeper.
pub fn sweep(tx: &mut Tx<'_>, before: Time) -> Result<u64, Fault> {
    rows::delete_expired(tx, before)
}
