//! `/account`: who one is, how one signs in, who knows what, and how each of it ends. Every rule is the domain's.

mod access;
pub mod activity;
mod agents;
mod approvals;
mod calls;
mod codes;
pub(crate) mod connections;
mod data;
mod devices;
mod email;
pub mod home;
mod identities;
mod identity;
mod linked;
mod passkeys;
mod tokens;

use super::visitor::with_way;
use crate::app::App;
use crate::edge::page;
use crate::edge::session::Signed;
use crate::views::account::{AccountHolder, AccountTab};
use crate::views::{Frame, Name, Rail};
use axum::Router;
use axum::extract::DefaultBodyLimit;
use axum::response::Response;
use axum::routing::{get, post};
use people::identity::Identity;
use serde::Deserialize;

/// A picture and the form around it.
const UPLOAD_BYTES: usize = people::identity::picture::MOST_BYTES + (16 << 10);

/// The routes of the place.
pub fn router() -> Router<App> {
    let identity = "/account/identities/{id}";
    Router::new()
        .route("/account", get(home::show))
        .route("/account/access", get(access::show))
        .route("/account/access/{id}/end", get(access::ask).post(access::end))
        .route("/account/connections", get(connections::show))
        .route("/account/connections/{id}/repair", post(connections::repair))
        .route("/account/connections/{id}/end", get(connections::ask).post(connections::end))
        .route("/account/calls", get(calls::show))
        .route("/account/agents", get(agents::show))
        .route("/account/agents/{id}/end", get(agents::ask).post(agents::end))
        .route("/account/tokens", get(tokens::show).post(tokens::make))
        .route("/account/tokens/{id}/end", post(tokens::end))
        .route("/account/approvals", get(approvals::list))
        .route("/account/approvals/{id}", get(approvals::show).post(approvals::decide))
        .route("/api/approvals/{id}/start", post(approvals::start))
        .route("/api/approvals/{id}/approve", post(approvals::approve))
        .route("/account/activity", get(activity::show))
        .route("/account/identities", get(identities::show).post(identities::create))
        .route("/account/identities/new", get(identities::ask))
        .route(identity, get(identity::show).post(identity::change))
        .route(&format!("{identity}/main"), post(identity::make_main))
        .route(&format!("{identity}/end"), get(identity::ask_end).post(identity::end))
        .route(&format!("{identity}/picture"), post(identity::set_picture).layer(DefaultBodyLimit::max(UPLOAD_BYTES)))
        .route(&format!("{identity}/picture/remove"), post(identity::remove_picture))
        .route(&format!("{identity}/email"), get(email::of_identity))
        .route(&format!("{identity}/email/remove"), post(email::remove))
        .route("/account/email", get(email::ask).post(email::start))
        .route("/account/email/code", get(email::ask_code).post(email::verify))
        .route("/account/email/resend", post(email::resend))
        .route("/account/passkeys", get(passkeys::show))
        .route("/account/passkeys/new", get(passkeys::ask))
        .route("/account/passkeys/{id}", post(passkeys::rename))
        .route("/account/passkeys/{id}/end", get(passkeys::ask_end).post(passkeys::end))
        .route("/account/codes", get(codes::ask).post(codes::make))
        .route("/account/devices", get(devices::show))
        .route("/account/devices/end", get(devices::ask_all).post(devices::end_all))
        .route("/account/devices/{id}/end", get(devices::ask).post(devices::end))
        .route("/account/data", get(data::show))
        .route("/account/data/export", post(data::export))
        .route("/account/data/end", get(data::ask).post(data::end))
}

/// What has just been done, by its word in the address; the sentence is ours.
#[derive(Debug, Default, Deserialize)]
struct Done {
    done: Option<String>,
}

impl Done {
    fn notice(&self) -> Option<&'static str> {
        Some(match self.done.as_deref()? {
            "saved" => "Saved.",
            "denied" => "Denied. Nothing was done.",
            "ended" => "Ended, and everything that hung on it.",
            "repaired" => "It is connected again, and works as before.",
            "connection-removed" => "Removed, with everything that was allowed on it.",
            "agent-ended" => "The agent may do nothing with your accounts any more.",
            "token-ended" => "The key is ended.",
            "signed-out" => "Signed out there.",
            "signed-out-others" => "Signed out everywhere else.",
            "passkey-added" => "The passkey is added.",
            "passkey-removed" => "The passkey is removed here. Remove it on its device as well.",
            "deleted" => "The identity is deleted.",
            "email-verified" => "The address is proven.",
            "email-removed" => "The address is removed.",
            _ => return None,
        })
    }
}

/// Where a deed leads when it is done.
fn done(path: &str, word: &str) -> Response {
    page::go(&format!("{path}?done={word}"))
}

/// Frame and rail of a page of the account.
async fn place(
    app: &App,
    signed: &Signed,
    tab: AccountTab,
    said: &Done,
) -> Result<(Frame, Rail, Vec<Identity>), people::Error> {
    let identities = app.people.identities(&signed.session.account).await?;
    let apps =
        app.people.access(&signed.session.account).await?.into_iter().filter(|grant| grant.parent.is_none()).count();
    let first = identities.first();
    let holder = AccountHolder {
        identity: first.map(|identity| identity.id.as_str().to_owned()).unwrap_or_default(),
        name: first.map(|identity| Name::new(&identity.display_name)).unwrap_or_default(),
        handle: first.map(|identity| identity.handle.clone()).unwrap_or_default(),
        picture: first.and_then(|identity| identity.picture.clone()),
        apps: u32::try_from(apps).unwrap_or(u32::MAX),
        is_developer: app.config.developers.self_service || signed.session.is_operator,
    };
    let frame = page::frame(app).with_csrf(&signed.csrf);
    let frame = match said.notice() {
        Some(notice) => frame.with_notice(notice),
        None => frame,
    };
    Ok((frame, holder.rail(tab), identities))
}

/// To the step-up and back, when the last authentication is too old for a deed.
fn step_up_first(app: &App, signed: &Signed, here: &str) -> Option<Response> {
    (!signed.session.is_fresh(app.seams.now())).then(|| page::go(&with_way("/step-up", here)))
}
