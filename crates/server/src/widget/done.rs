//! The end: the result goes to the window that waits for it, or the browser goes back to the app, or the page says that it can be closed.

use super::result;
use crate::app::App;
use crate::edge::page::{self, PageResult};
use crate::views::{LinkEnd, Name};
use axum::response::{IntoResponse, Redirect};
use vault::session::{Session, Status, Transport};

/// The page of a session that is over.
pub(super) async fn show(app: &App, session: &Session) -> PageResult {
    let now = app.seams.now();
    if session.transport == Some(Transport::Redirect)
        && let Some(address) = result::return_address(session, now)
    {
        return Ok(Redirect::to(&address).into_response());
    }
    let client = app.oauth.app(session.app.as_str()).await?;
    let accounts =
        session.result.granted.iter().map(|granted| (Name::new(&granted.provider_name), Name::new(&granted.account)));
    let view = LinkEnd {
        frame: page::frame(app),
        app: client.map(|client| Name::new(&client.name)),
        accounts: accounts.collect(),
        is_declined: session.result.error.as_ref().is_some_and(|error| error.code == "connect_denied"),
        is_done: session.status(now) == Status::Completed,
        message: result::message(session, now).to_string(),
        origin: session.origin.clone().filter(|_| session.transport == Some(Transport::Popup)),
    };
    page::show(&view)
}
