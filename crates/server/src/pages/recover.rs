//! `/recover`: signing in with a recovery code.

use super::visitor::{self, Way, onward, with_way};
use crate::api::people::{send_in_background, with_session};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::flow::FlowCookie;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::refused;
use crate::edge::session::{MaybeSigned, Signed, Visitor};
use crate::oauth::authorize::continuing;
use crate::views::{Entry, Recover};
use axum::extract::State;
use people::device::Described;
use serde::Deserialize;

/// `GET /recover`
pub async fn show(
    State(app): State<App>,
    MaybeSigned(signed): MaybeSigned,
    flow: FlowCookie,
    Query(way): Query<Way>,
) -> PageResult {
    let view = page_of(&app, signed.as_ref(), &flow, &way.onward(), "", None).await;
    Ok(flow.on(page::show(&view)?))
}

async fn page_of(
    app: &App,
    signed: Option<&Signed>,
    flow: &FlowCookie,
    return_to: &str,
    handle: &str,
    mistake: Option<String>,
) -> Recover {
    Recover {
        frame: visitor::frame(app, signed, flow),
        app: continuing(app, return_to).await,
        return_to: return_to.to_owned(),
        handle: Entry::of(handle),
        code: Entry::empty(),
        mistake,
        login_url: with_way("/login", return_to),
    }
}

#[derive(Deserialize)]
pub struct Typed {
    #[serde(default)]
    return_to: String,
    #[serde(default)]
    handle: String,
    #[serde(default)]
    code: String,
}

/// `POST /recover`. What was typed as a code is not shown again.
pub async fn send(
    State(app): State<App>,
    MaybeSigned(signed): MaybeSigned,
    flow: FlowCookie,
    Visitor(visit): Visitor,
    Form(form): Form<Typed>,
) -> PageResult {
    let return_to = onward(Some(&form.return_to));
    let device = Described::of_agent(&visit.user_agent);
    let before = signed.as_ref().map(|signed| signed.session.clone());
    match app.people.recover(&form.handle, &form.code, device, visit, before).await {
        Ok(recovered) => {
            send_in_background(&app, recovered.mails);
            Ok(with_session(&app, &recovered.opened, page::go(&return_to)))
        }
        Err(people::Error::Refused(refusal)) => {
            let mistake = Some(refused::sentence(refusal.sentence));
            let view = page_of(&app, signed.as_ref(), &flow, &return_to, &form.handle, mistake).await;
            Ok(flow.on(page::show_with(refused::status(refusal.code), &view, None)?))
        }
        Err(error) => Err(error.into()),
    }
}
