//! The knobs and the counts, for whoever runs the fake: `/_faults`, `/_stats`, and a page that says what this is.

use super::Fake;
use super::place::Origin;
use super::refused::Refused;
use crate::page;
use askama::Template;
use axum::body::Bytes;
use axum::extract::{FromRequestParts, State};
use axum::http::request::Parts;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Response};
use axum::{Extension, Json};
use serde_json::{Map, Value};

/// Neither a page of another site, which sends an `Origin`, nor an app through a proxy, which sends a credential.
pub(super) struct Owner;

impl<S: Send + Sync> FromRequestParts<S> for Owner {
    type Rejection = Refused;

    async fn from_request_parts(parts: &mut Parts, _: &S) -> Result<Owner, Refused> {
        let own = parts.extensions.get::<Origin>().map(|origin| origin.0.as_bytes());
        let origin = parts.headers.get(header::ORIGIN).map(axum::http::HeaderValue::as_bytes);
        if (origin.is_some() && origin != own) || parts.headers.contains_key(header::AUTHORIZATION) {
            let sentence = "this is for whoever runs the fake, not for apps and pages";
            return Err(Refused::new(StatusCode::FORBIDDEN, "access_denied", sentence));
        }
        Ok(Owner)
    }
}

#[derive(Template)]
#[template(path = "fake_about.html")]
struct AboutPage<'a> {
    own_host: &'a str,
}

/// `GET /`
pub(super) async fn about(Extension(origin): Extension<Origin>) -> Response {
    page::show(StatusCode::OK, &AboutPage { own_host: page::host(&origin.0) }, "")
}

/// `GET /_faults`
pub(super) async fn faults(State(fake): State<Fake>, _: Owner) -> Response {
    Json(fake.with(|memory| memory.faults.clone())).into_response()
}

/// `POST /_faults`
pub(super) async fn set_faults(State(fake): State<Fake>, _: Owner, body: Bytes) -> Response {
    let Ok(named) = serde_json::from_slice::<Map<String, Value>>(&body) else {
        return Refused::malformed("send a JSON object").into_response();
    };
    let changed = fake.with(|memory| {
        memory.faults = memory.faults.change(&named, &memory.standard)?;
        Ok::<_, String>(memory.faults.clone())
    });
    match changed {
        Ok(faults) => Json(faults).into_response(),
        Err(sentence) => Refused::malformed(sentence).into_response(),
    }
}

/// `DELETE /_faults`
pub(super) async fn reset_faults(State(fake): State<Fake>, _: Owner) -> Response {
    let faults = fake.with(|memory| {
        memory.faults = memory.standard.clone();
        memory.faults.clone()
    });
    Json(faults).into_response()
}

/// `GET /_stats`
pub(super) async fn stats(State(fake): State<Fake>, _: Owner) -> Response {
    Json(fake.with(|memory| memory.stats.told())).into_response()
}

/// `DELETE /_stats`
pub(super) async fn reset_stats(State(fake): State<Fake>, _: Owner) -> Response {
    let told = fake.with(|memory| {
        memory.stats = super::stats::Stats::default();
        memory.stats.told()
    });
    Json(told).into_response()
}
