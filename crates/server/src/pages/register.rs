//! `/register`: creating an identity. The script does it; the page says who may.

use super::visitor::{self, onward, with_way};
use crate::app::App;
use crate::config;
use crate::edge::address::Query;
use crate::edge::flow::FlowCookie;
use crate::edge::page::{self, PageResult};
use crate::oauth::authorize::continuing;
use crate::views::{Register, Registration};
use axum::extract::State;
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Asked {
    return_to: Option<String>,
    invitation: Option<String>,
}

/// `GET /register`
pub async fn show(State(app): State<App>, flow: FlowCookie, Query(asked): Query<Asked>) -> PageResult {
    let return_to = onward(asked.return_to.as_deref());
    let invitation = match asked.invitation {
        Some(code) if app.people.is_invitation(&code).await? => Some(code),
        _ => None,
    };
    let registration = match (app.config.people.registration, invitation) {
        (_, Some(code)) => Registration::Invited { code },
        (config::Registration::Open, None) => Registration::Open,
        (config::Registration::Invite, None) => Registration::ByInvitation,
        (config::Registration::Closed, None) => Registration::Closed,
    };
    let view = Register {
        frame: visitor::frame(&app, None, &flow),
        app: continuing(&app, &return_to).await,
        registration,
        login_url: with_way("/login", &return_to),
        return_to,
    };
    Ok(flow.on(page::show(&view)?))
}
