//! `/signin` (alias `/authorize`) and `/connect`: the request, the question, the answer (RFC 6749 §3.1, OIDC Core §3.1.2).
//!
//! Until client and redirect URI are proven every error is a page of ours, never a redirect.

pub(crate) mod account;
pub(super) mod connect;
pub(super) mod questions;

use crate::app::App;
use crate::edge::body::pairs;
use crate::edge::faults::PageError;
use crate::edge::flow::FlowCookie;
use crate::edge::form::Form;
use crate::edge::limit::Gate;
use crate::edge::page::{self, PageResult};
use crate::edge::request::Source;
use crate::edge::session::{self, MaybeSigned, Signed};
use crate::oauth::embed;
use crate::views::{FormPost, Link, Name, Who};
use account::Waiting;
use axum::body::to_bytes;
use axum::extract::{RawQuery, Request, State};
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse, Redirect};
use base::entropy::draw;
use base::{RedirectUri, digest::hex};
use ledger::Presence;
use oauth::ask::{Answer, Asked, Halt, Proposal, ResponseMode, check};
use oauth::interaction::{Interaction, Step};
use oauth::{Persona, Signer};
use questions::Desk;
use serde::Deserialize;

const QUERY_BYTES: usize = 16 << 10;

/// `GET /signin`: a new request, or `?flow=` a stored one that goes on.
pub async fn open(
    State(app): State<App>,
    source: Source,
    headers: HeaderMap,
    MaybeSigned(signed): MaybeSigned,
    RawQuery(query): RawQuery,
) -> PageResult {
    let fields = read_query(&app, source, query.as_deref().unwrap_or_default())?;
    if let Some((_, flow)) = fields.iter().find(|(name, _)| name == "flow") {
        let chosen = fields.iter().find(|(name, _)| name == "identity").map(|(_, identity)| identity.as_str());
        let interaction = app.oauth.find_request(flow).await?.ok_or_else(over)?;
        return go_on(&app, signed.as_ref(), Some((flow, &interaction)), &interaction.asked, chosen, &fields).await;
    }
    let asked = Asked::from_pairs(&fields);
    begin(&app, signed, &headers, &asked, &fields).await
}

/// `GET /connect`: a request for what another app offers (seed 000). It goes on as any other.
pub async fn connect(
    State(app): State<App>,
    source: Source,
    headers: HeaderMap,
    MaybeSigned(signed): MaybeSigned,
    RawQuery(query): RawQuery,
) -> PageResult {
    let fields = read_query(&app, source, query.as_deref().unwrap_or_default())?;
    let asked = Asked { needs_resource: true, ..Asked::from_pairs(&fields) };
    begin(&app, signed, &headers, &asked, &fields).await
}

/// A request that has just arrived, for a window or for a frame in an app's page.
async fn begin(
    app: &App,
    signed: Option<Signed>,
    headers: &HeaderMap,
    asked: &Asked,
    fields: &[(String, String)],
) -> PageResult {
    if !embed::is_framed(asked, headers) {
        return go_on(app, signed.as_ref(), None, asked, None, fields).await;
    }
    let proposal = match check(&app.oauth, asked).await {
        Ok(proposal) => proposal,
        Err(halt) => return render_halt(app, asked, None, halt).await,
    };
    let signed = session::in_frame(app, headers).await?;
    let signer = match &signed {
        Some(signed) => Some(signer(app, signed).await?),
        None => None,
    };
    match app.oauth.next_step(&proposal, signer.as_ref(), None, None).await? {
        Step::Answer(answer) => embed::tell(app, asked, None, &answer).await,
        Step::NoSilence => Err(no_silence(&proposal)),
        step => embed::gate(app, &proposal, fields, signed.is_some() && matches!(step, Step::Ask(_))).await,
    }
}

/// `POST /signin`: a cross-site POST carries no Lax cookie, so the request is stored and goes on as a GET (`product.md` section 2).
pub async fn open_by_post(State(app): State<App>, source: Source, request: Request) -> PageResult {
    by_post(app, source, request, false).await
}

