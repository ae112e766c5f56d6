//! The same questions and answers inside an app's page (`browser-sdk.md` 2.7, seed 001): a gate in the frame, a popup behind it, and
//! the answer as a message instead of a redirect.
//!
//! Promise: a framed answer holds no form. Only the app's own origins may frame it or hear it (threats 103, 138); the form comes
//! by a fetch of our own script, once the browser has proven that the person sees it.

use super::authorize::questions::{self, Desk};
use super::authorize::{self, Decision};
use crate::app::App;
use crate::edge::address::Query;
use crate::edge::faults::PageError;
use crate::edge::form::{fields, is_from_our_page, not_whole};
use crate::edge::page::{self, PageResult};
use crate::edge::session::{self, Signed};
use crate::views::{Gate, GateQuestion, Relay, Who};
use axum::body::Body;
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{IntoResponse, Response};
use base::RedirectUri;
use base::Secret;
use oauth::app::App as Client;
use oauth::ask::{Answer, Asked, Proposal, check};
use oauth::interaction::{Interaction, Step, Withheld};
use serde::Deserialize;
use serde_json::{Value, json};
use std::sync::Arc;

const FORM_BYTES: usize = 64 << 10;

/// True when the request came for a frame. A top-level window with `embed=1` is a popup of the app's.
pub(super) fn is_framed(asked: &Asked, headers: &HeaderMap) -> bool {
    let destination = headers.get("sec-fetch-dest").and_then(|value| value.to_str().ok());
    asked.embed.is_some() && matches!(destination, Some("iframe" | "frame"))
}

/// The id under which gate and popup know a stored request: it opens nothing.
fn relay_id(number: i64) -> String {
    format!("{number:016x}")
}

/// The answer as a message to whoever waits for it.
pub(super) async fn tell(app: &App, asked: &Asked, number: Option<i64>, answer: &Answer) -> PageResult {
    let client = client(app, asked).await?;
    let field = |name: &str| answer.fields.iter().find(|(own, _)| *own == name).map(|(_, value)| value.as_str());
    let message = match field("error") {
        None => json!({ "type": "ave:success", "payload": { "redirectUrl": answer.location() } }),
        Some(error) => {
            let payload = json!({ "error": error, "message": field("error_description"), "state": field("state") });
            json!({ "type": "ave:error", "payload": payload })
        }
    };
    let relay = number.filter(|_| asked.embed_relay.is_some());
    relay_page(app, &client, &answer.redirect, &message, relay, answer.location())
}

fn relay_page(
    app: &App,
    client: &Client,
    redirect: &RedirectUri,
    message: &Value,
    relay: Option<i64>,
    next: String,
) -> PageResult {
    let view = Relay {
        frame: page::frame(app),
        message: message.to_string(),
        origins: origins(client, redirect),
        relay_id: relay.map(relay_id),
        next: relay.is_none().then_some(next),
    };
    Ok(framed(client, redirect, page::show(&view)?))
}

/// The gate: what is asked (`may_ask`: in the frame itself too, once it is seen), and one button that opens it in a window of our own.
pub(super) async fn gate(app: &App, proposal: &Proposal, fields: &[(String, String)], may_ask: bool) -> PageResult {
    let mut kept: Vec<(String, String)> = own_fields(fields);
    kept.push(("embed".to_owned(), "1".to_owned()));
    kept.push(("embed_relay".to_owned(), "1".to_owned()));
    let flow = app.oauth.keep_request(kept).await?;
    let flow = flow.reveal();
    let stored = app.oauth.find_request(flow).await?.ok_or_else(PageError::not_found)?;
    let may_ask_here = may_ask && !proposal.app.is_quick();
    let question = match &proposal.connector {
        None => GateQuestion::SignIn,
        Some(connector) => GateQuestion::Connect(authorize::who(&connector.owner)),
    };
    let who: Who = authorize::who_at(&proposal.app, &proposal.redirect);
    let path = if proposal.connector.is_some() { "/connect" } else { "/signin" };
    let query = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(own_fields(fields)).finish();
    let view = Gate {
        frame: page::frame(app),
        app: who,
        question,
        relay_url: format!("/signin?flow={flow}"),
        relay_id: relay_id(stored.number),
        origins: origins(&proposal.app, &proposal.redirect),
        top_url: app.url(&format!("{path}?{query}")),
        consent_url: may_ask_here.then(|| format!("/signin/embed/question?flow={flow}")),
    };
    Ok(framed(&proposal.app, &proposal.redirect, page::show(&view)?))
}

/// The request without what is about the frame alone.
fn own_fields(fields: &[(String, String)]) -> Vec<(String, String)> {
    let is_own = |name: &str| !matches!(name, "embed" | "embed_relay" | "theme" | "parent_origin");
    fields.iter().filter(|(name, _)| is_own(name)).cloned().collect()
}

async fn client(app: &App, asked: &Asked) -> Result<Arc<Client>, PageError> {
    let id = asked.client_id.as_deref().unwrap_or_default();
    app.oauth.app(id).await?.ok_or_else(PageError::not_found)
}

