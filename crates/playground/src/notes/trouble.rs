//! What can go wrong between an app and its issuer, and the page that says so.

use super::issuer::Answer;
use crate::outside::NoRandomness;
use crate::page;
use askama::Template;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};

/// Why something did not work.
#[derive(Debug)]
pub enum Trouble {
    /// The issuer did not answer, or not with what the standards say.
    Unreachable(String),
    /// The issuer answered with an error.
    Refused(Answer),
    /// The person said no, or the issuer did, on the way back to the app (RFC 6749 §4.1.2.1).
    Declined { error: String, description: String },
    /// Something does not fit, so nothing is done.
    Wrong(&'static str),
}

impl From<NoRandomness> for Trouble {
    fn from(_: NoRandomness) -> Trouble {
        Trouble::Wrong("The system gives no random bytes")
    }
}

#[derive(Template)]
#[template(path = "trouble.html")]
struct TroublePage {
    title: &'static str,
    heading: &'static str,
    sentence: String,
    answer: Option<String>,
}

impl IntoResponse for Trouble {
    fn into_response(self) -> Response {
        let (status, page) = match self {
            Trouble::Declined { error, description } => (
                StatusCode::OK,
                TroublePage {
                    title: "Not signed in",
                    heading: "You are not signed in",
                    sentence: if error == "access_denied" {
                        "You said no, and Notes learned nothing but that. Nothing is remembered: you can be asked again.".to_owned()
                    } else {
                        "Procura sent you back without a code.".to_owned()
                    },
                    answer: Some(serde_json::json!({ "error": error, "error_description": description }).to_string()),
                },
            ),
            Trouble::Refused(answer) => (
                StatusCode::BAD_GATEWAY,
                TroublePage {
                    title: "Refused",
                    heading: "Procura refused",
                    sentence: format!(
                        "It answered {}. An app ends its session here and lets the person sign in again.",
                        answer.status
                    ),
                    answer: Some(answer.pretty()),
                },
            ),
            Trouble::Unreachable(why) => (
                StatusCode::BAD_GATEWAY,
                TroublePage {
                    title: "No answer",
                    heading: "Procura did not answer",
                    sentence: "Is the demo still running?".to_owned(),
                    answer: Some(why),
                },
            ),
            Trouble::Wrong(why) => (
                StatusCode::BAD_REQUEST,
                TroublePage {
                    title: "Not signed in",
                    heading: "Notes did not accept that",
                    sentence: format!("{why}. Start again with the button below."),
                    answer: None,
                },
            ),
        };
        page::show(status, &page, "")
    }
}