/// `POST /connect`, as [`open_by_post`].
pub async fn connect_by_post(State(app): State<App>, source: Source, request: Request) -> PageResult {
    by_post(app, source, request, true).await
}

async fn by_post(app: App, source: Source, request: Request, needs_resource: bool) -> PageResult {
    let (parts, body) = request.into_parts();
    let kind = parts.headers.get(header::CONTENT_TYPE).and_then(|kind| kind.to_str().ok()).unwrap_or_default();
    if kind.split(';').next().unwrap_or_default().trim() != "application/x-www-form-urlencoded" {
        return Err(unreadable("send the request as application/x-www-form-urlencoded"));
    }
    let bytes = to_bytes(body, QUERY_BYTES).await.map_err(|_| unreadable("the request is too large"))?;
    let text = String::from_utf8(bytes.to_vec()).map_err(|_| unreadable("the request is not UTF-8"))?;
    let fields = read_query(&app, source, &text)?;
    // Proven now, so that a broken request is told at once and nothing of it is kept.
    let asked = Asked { needs_resource, ..Asked::from_pairs(&fields) };
    if let Err(halt) = check(&app.oauth, &asked).await {
        return render_halt(&app, &asked, None, halt).await;
    }
    let flow = app.oauth.keep_request(without_relay(&fields)).await?;
    Ok(page::go(&format!("/signin?flow={}", flow.reveal())))
}

/// What was decided.
#[derive(Deserialize)]
pub struct Decision {
    pub(super) flow: String,
    /// `allow` or `deny`.
    #[serde(rename = "decision")]
    answer: String,
    #[serde(default)]
    identity: String,
    /// `using` or `away`, where the page asked when.
    when: Option<String>,
    /// The account that it is about, for a resource that is one elsewhere; `new` links another.
    connection: Option<String>,
}

impl Decision {
    fn presence(&self) -> Result<Option<Presence>, PageError> {
        match self.when.as_deref() {
            None => Ok(None),
            Some("using") => Ok(Some(Presence::UserPresent)),
            Some("away") => Ok(Some(Presence::Background)),
            Some(_) => Err(unreadable("when must be using or away")),
        }
    }
}

/// `POST /signin/decision`: Allow or Deny. The form names a stored request; everything else is read from there.
pub async fn decide(
    State(app): State<App>,
    signed: Signed,
    cookie: FlowCookie,
    Form(form): Form<Decision>,
) -> PageResult {
    let interaction = app.oauth.find_request(&form.flow).await?.ok_or_else(over)?;
    let proposal = match check(&app.oauth, &interaction.asked).await {
        Ok(proposal) => proposal,
        Err(halt) => return render_halt(&app, &interaction.asked, Some(interaction.number), halt).await,
    };
    if let Some(url) = account::must_link(&app, &signed, &proposal, &form, &cookie.browser).await? {
        return Ok(cookie.on(Redirect::to(&url).into_response()));
    }
    settle(&app, &signed, &interaction, &proposal, &form).await
}

async fn settle(
    app: &App,
    signed: &Signed,
    interaction: &Interaction,
    proposal: &Proposal,
    form: &Decision,
) -> PageResult {
    match answer(app, signed, interaction, proposal, form).await? {
        Some(answer) => render_answer(app, &interaction.asked, Some(interaction.number), &answer).await,
        None => Ok(page::go(&login_path(&form.flow, true, None))),
    }
}

/// Goes on with what was allowed before an account was linked for it. The link proved browser and person.
pub(crate) async fn go_on_with(
    app: &App,
    signed: &Signed,
    waiting: Waiting,
    connection: &base::ConnectionId,
) -> PageResult {
    let interaction = app.oauth.find_request(&waiting.flow).await?.ok_or_else(over)?;
    let proposal = match check(&app.oauth, &interaction.asked).await {
        Ok(proposal) => proposal,
        Err(halt) => return render_halt(app, &interaction.asked, Some(interaction.number), halt).await,
    };
    let form = Decision {
        flow: waiting.flow,
        answer: "allow".to_owned(),
        identity: waiting.identity,
        when: waiting.when,
        connection: Some(connection.as_str().to_owned()),
    };
    settle(app, signed, &interaction, &proposal, &form).await
}

