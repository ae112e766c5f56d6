//! What a caller sees when something is refused or breaks: a page for people, JSON for scripts of our own pages.
//!
//! Promise: a fault is logged once, here, with the request id; its text never leaves the server (threat 186).

use crate::app::App;
use crate::edge::limit::TooMany;
use crate::edge::page;
use crate::edge::request::{self, RequestId};
use crate::views::{Link, Moved, Oops};
use axum::extract::{Request, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base::Fault;
use base::fault::FaultKind;
use serde_json::json;

/// What became of a fault on its way out.
fn logged(fault: &Fault) -> StatusCode {
    tracing::error!(request_id = %request::current_id(), "{fault}");
    match fault.kind() {
        FaultKind::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
        FaultKind::Broken | FaultKind::Clash | FaultKind::Again => StatusCode::INTERNAL_SERVER_ERROR,
    }
}

/// The status of a fault, after logging it: for the faces that render themselves.
pub fn status_of(fault: &Fault) -> StatusCode {
    logged(fault)
}

/// A page that says what happened and what to do. Rendered by [`render`], which knows host and request id.
#[derive(Debug, Clone)]
pub struct PageError(Box<Said>);

#[derive(Debug, Clone)]
struct Said {
    status: StatusCode,
    what: String,
    remedy: String,
    action: Option<Link>,
    detail: Option<String>,
    onward: Option<String>,
    retry_after_secs: Option<u64>,
}

impl PageError {
    /// What happened, then what to do about it.
    pub fn new(status: StatusCode, what: impl Into<String>, remedy: impl Into<String>) -> PageError {
        PageError(Box::new(Said {
            status,
            what: what.into(),
            remedy: remedy.into(),
            action: None,
            detail: None,
            onward: None,
            retry_after_secs: None,
        }))
    }

    /// Something of ours broke.
    pub fn fault(fault: &Fault) -> PageError {
        let status = logged(fault);
        if status == StatusCode::SERVICE_UNAVAILABLE {
            return PageError::new(
                status,
                "The server can’t reach its data right now.",
                "Try again in a minute. Nothing was lost.",
            );
        }
        PageError::new(
            status,
            "Something broke on our side.",
            "Try again. If it happens again, tell the people who run this server the number below.",
        )
    }

    /// What `people` refused, in its own words.
    pub fn people(error: people::Error) -> PageError {
        match error {
            people::Error::Fault(fault) => PageError::fault(&fault),
            people::Error::Refused(refusal) => {
                PageError::new(StatusCode::BAD_REQUEST, "That didn’t work.", refusal.sentence)
                    .with_action("Start page", "/")
            }
        }
    }

    /// Too many requests from one source.
    pub fn too_many(too_many: TooMany) -> PageError {
        let wait = format!("Wait {} seconds and try again.", too_many.retry_after_secs);
        let mut error = PageError::new(StatusCode::TOO_MANY_REQUESTS, "That was too often in a short time.", wait);
        error.0.retry_after_secs = Some(too_many.retry_after_secs);
        error
    }

    /// Nothing is here, or it is not theirs to see.
    pub fn not_found() -> PageError {
        PageError::new(
            StatusCode::NOT_FOUND,
            "There is nothing at this address.",
            "Check the address, or go to the start page.",
        )
        .with_action("Start page", "/")
    }

    /// A form that was not sent from our own page, or from one that is too old.
    pub fn stale_form() -> PageError {
        PageError::new(
            StatusCode::FORBIDDEN,
            "This form is no longer valid.",
            "Go back, load the page again and send it once more. If you did not send it, nothing was changed.",
        )
    }

    /// Redirects instead of showing a page (nobody is signed in, for example).
    pub fn onward(path: impl Into<String>) -> PageError {
        let mut error = PageError::new(StatusCode::SEE_OTHER, "", "");
        error.0.onward = Some(path.into());
        error
    }

    /// The one thing to do on the page.
    pub fn with_action(mut self, text: &str, url: &str) -> PageError {
        self.0.action = Some(Link::new(text, url));
        self
    }

    /// A line for whoever builds the app, in the RFC's words.
    pub fn with_detail(mut self, detail: impl Into<String>) -> PageError {
        self.0.detail = Some(detail.into());
        self
    }

    /// The page for a request that came to another loopback name than the issuer's.
    pub fn moved(app: &App, path: &str) -> Response {
        let view = Moved { frame: page::frame(app), here: "this address".to_owned(), there: app.url(path) };
        page::show_with(StatusCode::MISDIRECTED_REQUEST, &view, None).unwrap_or_else(IntoResponse::into_response)
    }
}

impl IntoResponse for PageError {
    fn into_response(self) -> Response {
        if let Some(path) = &self.0.onward {
            return page::go(path);
        }
        // Readable even where the rendering layer is missing.
        let mut response = (self.0.status, format!("{} {}\n", self.0.what, self.0.remedy)).into_response();
        if let Some(secs) = self.0.retry_after_secs {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from(secs));
        }
        response.extensions_mut().insert(self);
        response
    }
}

