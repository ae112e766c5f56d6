//! `/account/passkeys`: how one proves who one is.

use super::{Done, done, place, step_up_first};
use crate::api::people::tell;
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::faults::PageError;
use crate::edge::flow::FlowCookie;
use crate::edge::form::Form;
use crate::edge::page::{self, PageResult};
use crate::edge::session::Signed;
use crate::views::account::{AccountTab, AddPasskey, PasskeyRow, Passkeys};
use crate::views::{End, Moment, Name};
use axum::extract::{Path, State};
use people::Notice;
use serde::Deserialize;

const HERE: &str = "/account/passkeys";

/// `GET /account/passkeys`
pub async fn show(State(app): State<App>, signed: Signed, Query(said): Query<Done>) -> PageResult {
    let (frame, rail, _) = place(&app, &signed, AccountTab::Passkeys, &said).await?;
    let (account, now) = (&signed.session.account, app.seams.now());
    let codes = app.people.codes(account).await?;
    let passkeys = app.people.passkeys(account).await?.into_iter().map(|passkey| PasskeyRow {
        id: passkey.id.as_str().to_owned(),
        name: Name::new(&passkey.name),
        made: Moment::day(passkey.created_at, now),
        last_used: passkey.last_used_at.map(|at| Moment::seen_from(at, now)),
        is_synced: passkey.is_synced,
    });
    let view = Passkeys {
        frame,
        rail,
        passkeys: passkeys.collect(),
        codes_left: codes.left,
        codes_made: codes.made_at.map(|at| Moment::day(at, now)),
    };
    page::show(&view)
}

/// `GET /account/passkeys/new`
pub async fn ask(State(app): State<App>, signed: Signed, flow: FlowCookie) -> PageResult {
    if let Some(first) = step_up_first(&app, &signed, "/account/passkeys/new") {
        return Ok(first);
    }
    let (frame, rail, _) = place(&app, &signed, AccountTab::Passkeys, &Done::default()).await?;
    Ok(flow.on(page::show(&AddPasskey { frame, rail })?))
}

#[derive(Deserialize)]
pub struct Named {
    #[serde(default)]
    name: String,
}

/// `POST /account/passkeys/{id}`
pub async fn rename(
    State(app): State<App>,
    signed: Signed,
    Path(id): Path<String>,
    Form(form): Form<Named>,
) -> PageResult {
    app.people.rename_passkey(&signed.session, &id, &form.name).await?;
    Ok(done(HERE, "saved"))
}

/// `GET /account/passkeys/{id}/end`
pub async fn ask_end(State(app): State<App>, signed: Signed, Path(id): Path<String>) -> PageResult {
    let passkeys = app.people.passkeys(&signed.session.account).await?;
    let passkey = passkeys.iter().find(|passkey| passkey.id.as_str() == id).ok_or_else(PageError::not_found)?;
    let here = format!("{HERE}/{}/end", passkey.id);
    if let Some(first) = step_up_first(&app, &signed, &here) {
        return Ok(first);
    }
    let (frame, rail, _) = place(&app, &signed, AccountTab::Passkeys, &Done::default()).await?;
    let name = Name::new(&passkey.name);
    let view = End {
        frame,
        rail,
        heading: format!("Remove the passkey {name}?"),
        ends: vec!["It no longer signs you in.".to_owned()],
        note: Some(
            "Where you are signed in with it, you stay so. It remains on its device until you delete it there."
                .to_owned(),
        ),
        action: here,
        fields: Vec::new(),
        confirm: None,
        verb: "Remove the passkey".to_owned(),
        cancel_url: HERE.to_owned(),
    };
    page::show(&view)
}

#[derive(Deserialize)]
pub struct Nothing {}

/// `POST /account/passkeys/{id}/end`
pub async fn end(State(app): State<App>, signed: Signed, Path(id): Path<String>, Form(_): Form<Nothing>) -> PageResult {
    if let Some(first) = step_up_first(&app, &signed, &format!("{HERE}/{id}/end")) {
        return Ok(first);
    }
    app.people.remove_passkey(&signed.session, &id).await?;
    tell(&app, &signed.session.account, Notice::PasskeyRemoved).await?;
    Ok(done(HERE, "passkey-removed"))
}