/// What a decision yields; nothing when the request asks for more than a session first: a sign-in since then, a passkey, one
/// certain person.
pub(super) async fn answer(
    app: &App,
    signed: &Signed,
    interaction: &Interaction,
    proposal: &Proposal,
    form: &Decision,
) -> Result<Option<Answer>, PageError> {
    let signer = signer(app, signed).await?;
    let answer = match form.answer.as_str() {
        "deny" => app.oauth.deny(interaction, proposal, &signer).await?,
        "allow" => {
            let began = Some(interaction.began_at);
            let step = app.oauth.next_step(proposal, Some(&signer), began, Some(&form.identity)).await?;
            if matches!(step, Step::SignIn { .. }) {
                return Ok(None);
            }
            let connection = match proposal.connector.as_ref().filter(|asked| asked.resource.is_vault()) {
                None => None,
                Some(asked) => {
                    let identity = base::IdentityId::from_text(form.identity.as_str());
                    let accounts = account::accounts(app, asked, signed, &identity).await?;
                    match account::chosen(&accounts, form) {
                        Some(connection) => Some(connection),
                        // It has to be linked first, on a page of our own.
                        None => return Ok(None),
                    }
                }
            };
            let presence = form.presence()?;
            app.oauth.approve(interaction, proposal, &signer, &form.identity, presence, connection).await?
        }
        _ => return Err(unreadable("decision must be allow or deny")),
    };
    answer.map(Some).ok_or_else(over)
}

async fn go_on(
    app: &App,
    signed: Option<&Signed>,
    stored: Option<(&str, &Interaction)>,
    asked: &Asked,
    chosen: Option<&str>,
    fields: &[(String, String)],
) -> PageResult {
    let proposal = match check(&app.oauth, asked).await {
        Ok(proposal) => proposal,
        Err(halt) => return render_halt(app, asked, stored.map(|(_, kept)| kept.number), halt).await,
    };
    let signer = match signed {
        Some(signed) => Some(signer(app, signed).await?),
        None => None,
    };
    let began_at = stored.map(|(_, interaction)| interaction.began_at);
    let step = app.oauth.next_step(&proposal, signer.as_ref(), began_at, chosen).await?;
    if let Step::Answer(answer) = &step {
        return render_answer(app, asked, stored.map(|(_, kept)| kept.number), answer).await;
    }
    if matches!(step, Step::NoSilence) {
        return Err(no_silence(&proposal));
    }
    let flow = match stored {
        Some((flow, _)) => flow.to_owned(),
        None => app.oauth.keep_request(without_relay(fields)).await?.reveal().to_owned(),
    };
    match (step, signed) {
        (Step::Ask(ask), Some(signed)) => {
            questions::question(app, &proposal, &ask, &Desk::page(&flow, signed)).await?.show()
        }
        (Step::SignIn { again }, _) => Ok(page::go(&login_path(&flow, again, proposal.login_hint.as_deref()))),
        _ => Ok(page::go(&login_path(&flow, false, None))),
    }
}

fn login_path(flow: &str, again: bool, hint: Option<&str>) -> String {
    let again = if again { "&again=1" } else { "" };
    let hint = hint.map(|hint| {
        format!("&login_hint={}", url::form_urlencoded::byte_serialize(hint.as_bytes()).collect::<String>())
    });
    format!("/login?return_to=%2Fsignin%3Fflow%3D{flow}{again}{}", hint.unwrap_or_default())
}

/// The app that a sign-in page leads on to, from the path it returns to.
pub async fn continuing(app: &App, return_to: &str) -> Option<Who> {
    let flow = return_to.strip_prefix("/signin?flow=")?.split('&').next()?;
    let interaction = app.oauth.find_request(flow).await.ok()??;
    let client = app.oauth.app(interaction.asked.client_id.as_deref()?).await.ok()??;
    // Kept requests were checked, so this redirect URI is one that the app may use.
    Some(who_at(&client, &RedirectUri::sent(interaction.asked.redirect_uri.as_deref()?)))
}

