//! `/iris`: where the person lets Notes use Iris, asks it something, and takes it back.

use super::Notes;
use super::connect::Target;
use super::issuer::Answer;
use super::session::Visit;
use crate::page;
use askama::Template;
use axum::Extension;
use axum::extract::State;
use axum::response::{IntoResponse, Redirect, Response};

#[derive(Template)]
#[template(path = "connect.html")]
struct IrisPage<'a> {
    issuer: &'a str,
    issuer_host: &'a str,
    client_id: &'a str,
    connected_uri: &'a str,
    iris: &'a str,
    iris_host: &'a str,
    may_use_iris: bool,
    declined: Option<Answer>,
    refused: Option<String>,
}

/// `GET /iris`
pub(crate) async fn show(State(notes): State<Notes>, Extension(visit): Extension<Visit>) -> Response {
    let mut kept = visit.kept.lock().await;
    if kept.signed_in.is_none() {
        return Redirect::to("/#connect").into_response();
    }
    let settings = &notes.settings;
    let page = IrisPage {
        issuer: &settings.issuer,
        issuer_host: page::host(&settings.issuer),
        client_id: &settings.client_id,
        connected_uri: &settings.connected_uri(),
        iris: &settings.iris,
        iris_host: page::host(&settings.iris),
        may_use_iris: kept.may_use_iris,
        declined: kept.take_declined(Target::Iris),
        refused: kept.iris_refused.as_ref().map(Answer::pretty),
    };
    page::show_with_library(&page, &settings.issuer)
}