/// Turns a [`PageError`] into its page, and an answer that is empty because no route matched into "nothing here".
pub async fn render(State(app): State<App>, id: RequestId, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let Some(PageError(error)) = response.extensions_mut().remove::<PageError>() else { return response };
    let view = Oops {
        frame: page::frame(&app),
        what: error.what,
        remedy: error.remedy,
        action: error.action,
        request_id: id.0,
        detail: error.detail,
    };
    let Ok(mut shown) = page::show_with(error.status, &view, None) else { return response };
    for (name, value) in response.headers() {
        if !matches!(*name, header::CONTENT_TYPE | header::CONTENT_LENGTH) {
            shown.headers_mut().insert(name.clone(), value.clone());
        }
    }
    shown
}

/// A refusal for a script of our own pages: `{"error": code, "message": sentence}` (`identity-wire.md` section 0).
#[derive(Debug)]
pub struct ApiError {
    pub status: StatusCode,
    pub code: &'static str,
    pub message: String,
}

impl ApiError {
    pub fn new(status: StatusCode, code: &'static str, message: impl Into<String>) -> ApiError {
        ApiError { status, code, message: message.into() }
    }

    /// Too many requests from one source.
    pub fn too_many(_: TooMany) -> ApiError {
        ApiError::new(StatusCode::TOO_MANY_REQUESTS, "rate_limit_exceeded", "ask again in a moment")
    }

    /// What the vault refused.
    pub fn vault(error: vault::Error) -> ApiError {
        match error {
            vault::Error::Fault(fault) => fault.into(),
            vault::Error::Refused(refusal) => {
                let status = StatusCode::from_u16(refusal.code.status()).unwrap_or(StatusCode::BAD_REQUEST);
                ApiError::new(status, refusal.code.as_str(), refusal.message)
            }
        }
    }

    /// Nobody is signed in.
    pub fn unauthorized() -> ApiError {
        ApiError::new(StatusCode::UNAUTHORIZED, "Unauthorized", "sign in first")
    }

    /// The deed needs an authentication within the last five minutes.
    pub fn step_up_required() -> ApiError {
        ApiError::new(StatusCode::FORBIDDEN, "step_up_required", "confirm with your passkey first")
    }

    /// Nothing is here, or it is not theirs.
    pub fn not_found() -> ApiError {
        ApiError::new(StatusCode::NOT_FOUND, "Not Found", "there is nothing at this address")
    }
}

impl From<Fault> for ApiError {
    fn from(fault: Fault) -> ApiError {
        ApiError::new(logged(&fault), "Internal Server Error", "something broke on our side; try again")
    }
}

impl IntoResponse for ApiError {
    fn into_response(self) -> Response {
        let mut response =
            (self.status, axum::Json(json!({ "error": self.code, "message": self.message }))).into_response();
        if self.status == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("5"));
        }
        response
    }
}