/// The app that asks, with the host that this answer will go to: an app may have registered a host that is better known (threat 53).
pub(super) fn who_at(client: &oauth::app::App, redirect: &RedirectUri) -> Who {
    who_on(client, &redirect.host())
}

/// An app as a page shows it: the name it gave, and the host of its registration.
pub fn who(client: &oauth::app::App) -> Who {
    who_on(client, &client.host())
}

fn who_on(client: &oauth::app::App, host: &str) -> Who {
    Who::app(client.client_id(), &client.name, host, client.logo.as_ref().map(|logo| format!("/logos/{logo}")))
}

pub(super) async fn signer(app: &App, signed: &Signed) -> Result<Signer, PageError> {
    let identities = app.people.identities(&signed.session.account).await.map_err(PageError::people)?;
    Ok(Signer {
        account: signed.session.account.clone(),
        session: signed.session.grant.clone(),
        auth_time: signed.session.auth_time,
        amr: signed.session.amr.join(" "),
        acr: signed.session.acr.clone(),
        identities: identities
            .into_iter()
            .map(|identity| Persona {
                id: identity.id,
                handle: identity.handle,
                has_verified_email: identity.email.is_some(),
            })
            .collect(),
    })
}

/// Only a gate of ours may say that it waits.
fn without_relay(fields: &[(String, String)]) -> Vec<(String, String)> {
    fields.iter().filter(|(name, _)| name != "embed_relay").cloned().collect()
}

/// The answer: to the redirect URI, or as a message where an app shows us inside its page. `number` is that of the stored request.
async fn render_answer(app: &App, asked: &Asked, number: Option<i64>, answer: &Answer) -> PageResult {
    if asked.embed.is_some() {
        return embed::tell(app, asked, number, answer).await;
    }
    match answer.mode {
        ResponseMode::Query => Ok(page::go(&answer.location())),
        ResponseMode::FormPost => {
            let nonce = hex(&draw::<16>(app.seams.entropy())?);
            let view = FormPost {
                frame: page::frame(app),
                action: answer.redirect.as_str().to_owned(),
                host: answer.redirect.origin().map(|origin| origin.host().to_owned()).unwrap_or_default(),
                fields: answer.fields.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect(),
                nonce: nonce.clone(),
            };
            page::show_with(StatusCode::OK, &view, Some(&nonce))
        }
    }
}

async fn render_halt(app: &App, asked: &Asked, number: Option<i64>, halt: Halt) -> PageResult {
    match halt {
        Halt::Page(detail) => Err(unreadable(detail)),
        Halt::Answer(answer) => render_answer(app, asked, number, &answer).await,
        Halt::Fault(fault) => Err(fault.into()),
    }
}

fn read_query(app: &App, source: Source, query: &str) -> Result<Vec<(String, String)>, PageError> {
    app.limits.pass(Gate::Authorize, source, None).map_err(PageError::too_many)?;
    if query.len() > QUERY_BYTES {
        return Err(unreadable("the request is too large"));
    }
    pairs(query.as_bytes()).ok_or_else(|| unreadable("the request is not UTF-8"))
}

fn unreadable(detail: &'static str) -> PageError {
    PageError::new(
        StatusCode::BAD_REQUEST,
        "The app sent you here with a request that doesn’t work.",
        "Go back to the app and try again. If it happens again, tell the people who make it.",
    )
    .with_detail(detail)
}

pub(super) fn over() -> PageError {
    PageError::new(
        StatusCode::GONE,
        "This question has been answered, or has waited too long.",
        "Start again at the app you came from.",
    )
}

fn no_silence(proposal: &Proposal) -> PageError {
    let page = PageError::new(
        StatusCode::BAD_REQUEST,
        "This app asked to sign you in without showing you anything.",
        "An app that is not registered here may not do that. Open the app and sign in with its button.",
    )
    .with_detail("prompt=none is not available to unregistered clients");
    match proposal.app.website.as_deref() {
        Some(website) => page.with_action("Open the app", website),
        None => page,
    }
}

/// The link back to an app, where it has a website.
pub fn back_to(client: &oauth::app::App) -> Option<Link> {
    client.website.as_ref().map(|website| Link::new(format!("Back to {}", Name::new(&client.name)), website))
}
