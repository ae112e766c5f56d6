//! How one signs in: passkeys, recovery codes, and where one is signed in.

use crate::views::pages;
use crate::views::parts::{Entry, Field, Frame, Name};
use crate::views::rail::Rail;
use crate::views::when::Moment;
use askama::Template;

/// One passkey.
#[derive(Debug, Clone)]
pub struct PasskeyRow {
    pub id: String,
    pub name: Name,
    pub made: Moment,
    pub last_used: Option<Moment>,
    /// Kept by a password manager or cloud, so that it is on several devices.
    pub is_synced: bool,
}

/// `GET /account/passkeys`: passkeys and recovery codes.
///
/// Forms: `POST /account/passkeys/{id}` with `csrf`, `name` renames. Links: `/account/passkeys/new`,
/// `/account/passkeys/{id}/end`, `/account/codes`.
#[derive(Debug, Clone, Template)]
#[template(path = "account/passkeys.html")]
pub struct Passkeys {
    pub frame: Frame,
    pub rail: Rail,
    pub passkeys: Vec<PasskeyRow>,
    pub codes_left: u32,
    /// When the codes that are left were made.
    pub codes_made: Option<Moment>,
}

/// `GET /account/passkeys/new`, after a step-up.
///
/// The script asks `POST /api/security/passkeys/register` and `POST /api/security/passkeys/complete {credential, name}`.
#[derive(Debug, Clone, Template)]
#[template(path = "account/add_passkey.html")]
pub struct AddPasskey {
    pub frame: Frame,
    pub rail: Rail,
}

impl AddPasskey {
    fn name_field() -> Field {
        let hint = "To tell it from the others: laptop, phone, blue key.";
        Field::new("name", "Name, if you like", &Entry::empty()).hint(hint).maxlength(64)
    }
}

/// `GET /account/codes`: before new codes are made. `POST /account/codes` with `csrf` answers with [`crate::views::Codes`].
#[derive(Debug, Clone, Template)]
#[template(path = "account/renew_codes.html")]
pub struct RenewCodes {
    pub frame: Frame,
    pub rail: Rail,
    /// How many of the old ones will stop to work.
    pub codes_left: u32,
}

/// One session: a browser that is signed in.
#[derive(Debug, Clone)]
pub struct SessionRow {
    pub id: String,
    /// *Firefox on Linux*.
    pub device: Name,
    /// Where it was last seen: an IP address.
    pub place: String,
    /// How it signed in: *with a passkey*, *with a recovery code*, *approved by another device*.
    pub how: String,
    pub since: Moment,
    pub last_seen: Moment,
    pub is_this: bool,
}

/// `GET /account/devices`: where one is signed in. Links: `/account/devices/{id}/end`, `/account/devices/end` (all others).
#[derive(Debug, Clone, Template)]
#[template(path = "account/sessions.html")]
pub struct Sessions {
    pub frame: Frame,
    pub rail: Rail,
    pub rows: Vec<SessionRow>,
}

pages!(Home: Passkeys, AddPasskey, RenewCodes);
pages!(Nothing: Sessions);