/// Who may frame the page and hear its answer: the app's origins, from its registration, and that of the redirect URI, which has
/// been admitted (in development mode it need not be registered).
fn origins(client: &Client, redirect: &RedirectUri) -> Vec<String> {
    let mut origins = client.origins();
    origins.extend(redirect.origin().filter(|origin| !client.origins().contains(origin)));
    origins.iter().map(|origin| origin.as_str().to_owned()).collect()
}

/// Lets the app's own pages frame the answer, and nobody else's.
fn framed(client: &Client, redirect: &RedirectUri, mut response: Response) -> Response {
    let ancestors = origins(client, redirect);
    let headers = response.headers_mut();
    let policy = headers.get(header::CONTENT_SECURITY_POLICY).and_then(|policy| policy.to_str().ok());
    let allowed = format!("frame-ancestors {}", ancestors.join(" "));
    let policy = policy.unwrap_or_default().replace("frame-ancestors 'none'", &allowed);
    if let Ok(policy) = HeaderValue::from_str(&policy) {
        headers.insert(header::CONTENT_SECURITY_POLICY, policy);
    }
    response
}

#[derive(Deserialize)]
pub struct Asking {
    flow: String,
    identity: Option<String>,
}

/// `POST /signin/embed/question?flow=`: the form for a gate that is proven to be seen, as a piece of HTML with a CSRF token of its
/// own. The gate's script alone may ask for it.
pub async fn question(State(app): State<App>, headers: HeaderMap, Query(asking): Query<Asking>) -> PageResult {
    let is_script = headers.contains_key("x-procura-embed") && is_from_our_page(&app, &headers);
    if !is_script {
        return Err(PageError::stale_form());
    }
    let (interaction, proposal) = stored(&app, &asking.flow).await?;
    let signed = session::in_frame(&app, &headers).await?.ok_or_else(PageError::stale_form)?;
    let signer = authorize::signer(&app, &signed).await?;
    let began = Some(interaction.began_at);
    let step = app.oauth.next_step(&proposal, Some(&signer), began, asking.identity.as_deref()).await?;
    // An address can only be added in a window of our own.
    let Step::Ask(ask) = step else { return Err(PageError::stale_form()) };
    if ask.withheld == Withheld::Email {
        return Err(PageError::stale_form());
    }
    let question = questions::question(&app, &proposal, &ask, &Desk::frame(&asking.flow, &signed)).await?;
    Ok(fragment(&question.html()?))
}

/// The form of a page and the words around it.
fn fragment(html: &str) -> Response {
    let start = html.find("<main").and_then(|at| html.get(at..)?.find('>').map(|end| at + end + 1));
    let end = html.find("</main>");
    let inner = start.zip(end).and_then(|(start, end)| html.get(start..end)).unwrap_or_default();
    // The frame itself leads nowhere else.
    let inner = inner.replace("href=\"/account/", "target=\"_blank\" rel=\"noopener\" href=\"/account/");
    let kind = [(header::CONTENT_TYPE, HeaderValue::from_static("text/html; charset=utf-8"))];
    (kind, format!("<div class=\"stack\">{inner}</div>")).into_response()
}

async fn stored(app: &App, flow: &str) -> Result<(Interaction, Proposal), PageError> {
    let interaction = app.oauth.find_request(flow).await?.ok_or_else(authorize::over)?;
    if interaction.asked.embed_relay.is_none() {
        return Err(PageError::stale_form());
    }
    let proposal = check(&app.oauth, &interaction.asked).await.map_err(|_| authorize::over())?;
    // An unregistered app never gets a form inside its own page (threat 10).
    if proposal.app.is_quick() { Err(PageError::stale_form()) } else { Ok((interaction, proposal)) }
}

/// `POST /signin/embed/decision`: Allow or Deny, pressed inside the frame.
pub async fn decide(State(app): State<App>, request: Request) -> PageResult {
    let (signed, decision) = read(&app, request).await?;
    let (interaction, proposal) = stored(&app, &decision.flow).await?;
    let answer = authorize::answer(&app, &signed, &interaction, &proposal, &decision).await?;
    match answer {
        Some(answer) => tell(&app, &interaction.asked, Some(interaction.number), &answer).await,
        // A proof that only a window of our own can take.
        None => Err(PageError::stale_form()),
    }
}

/// A form that our own script put into our own frame: from our page, for a frame, with the token of the session that frames see.
async fn read(app: &App, request: Request) -> Result<(Signed, Decision), PageError> {
    let (parts, body): (_, Body) = request.into_parts();
    let destination = parts.headers.get("sec-fetch-dest").and_then(|value| value.to_str().ok());
    let is_ours = is_from_our_page(app, &parts.headers) && matches!(destination, Some("iframe" | "frame"));
    let signed = session::in_frame(app, &parts.headers).await?;
    let Some(signed) = signed.filter(|_| is_ours) else { return Err(PageError::stale_form()) };
    let bytes = crate::edge::body::whole(body, FORM_BYTES).await.map_err(not_whole)?;
    let fields = fields(&bytes).ok_or_else(PageError::stale_form)?;
    let sent = fields.get("csrf").and_then(Value::as_str).unwrap_or_default();
    if !Secret::new(signed.csrf.clone()).is_same(&Secret::new(sent)) {
        return Err(PageError::stale_form());
    }
    let decision = serde_json::from_value(Value::Object(fields)).map_err(|_| PageError::stale_form())?;
    Ok((signed, decision))
}
