//! `/login/link`: a link that signs in once. Opening it changes nothing; its button does.

use super::visitor;
use crate::api::people::with_session;
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::flow::FlowCookie;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::{MaybeSigned, Visitor};
use crate::views::{Name, OneTimeLink};
use axum::extract::State;
use people::device::Described;
use serde::Deserialize;

/// `GET /login/link?token=`
pub async fn show(
    State(app): State<App>,
    MaybeSigned(signed): MaybeSigned,
    flow: FlowCookie,
    Query(sent): Query<Pressed>,
) -> PageResult {
    let person = app.people.link_target(&sent.token).await?;
    let name = Name::new(&person.display_name);
    let view = OneTimeLink {
        frame: visitor::frame(&app, signed.as_ref(), &flow),
        action: "/login/link".to_owned(),
        token: Some(sent.token),
        heading: "Sign in with this link".to_owned(),
        sentence: format!("You will be signed in as {name}, on this browser."),
        verb: "Sign in".to_owned(),
    };
    Ok(flow.on(page::show(&view)?))
}

#[derive(Deserialize)]
pub struct Pressed {
    token: String,
}

/// `POST /login/link`
pub async fn follow(
    State(app): State<App>,
    MaybeSigned(signed): MaybeSigned,
    Visitor(visit): Visitor,
    Form(form): Form<Pressed>,
) -> PageResult {
    let before = signed.map(|signed| signed.session);
    let device = Described::of_agent(&visit.user_agent);
    let opened = app.people.follow_link(&form.token, device, visit, before).await?;
    Ok(with_session(&app, &opened, page::go("/account")))
}
