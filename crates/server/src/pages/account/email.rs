//! `/account/email`: adding an address to an identity, and proving it by code.

use super::done;
use crate::api::people::send_now;
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult, own_path};
use crate::edge::refused;
use crate::edge::session::Signed;
use crate::pages::visitor::with_way;
use crate::views::{EmailAdd, EmailCode, Entry, Link, Name};
use axum::extract::{Path, State};
use axum::http::StatusCode;
use people::{Code, Error};
use serde::Deserialize;

/// Whose address, and where to go on to.
#[derive(Deserialize)]
pub struct For {
    #[serde(default)]
    identity: String,
    return_to: Option<String>,
    /// Another address than the one that waits.
    change: Option<String>,
}

impl For {
    /// A path of these pages for the same identity and way.
    fn path(&self, path: &str) -> String {
        let path = format!(
            "{path}?identity={}",
            url::form_urlencoded::byte_serialize(self.identity.as_bytes()).collect::<String>()
        );
        match self.back() {
            Some(back) => with_way(&path, &back),
            None => path,
        }
    }

    fn back(&self) -> Option<String> {
        own_path(self.return_to.as_deref().filter(|path| !path.is_empty()))
    }

    fn otherwise(&self) -> Link {
        match self.back() {
            Some(back) => Link::new("Go on without", back),
            None => Link::new("Back", format!("/account/identities/{}", self.identity)),
        }
    }
}

/// `GET /account/identities/{id}/email`
pub async fn of_identity(State(app): State<App>, signed: Signed, Path(id): Path<String>) -> PageResult {
    let identity = app.people.identity(&signed.session.account, &id).await?;
    Ok(page::go(&format!("/account/email?identity={}", identity.id)))
}

/// `GET /account/email`: asks for the address, or for the code of the one that waits.
pub async fn ask(State(app): State<App>, signed: Signed, Query(of): Query<For>) -> PageResult {
    let waiting = app.people.waiting_email(&signed.session, &of.identity).await?;
    if waiting.is_some() && of.change.is_none() {
        return Ok(page::go(&of.path("/account/email/code")));
    }
    page::show(&address_page(&app, &signed, &of, Entry::empty()).await?)
}

async fn address_page(app: &App, signed: &Signed, of: &For, email: Entry) -> Result<EmailAdd, Error> {
    let identity = app.people.identity(&signed.session.account, &of.identity).await?;
    Ok(EmailAdd {
        frame: page::frame(app).with_csrf(&signed.csrf),
        action: of.path("/account/email"),
        identity: Name::new(&identity.display_name),
        email,
        otherwise: of.otherwise(),
    })
}

#[derive(Deserialize)]
pub struct Address {
    #[serde(default)]
    email: String,
}

/// `POST /account/email`: sends the code.
pub async fn start(
    State(app): State<App>,
    signed: Signed,
    Query(of): Query<For>,
    Form(form): Form<Address>,
) -> PageResult {
    let sent = match app.people.start_email(&signed.session, &of.identity, &form.email).await {
        Ok(mail) => send_now(&app, mail).await,
        Err(error) => Err(error),
    };
    match sent {
        Ok(()) => Ok(page::go(&of.path("/account/email/code"))),
        Err(Error::Refused(refusal)) if refusal.code != Code::NotFound => {
            let entry = Entry::refused(form.email, refused::sentence(refusal.sentence));
            let view = address_page(&app, &signed, &of, entry).await?;
            page::show_with(StatusCode::UNPROCESSABLE_ENTITY, &view, None)
        }
        Err(error) => Err(error.into()),
    }
}

/// `GET /account/email/code`
pub async fn ask_code(State(app): State<App>, signed: Signed, Query(of): Query<For>) -> PageResult {
    match code_page(&app, &signed, &of, Entry::empty()).await? {
        Some(view) => page::show(&view),
        None => Ok(page::go(&of.path("/account/email"))),
    }
}

async fn code_page(app: &App, signed: &Signed, of: &For, code: Entry) -> Result<Option<EmailCode>, Error> {
    let Some(waiting) = app.people.waiting_email(&signed.session, &of.identity).await? else { return Ok(None) };
    Ok(Some(EmailCode {
        frame: page::frame(app).with_csrf(&signed.csrf),
        action: of.path("/account/email/code"),
        address: waiting.address,
        code,
        resend_action: (app.seams.now() >= waiting.resend_at).then(|| of.path("/account/email/resend")),
        change_url: format!("{}&change=1", of.path("/account/email")),
        otherwise: of.otherwise(),
        mailbox_url: app.config.demo.then(|| "/dev/mailbox".to_owned()),
    }))
}

#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    code: String,
}

/// `POST /account/email/code`
pub async fn verify(
    State(app): State<App>,
    signed: Signed,
    Query(of): Query<For>,
    Form(form): Form<Typed>,
) -> PageResult {
    match app.people.verify_email(&signed.session, &of.identity, &form.code).await {
        Ok(identity) => Ok(match of.back() {
            Some(back) => page::go(&back),
            None => done(&format!("/account/identities/{}", identity.id), "email-verified"),
        }),
        Err(Error::Refused(refusal)) if refusal.code != Code::NotFound => {
            let entry = Entry::refused(form.code, refused::sentence(refusal.sentence));
            match code_page(&app, &signed, &of, entry).await? {
                Some(view) => page::show_with(StatusCode::UNPROCESSABLE_ENTITY, &view, None),
                None => Ok(page::go(&of.path("/account/email"))),
            }
        }
        Err(error) => Err(error.into()),
    }
}

#[derive(Deserialize)]
pub struct Nothing {}

/// `POST /account/email/resend`
pub async fn resend(
    State(app): State<App>,
    signed: Signed,
    Query(of): Query<For>,
    Form(_): Form<Nothing>,
) -> PageResult {
    let mail = app.people.resend_email(&signed.session, &of.identity).await?;
    send_now(&app, mail).await?;
    Ok(page::go(&of.path("/account/email/code")))
}

/// `POST /account/identities/{id}/email/remove`
pub async fn remove(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(_): Form<Nothing>,
) -> PageResult {
    app.people.remove_email(&signed.session, &id).await?;
    Ok(done(&format!("/account/identities/{id}"), "email-removed"))
}
