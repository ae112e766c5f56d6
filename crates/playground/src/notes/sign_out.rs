//! Signing out, of this app and of the issuer (OpenID Connect RP-Initiated Logout §2).

use super::session::Visit;
use super::tour::Step;
use super::{Notes, Trouble};
use axum::Extension;
use axum::extract::State;
use axum::response::Redirect;
use url::Url;

/// `POST /sign-out`
pub(crate) async fn start(State(notes): State<Notes>, Extension(visit): Extension<Visit>) -> Result<Redirect, Trouble> {
    let mut kept = visit.kept.lock().await;
    let Some(signed_in) = kept.signed_in.take() else { return Ok(Redirect::to("/")) };
    (kept.refreshed, kept.accounts) = (None, super::accounts::Seen::default());
    // The refresh token would outlive the sign-out, since it stands for “stay signed in”. This app has no more use for it.
    if let Some(token) = &signed_in.tokens.refresh_token {
        let (id, secret) = (&notes.settings.client_id, &notes.settings.client_secret);
        notes.issuer.revoke(&[("token", token), ("client_id", id), ("client_secret", secret)]).await?;
    }
    // The hint tells the issuer which session this app means, so that it need not ask.
    let back = format!("{}/signed-out", notes.settings.origin);
    let hint = signed_in.tokens.id_token.unwrap_or_default();
    let query = [("id_token_hint", hint.as_str()), ("post_logout_redirect_uri", &back)];
    let endpoint = &notes.issuer.metadata().await?.end_session_endpoint;
    let url =
        Url::parse_with_params(endpoint, query).map_err(|_| Trouble::Wrong("The issuer's address is not a URL"))?;
    Ok(Redirect::to(url.as_str()))
}

/// `GET /signed-out`: the issuer is done and sends the browser back.
pub(crate) async fn finish(Extension(visit): Extension<Visit>) -> Redirect {
    let mut kept = visit.kept.lock().await;
    kept.done.insert(Step::SignOut);
    Redirect::to(&kept.tour())
}
