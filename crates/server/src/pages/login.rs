//! `/login` and `/step-up`: the passkey's page, and proving again who one is.

use super::visitor::{self, Way, onward, with_way};
use crate::api::people::with_session;
use crate::app::App;
use crate::config::Registration;
use crate::edge::address::Query;
use crate::edge::flow::FlowCookie;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::refused;
use crate::edge::session::{MaybeSigned, Signed, Visitor};
use crate::oauth::authorize::continuing;
use crate::views::{Entry, Login, LoginReason, Name, StepUp, Tile};
use axum::extract::State;
use axum::http::StatusCode;
use serde::Deserialize;

#[derive(Deserialize)]
pub struct Asked {
    return_to: Option<String>,
    /// The app wants it proven again.
    again: Option<String>,
    /// Somebody else is to sign in.
    other: Option<String>,
    #[serde(default)]
    login_hint: String,
}

/// `GET /login`
pub async fn show(
    State(app): State<App>,
    MaybeSigned(signed): MaybeSigned,
    flow: FlowCookie,
    Query(asked): Query<Asked>,
) -> PageResult {
    let return_to = onward(asked.return_to.as_deref());
    let reason = match &signed {
        Some(_) if asked.other.is_some() => LoginReason::SomebodyElse,
        Some(signed) if asked.again.is_some() => LoginReason::Again { name: name_of(&app, signed).await? },
        Some(_) => return Ok(page::go(&return_to)),
        None => LoginReason::NobodyYet,
    };
    // Whoever is only asked to prove it again has an identity.
    let is_open =
        app.config.people.registration != Registration::Closed && !matches!(reason, LoginReason::Again { .. });
    let view = Login {
        frame: visitor::frame(&app, signed.as_ref(), &flow),
        app: continuing(&app, &return_to).await,
        reason,
        register_url: is_open.then(|| with_way("/register", &return_to)),
        approval_url: with_way("/login/approval", &return_to),
        recovery_url: with_way("/recover", &return_to),
        handle: asked.login_hint.chars().filter(|letter| !letter.is_control()).take(64).collect(),
        mistake: None,
        return_to,
    };
    Ok(flow.on(page::show(&view)?))
}

/// What a person is called by their main identity.
pub async fn name_of(app: &App, signed: &Signed) -> Result<Name, people::Error> {
    let identities = app.people.identities(&signed.session.account).await?;
    Ok(identities.first().map(|identity| Name::new(&identity.display_name)).unwrap_or_default())
}

/// `GET /step-up`
pub async fn step_up(State(app): State<App>, signed: Signed, flow: FlowCookie, Query(way): Query<Way>) -> PageResult {
    let view = ask_again(&app, &signed, &way.onward(), Entry::empty()).await?;
    Ok(flow.on(page::show(&view)?))
}

async fn ask_again(app: &App, signed: &Signed, return_to: &str, code: Entry) -> Result<StepUp, people::Error> {
    let identities = app.people.identities(&signed.session.account).await?;
    let first = identities.first();
    let name = first.map(|identity| Name::new(&identity.display_name)).unwrap_or_default();
    let id = first.map_or("", |identity| identity.id.as_str());
    let (deed, back_url) = deed(return_to);
    Ok(StepUp {
        frame: page::frame(app).with_csrf(&signed.csrf),
        tile: Tile::person(id, &name, first.and_then(|identity| identity.picture.clone())),
        name,
        deed: deed.to_owned(),
        return_to: return_to.to_owned(),
        back_url: back_url.to_owned(),
        code_action: app.config.demo.then(|| "/step-up".to_owned()),
        code,
    })
}

/// What will be possible, by where it goes on, and the page to go back to: never words that a link brought along.
fn deed(return_to: &str) -> (&'static str, &'static str) {
    let path = return_to.split('?').next().unwrap_or_default();
    match path {
        "/account/passkeys/new" => ("add a passkey", "/account/passkeys"),
        "/account/codes" => ("make new recovery codes", "/account/passkeys"),
        "/account/data" => ("take your data along", "/account/data"),
        "/account/data/end" => ("delete your account", "/account/data"),
        "/approve" => ("let another device in", "/account"),
        _ if path.starts_with("/account/passkeys/") => ("remove a passkey", "/account/passkeys"),
        _ => ("go on", "/account"),
    }
}

#[derive(Deserialize)]
pub struct StandIn {
    #[serde(default)]
    return_to: String,
    #[serde(default)]
    code: String,
}

/// `POST /step-up`, in the demo: a recovery code stands in for a passkey.
pub async fn step_up_by_code(
    State(app): State<App>,
    signed: Signed,
    Visitor(visit): Visitor,
    Form(form): Form<StandIn>,
) -> PageResult {
    let return_to = onward(Some(&form.return_to));
    match app.people.step_up_by_code(&signed.session, &form.code, visit).await {
        Ok(renewed) => Ok(with_session(&app, &renewed, page::go(&return_to))),
        Err(people::Error::Refused(refusal)) if refusal.code != people::Code::NotFound => {
            let entry = Entry::refused(form.code, refused::sentence(refusal.sentence));
            let view = ask_again(&app, &signed, &return_to, entry).await?;
            page::show_with(StatusCode::UNPROCESSABLE_ENTITY, &view, None)
        }
        Err(error) => Err(error.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_words_of_a_step_up_are_ours() {
        assert_eq!(deed("/account/passkeys/pky_1/end").0, "remove a passkey");
        assert_eq!(deed("/account/data/end?x=send+money").0, "delete your account");
        assert_eq!(deed("/anything").0, "go on");
    }
}
