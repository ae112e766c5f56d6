//! Signing in, in each of its ways.

use crate::views::pages;
use crate::views::parts::{Entry, Field, Frame, Name, Tile, Who};
use askama::Template;

/// Why somebody is asked to sign in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum LoginReason {
    /// Nobody is signed in.
    NobodyYet,
    /// Somebody is, but the app wants it proven again (`prompt=login`, `max_age`).
    Again {
        /// Who.
        name: Name,
    },
    /// Somebody else is to sign in (`select_account`, another person than the hint's).
    SomebodyElse,
}

/// `GET /login`: sign in with a passkey, or in another way.
///
/// The script asks `POST /api/login/start` and `POST /api/login/passkey`, then goes to `next` of the answer, else to `return_to`.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/login.html")]
pub struct Login {
    pub frame: Frame,
    /// The app one continues to.
    pub app: Option<Who>,
    pub reason: LoginReason,
    /// A path of ours to go to afterwards: `/signin?flow=…`, `/account`.
    pub return_to: String,
    /// Where to create an identity (`/register?return_to=…`); nothing when registration is closed.
    pub register_url: Option<String>,
    /// Where to ask a signed-in device (`/login/approval?return_to=…`).
    pub approval_url: String,
    /// Where to use a recovery code (`/recover?return_to=…`).
    pub recovery_url: String,
    /// A handle to begin with (`login_hint`); only a hint for the browser's list of passkeys.
    pub handle: String,
    /// Why the last attempt failed.
    pub mistake: Option<String>,
}

/// `prompt=select_account`: whoever is signed in, or somebody else.
///
/// `POST {action}` with `csrf` and `identity`, the id of the chosen one.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/select_account.html")]
pub struct SelectAccount {
    pub frame: Frame,
    pub app: Option<Who>,
    pub action: String,
    pub people: Vec<super::Persona>,
    /// Where to sign in as somebody else.
    pub other_url: String,
}

/// `GET /step-up`: a deed needs authentication within the last five minutes.
///
/// The script asks `POST /api/login/start` with `{}` and `POST /api/login/step-up`, then goes to `return_to`.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/step_up.html")]
pub struct StepUp {
    pub frame: Frame,
    pub tile: Tile,
    pub name: Name,
    /// What will be possible then, as a verb phrase: *add a passkey*, *delete your account*.
    pub deed: String,
    /// A path of ours.
    pub return_to: String,
    /// Where the deed is not asked for: going to `return_to` unproven leads here again.
    pub back_url: String,
    /// Where a recovery code may stand in (the demo alone): `POST` with `csrf`, `return_to`, `code`.
    pub code_action: Option<String>,
    /// The code of the demo, when it was refused.
    pub code: Entry,
}

impl StepUp {
    fn code_field(&self) -> Field {
        Field::new("code", "Recovery code", &self.code).code().required().autocomplete("one-time-code").maxlength(40)
    }
}

/// `GET /recover`, `POST /recover` with `csrf`, `return_to`, `handle`, `code`: sign in with a recovery code.
///
/// The answer must not tell whether the handle exists: put the one sentence into `mistake`, not at a field.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/recover.html")]
pub struct Recover {
    pub frame: Frame,
    pub app: Option<Who>,
    pub return_to: String,
    pub handle: Entry,
    pub code: Entry,
    pub mistake: Option<String>,
    /// Back to the passkey (`/login?return_to=…`).
    pub login_url: String,
}

impl Recover {
    fn handle_field(&self) -> Field {
        Field::new("handle", "Your handle", &self.handle).handle().required().autocomplete("username").maxlength(32)
    }

    fn code_field(&self) -> Field {
        let hint = "One of the ten you saved when you registered. Each works once.";
        Field::new("code", "Recovery code", &self.code).code().required().hint(hint).maxlength(40)
    }
}

/// `GET` of a one-time link: opening it changes nothing, its button (`POST {action}` with `csrf`) signs in.
#[derive(Debug, Clone, Template)]
#[template(path = "sheets/one_time_link.html")]
pub struct OneTimeLink {
    pub frame: Frame,
    /// Where the button posts; a path of ours that holds the link's secret, or a fixed one with `secret` in a field.
    pub action: String,
    /// The link's secret as a hidden field named `token`, if it is not in `action`.
    pub token: Option<String>,
    pub heading: String,
    /// What the button does: *You will be signed in as Ada, on this browser.*
    pub sentence: String,
    /// The verb on the button: *Sign in*.
    pub verb: String,
}

pages!(Away: Login, SelectAccount, Recover);
pages!(Home: StepUp, OneTimeLink);
