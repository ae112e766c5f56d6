//! The page of a session about a secret: may it be used, or what is your key (`connect-wire.md` 2.6.16).

use super::choose::{agent, person, told_at};
use super::{lost, page_of, refused};
use crate::app::App;
use crate::edge::faults::PageError;
use crate::edge::flow::FlowCookie;
use crate::edge::page::{self, PageResult};
use crate::edge::session::MaybeSigned;
use crate::oauth::authorize::who;
use crate::views::{Entry, Field, LinkSecret, Name, Tile};
use axum::http::StatusCode;
use vault::Subject;
use vault::secret::Inject;
use vault::session::{AtSecret, SecretPath, Session};

/// Draws it. The caller has seen that browser and person are the session's.
pub(super) async fn draw(
    app: &App,
    session: &Session,
    trouble: Option<&str>,
    cookie: &FlowCookie,
    signed: &MaybeSigned,
) -> PageResult {
    let at = match app.vault.at_secret(session).await {
        Ok(at) => at.ok_or_else(lost)?,
        Err(error) if error.code() == Some(vault::Code::SecretNotFound) => return Err(removed()),
        Err(error) => return Err(refused(error)),
    };
    let client = app.oauth.app(session.app.as_str()).await?.ok_or_else(lost)?;
    let csrf = signed.0.as_ref().map_or_else(|| cookie.csrf.clone(), |signed| signed.csrf.clone());
    let name = Name::new(&at.secret.name);
    let view = LinkSecret {
        frame: page::frame(app).with_csrf(csrf),
        app: who(&client),
        action: page_of(session.number),
        person: person(app, session).await?,
        is_stranger: !matches!(session.subject, Subject::Identity { .. }),
        tile: Tile::app(&at.secret.slug, &name, None),
        name,
        hosts: at.secret.hosts.clone(),
        fields: fields(&at),
        is_held: at.path == SecretPath::FastPath,
        is_repair: at.path == SecretPath::Repair,
        agent: agent(session),
        trouble: trouble.map(str::to_owned),
        origin: told_at(session),
        mark: session.mark(),
    };
    page::show(&view)
}

/// What is typed: nothing where the person holds what is needed.
fn fields(at: &AtSecret) -> Vec<Field> {
    if at.path == SecretPath::FastPath {
        return Vec::new();
    }
    let secret = |name: &'static str, label: &'static str| {
        Field::new(name, label, &Entry::empty()).kind("password").maxlength(8192).required().code()
    };
    match at.secret.inject {
        Inject::Header(_) | Inject::Query(_) | Inject::Bearer => vec![secret("secret.key", "Your key")],
        Inject::Basic => vec![
            Field::new("secret.user", "User name", &Entry::empty()).maxlength(1024).required(),
            secret("secret.password", "Password"),
        ],
    }
}

/// The page for a secret that its company took away while the window was open.
fn removed() -> PageError {
    PageError::new(
        StatusCode::NOT_FOUND,
        "This is not offered any more.",
        "Close this window and go back to the app you came from.",
    )
}
