//! `/login/approval` on the asking device, `/approve` on the one that is signed in.

use super::login::name_of;
use super::visitor::{self, Way, onward, with_way};
use crate::api::people::{tell, with_session};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::flow::FlowCookie;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::refused;
use crate::edge::session::{MaybeSigned, Signed, Visitor};
use crate::oauth::authorize::continuing;
use crate::views::{ApprovalState, Approve, ApproveCode, AskApproval, Entry, Link, Moment, Name, Said, Waiting};
use axum::extract::State;
use people::Notice;
use people::approval::State as Progress;
use people::device::Described;
use serde::Deserialize;

const ASK: &str = "/login/approval";
const FINISH: &str = "/login/approval/finish";
const DECIDE: &str = "/approve/decide";

#[derive(Deserialize)]
pub struct Asked {
    return_to: Option<String>,
    request: Option<String>,
}

/// `GET /login/approval`: what will happen, or how far it is.
pub async fn show(
    State(app): State<App>,
    MaybeSigned(signed): MaybeSigned,
    flow: FlowCookie,
    Query(asked): Query<Asked>,
) -> PageResult {
    let return_to = onward(asked.return_to.as_deref());
    let frame = visitor::frame(&app, signed.as_ref(), &flow);
    let login_url = with_way("/login", &return_to);
    let Some(request) = asked.request else {
        let view = AskApproval {
            frame,
            app: continuing(&app, &return_to).await,
            action: ASK.to_owned(),
            return_to,
            login_url,
        };
        return Ok(flow.on(page::show(&view)?));
    };
    let now = app.seams.now();
    let found = app.people.approval(&flow.flow, &request).await?;
    let (state, code, expires_at) = match found {
        Some(found) => (found.state, found.code, found.expires_at),
        None => (Progress::Expired, String::new(), now),
    };
    let view = Waiting {
        frame,
        state: match state {
            Progress::Pending => ApprovalState::Pending,
            Progress::Approved => ApprovalState::Approved,
            Progress::Denied => ApprovalState::Denied,
            Progress::Expired => ApprovalState::Expired,
        },
        request,
        code,
        expires: Moment::seen_from(expires_at, now),
        open_at: format!("{}/approve", app.host),
        action: with_way(FINISH, &return_to),
        return_to,
        login_url,
    };
    Ok(flow.on(page::show(&view)?))
}

#[derive(Deserialize)]
pub struct Ask {
    #[serde(default)]
    return_to: String,
}

/// `POST /login/approval`: asks, and waits.
pub async fn ask(
    State(app): State<App>,
    flow: FlowCookie,
    Visitor(visit): Visitor,
    Form(form): Form<Ask>,
) -> PageResult {
    let device = Described::of_agent(&visit.user_agent);
    let asked = app.people.ask_approval(&flow.flow, None, device, visit).await?;
    Ok(page::go(&with_way(&format!("{ASK}?request={}", asked.id), &onward(Some(&form.return_to)))))
}

#[derive(Deserialize)]
pub struct Finish {
    request: String,
}

/// `POST /login/approval/finish`: the browser that asked goes in.
pub async fn finish(
    State(app): State<App>,
    MaybeSigned(signed): MaybeSigned,
    flow: FlowCookie,
    Visitor(visit): Visitor,
    Query(way): Query<Way>,
    Form(form): Form<Finish>,
) -> PageResult {
    let before = signed.map(|signed| signed.session);
    let opened = app.people.finish_approval(&flow.flow, &form.request, visit, before).await?;
    Ok(with_session(&app, &opened, page::go(&way.onward())))
}

/// `GET /approve`
pub async fn ask_code(State(app): State<App>, signed: Signed) -> PageResult {
    page::show(&code_page(&app, &signed, Entry::empty()))
}

fn code_page(app: &App, signed: &Signed, code: Entry) -> ApproveCode {
    ApproveCode {
        frame: page::frame(app).with_csrf(&signed.csrf),
        action: "/approve".to_owned(),
        code,
        back_url: "/account".to_owned(),
    }
}

#[derive(Deserialize)]
pub struct Code {
    #[serde(default)]
    code: String,
}

/// `POST /approve`: finds the request that shows this code.
pub async fn find(State(app): State<App>, signed: Signed, Form(form): Form<Code>) -> PageResult {
    let found = match app.people.find_approval(&signed.session, &form.code).await {
        Ok(found) => found,
        Err(people::Error::Refused(refusal)) => {
            let entry = Entry::refused(form.code, refused::sentence(refusal.sentence));
            return page::show_with(refused::status(refusal.code), &code_page(&app, &signed, entry), None);
        }
        Err(error) => return Err(error.into()),
    };
    let view = Approve {
        frame: page::frame(&app).with_csrf(&signed.csrf),
        action: DECIDE.to_owned(),
        request: found.id,
        code: found.code,
        device: Name::new(&found.device_name),
        place: found.source,
        asked: Moment::seen_from(found.created_at, app.seams.now()),
        account: name_of(&app, &signed).await?,
    };
    page::show(&view)
}

#[derive(Deserialize)]
pub struct Decided {
    request: String,
    #[serde(default)]
    code: String,
    decision: String,
}

/// `POST /approve/decide`. Letting somebody in needs a fresh proof of who one is; turning them away does not.
pub async fn decide(State(app): State<App>, signed: Signed, Form(form): Form<Decided>) -> PageResult {
    let session = &signed.session;
    let (heading, sentence) = if form.decision == "approve" {
        if !session.is_fresh(app.seams.now()) {
            return Ok(page::go(&with_way("/step-up", "/approve")));
        }
        app.people.approve(session, &form.request, &form.code).await?;
        tell(&app, &session.account, Notice::DeviceLetIn).await?;
        ("It is let in", "The other device goes on by itself. You find it under Devices, where you can sign it out.")
    } else {
        app.people.deny(session, &form.request, &form.code).await?;
        (
            "It is turned away",
            "The other device is not signed in. If somebody asked you for the code, they wanted to sign in as you.",
        )
    };
    let onward = Some(Link::new("Your devices", "/account/devices"));
    page::show(&Said { frame: page::frame(&app), heading: heading.to_owned(), sentence: sentence.to_owned(), onward })
}
