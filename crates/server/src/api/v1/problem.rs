//! A refusal of the management API: `application/problem+json` (RFC 9457) with `code`, `request_id` and, for wrong fields, `errors`.

use crate::edge::faults;
use crate::edge::request::RequestId;
use axum::extract::Request;
use axum::http::{HeaderValue, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use base::Fault;
use oauth::app::{Complaint, Error};
use serde_json::{Value, json};

/// What happened, for a script and for whoever reads its log.
#[derive(Debug, Clone)]
pub struct Problem {
    status: StatusCode,
    code: &'static str,
    detail: String,
    errors: Vec<Complaint>,
}

impl Problem {
    /// A problem with a code from the closed list in the API's description.
    pub fn new(status: StatusCode, code: &'static str, detail: impl Into<String>) -> Problem {
        Problem { status, code, detail: detail.into(), errors: Vec::new() }
    }

    /// No operator token, or not a living one.
    pub fn unauthorized() -> Problem {
        let detail = "send a living operator token as a Bearer credential; `procura admin-token` makes one";
        Problem::new(StatusCode::UNAUTHORIZED, "unauthorized", detail)
    }

    /// Nothing is here.
    pub fn not_found() -> Problem {
        Problem::new(StatusCode::NOT_FOUND, "not_found", "there is nothing at this address")
    }

    /// The body or the query cannot be read.
    pub fn invalid_request(detail: impl Into<String>) -> Problem {
        Problem::new(StatusCode::BAD_REQUEST, "invalid_request", detail)
    }

    /// Fields are wrong; each is named.
    pub fn invalid_fields(errors: Vec<Complaint>) -> Problem {
        let problem = Problem::new(StatusCode::UNPROCESSABLE_ENTITY, "invalid_fields", "fields are wrong, see errors");
        Problem { errors, ..problem }
    }

    fn body(&self, request_id: &str) -> Value {
        let mut body = json!({
            "type": "about:blank",
            "title": self.status.canonical_reason(),
            "status": self.status.as_u16(),
            "code": self.code,
            "detail": self.detail,
            "request_id": request_id,
        });
        if !self.errors.is_empty()
            && let Some(members) = body.as_object_mut()
        {
            let one = |error: &Complaint| json!({ "field": error.field, "detail": error.sentence });
            members.insert("errors".to_owned(), self.errors.iter().map(one).collect());
        }
        body
    }
}

impl From<Fault> for Problem {
    fn from(fault: Fault) -> Problem {
        if fault.is_clash() {
            return Problem::new(StatusCode::CONFLICT, "conflict", "somebody else was faster; read again and repeat");
        }
        let status = faults::status_of(&fault);
        let code = if status == StatusCode::SERVICE_UNAVAILABLE { "unavailable" } else { "internal" };
        Problem::new(status, code, "something broke on our side; try again")
    }
}

impl From<Error> for Problem {
    fn from(error: Error) -> Problem {
        match error {
            Error::Complaints(complaints) => Problem::invalid_fields(complaints),
            Error::NotFound => Problem::not_found(),
            Error::Fault(fault) => fault.into(),
        }
    }
}

impl From<vault::Error> for Problem {
    fn from(error: vault::Error) -> Problem {
        let refusal = match error {
            vault::Error::Fault(fault) => return fault.into(),
            vault::Error::Refused(refusal) => refusal,
        };
        let field = refusal.extra.get("field").and_then(Value::as_str);
        match (refusal.code.status(), field) {
            (404, _) => Problem::not_found(),
            (400 | 422, Some(field)) => Problem::invalid_fields(vec![Complaint::about(field, refusal.message)]),
            (400 | 422, None) => Problem::invalid_request(refusal.message),
            // What an operator may do depends on nothing but what is there.
            _ => Problem::new(StatusCode::CONFLICT, "conflict", refusal.message),
        }
    }
}

impl IntoResponse for Problem {
    fn into_response(self) -> Response {
        let mut response = self.status.into_response();
        response.extensions_mut().insert(self);
        response
    }
}

/// Writes the document, which names the request.
pub async fn render(id: RequestId, request: Request, next: Next) -> Response {
    let mut response = next.run(request).await;
    let Some(problem) = response.extensions_mut().remove::<Problem>() else { return response };
    let mut response = (problem.status, axum::Json(problem.body(&id.0))).into_response();
    let headers = response.headers_mut();
    headers.insert(header::CONTENT_TYPE, HeaderValue::from_static("application/problem+json"));
    if problem.status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer realm=\"procura management\""));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn threat_186_a_fault_tells_nothing_of_what_broke() {
        let body = Problem::from(Fault::new("SELECT secret FROM apps: no such table")).body("r1").to_string();
        assert!(!body.contains("SELECT") && !body.contains("table") && !body.contains(".rs"), "{body}");
        assert!(body.contains("\"request_id\":\"r1\"") && body.contains("\"status\":500"));
    }

    #[test]
    fn wrong_fields_are_listed_by_name() {
        let body = Problem::invalid_fields(vec![Complaint::about("redirect_uris[1]", "use https")]).body("r1");
        assert_eq!(body["errors"], json!([{ "field": "redirect_uris[1]", "detail": "use https" }]));
        assert_eq!((&body["status"], &body["code"]), (&json!(422), &json!("invalid_fields")));
    }
}
