//! Redirect URIs, judged while they are typed.

use crate::app::App;
use crate::edge::address::Query;
use crate::edge::faults::ApiError;
use crate::edge::session::ApiSigned;
use axum::Json;
use axum::extract::State;
use base::RedirectUri;
use serde::Deserialize;
use serde_json::{Value, json};

#[derive(Deserialize)]
pub(super) struct Asked {
    #[serde(default)]
    uri: String,
}

/// `GET /developers/check-redirect`
pub(super) async fn check(
    State(_): State<App>,
    _: ApiSigned,
    Query(asked): Query<Asked>,
) -> Result<Json<Value>, ApiError> {
    let (is_ok, message) = judge(asked.uri.trim());
    Ok(Json(json!({ "ok": is_ok, "message": message })))
}

fn judge(uri: &str) -> (bool, String) {
    match RedirectUri::register(uri) {
        Err(bad) => {
            let sentence = bad.to_string();
            let mut letters = sentence.chars();
            let first: String = letters.next().map(|first| first.to_uppercase().collect()).unwrap_or_default();
            (false, format!("{first}{}.", letters.as_str()))
        }
        Ok(_) if uri.starts_with("https://") => (true, "Good. Every byte counts, a last slash too.".to_owned()),
        Ok(_) if uri.starts_with("http://") => (true, "Good for this computer; others need https.".to_owned()),
        Ok(_) => (true, "Good for an app on a device that has claimed this scheme.".to_owned()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_mistake_has_its_sentence() {
        assert_eq!(judge("https://a.test/cb").1, "Good. Every byte counts, a last slash too.");
        assert_eq!(judge("https://*.a.test/cb"), (false, "* is never interpreted: register each address.".to_owned()));
        assert_eq!(judge("javascript:alert(1)").1.split(',').next(), Some("Use https"));
        assert!(!judge("").0 && judge("com.example.app:/cb").0 && judge("http://127.0.0.1:3000/cb").0);
    }
}
