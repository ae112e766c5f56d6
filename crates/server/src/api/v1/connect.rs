//! `/api/v1/apps/{client_id}`: keys, agents and the identity provider of an app.

use super::body::Members;
use super::operator::Operator;
use super::page::Query;
use super::problem::Problem;
use super::shape;
use crate::app::App;
use crate::wire::alter::{agent as agents, key as keys};
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use base::{AgentId, AppId, KeyId, Seams};
use db::Tx;
use oauth::app;
use serde_json::{Map, Value, json};
use vault::agent::{self, Agent, AgentKind};
use vault::by::Who;
use vault::key::{self, Force, NewKey, scopes};
use vault::subject::{self, Issuer, NewIssuer};
use vault::{By, Error};

type Answer = Result<Json<Value>, Problem>;
type Made = Result<(StatusCode, Json<Value>), Problem>;

/// So many keys of an app are shown.
const MOST_KEYS: u32 = 1_000;

/// The app whose things these are, and the operator who changes them.
pub(super) async fn by(server: &App, id: String) -> Result<By, Problem> {
    let found = server.store.read(move |tx| app::find(tx, &AppId::from_text(id))).await?;
    let found = found.ok_or_else(Problem::not_found)?;
    Ok(By { app: found.id, organization: found.organization, who: Who::Operator })
}

/// One transaction of the vault's.
pub(super) async fn write<T: Send + 'static>(
    server: &App,
    by: By,
    mut deed: impl FnMut(&mut Tx<'_>, &Seams, &By) -> Result<T, Error> + Send + 'static,
) -> Result<T, Problem> {
    let seams = server.seams.clone();
    Ok(server.store.write_again(move |tx| deed(tx, &seams, &by)).await?)
}

/// `GET /api/v1/apps/{client_id}/keys`
pub async fn list_keys(_: Operator, State(server): State<App>, Path(id): Path<String>) -> Answer {
    let by = by(&server, id).await?;
    let found = server.store.read(move |tx| key::list_of_app(tx, &by.app, MOST_KEYS)).await?;
    Ok(Json(json!({ "items": found.iter().map(keys::info).collect::<Vec<_>>(), "next_cursor": null })))
}

/// `POST /api/v1/apps/{client_id}/keys`
pub async fn mint_key(_: Operator, State(server): State<App>, Path(id): Path<String>, mut body: Members) -> Made {
    let name = body.text("name").unwrap_or_else(|| "Key".to_owned());
    let (words, networks, limit) = (body.list("scopes"), body.list("cidr_allowlist"), body.number("rate_limit_rpm"));
    body.finish()?;
    let about = |field: &str, sentence: &str| Problem::from(app::Error::about(field, sentence));
    let allowed = match words {
        None => scopes::all(),
        Some(words) => {
            scopes::read(words.iter().map(String::as_str)).ok_or_else(|| about("scopes", "names an unknown scope"))?
        }
    };
    let networks = networks
        .map(|texts| key::read_networks(&texts).ok_or_else(|| about("cidr_allowlist", "holds 1 to 100 networks")))
        .transpose()?;
    if limit.is_some_and(|limit| !(1..=1_000_000).contains(&limit)) {
        return Err(about("rate_limit_rpm", "is from 1 to 1000000"));
    }
    let new = NewKey { scopes: allowed, networks, rate_limit_rpm: limit, ..NewKey::of_app(&name) };
    let by = by(&server, id).await?;
    let minted = write(&server, by, move |tx, seams, by| key::mint(tx, seams, by, &new)).await?;
    Ok((StatusCode::CREATED, Json(keys::minted(&minted))))
}

/// `POST /api/v1/apps/{client_id}/keys/{key_id}/rotate`
pub async fn rotate_key(
    _: Operator,
    State(server): State<App>,
    Path((id, key)): Path<(String, String)>,
    mut body: Members,
) -> Answer {
    let days = body.number("overlap_days").unwrap_or(7);
    body.finish()?;
    let (by, key) = (by(&server, id).await?, KeyId::from_text(key));
    let minted = write(&server, by, move |tx, seams, by| key::rotate(tx, seams, by, &key, days)).await?;
    Ok(Json(keys::minted(&minted)))
}

/// `DELETE /api/v1/apps/{client_id}/keys/{key_id}`: the last one too, since an operator knows.
pub async fn revoke_key(_: Operator, State(server): State<App>, Path((id, key)): Path<(String, String)>) -> Answer {
    let (by, key) = (by(&server, id).await?, KeyId::from_text(key));
    let revoked = write(&server, by, move |tx, seams, by| key::revoke(tx, seams, by, &key, Force::Yes)).await?;
    Ok(Json(keys::info(&revoked)))
}

/// `GET /api/v1/apps/{client_id}/agents`
pub async fn list_agents(
    _: Operator,
    State(server): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let query = Query::read(query.as_deref(), &[])?;
    let offset = match query.cursor() {
        "" => 0,
        text => text.parse().map_err(|_| Problem::invalid_request("cursor is none that this list gave"))?,
    };
    let (by, most, now) = (by(&server, id).await?, query.one_more(), server.seams.now());
    let found = server.store.read(move |tx| agent::list_of_app(tx, &by.app, true, most, offset)).await?;
    let next = (offset + query.limit).to_string();
    Ok(Json(query.answer(found, |_| next.clone(), |agent| agents::info(agent, now))))
}

/// `POST /api/v1/apps/{client_id}/agents`
pub async fn create_agent(_: Operator, State(server): State<App>, Path(id): Path<String>, mut body: Members) -> Made {
    let (name, kind) = (body.required_text("name"), body.text("type"));
    let (display_name, given) = (body.text("display_name"), body.object("scopes").unwrap_or_default());
    body.finish()?;
    let about = |field: &str, sentence: &str| Problem::from(app::Error::about(field, sentence));
    let kind = kind.as_deref().map_or(Some(AgentKind::Agent), AgentKind::parse);
    let wish = agent::Wish {
        name,
        kind: kind.ok_or_else(|| about("type", "is agent or service"))?,
        display_name,
        scopes: serde_json::from_value(Value::Object(given))
            .map_err(|_| about("scopes", "maps a provider to a list of scopes"))?,
        policy: Map::new(),
        metadata: Map::new(),
    };
    let by = by(&server, id).await?;
    let made = write(&server, by, move |tx, seams, by| agent::create(tx, seams, by, &wish, None)).await?;
    Ok((StatusCode::CREATED, Json(agents::created(&made, server.seams.now()))))
}

/// `GET /api/v1/apps/{client_id}/agents/{agent_id}`
pub async fn show_agent(_: Operator, State(server): State<App>, Path((id, agent)): Path<(String, String)>) -> Answer {
    let (by, agent) = (by(&server, id).await?, AgentId::from_text(agent));
    let found = server.store.read(move |tx| agent::find(tx, &by.app, &agent)).await?;
    Ok(Json(agents::info(&found.ok_or_else(Problem::not_found)?, server.seams.now())))
}

/// `POST /api/v1/apps/{client_id}/agents/{agent_id}/suspend`
pub async fn suspend_agent(_: Operator, State(server): State<App>, Path(of): Path<(String, String)>) -> Answer {
    switch(&server, of, |tx, seams, by, id| agent::suspend(tx, seams, by, id, None)).await
}

/// `POST /api/v1/apps/{client_id}/agents/{agent_id}/resume`
pub async fn resume_agent(_: Operator, State(server): State<App>, Path(of): Path<(String, String)>) -> Answer {
    switch(&server, of, |tx, seams, by, id| agent::resume(tx, seams, by, id, None)).await
}

/// `DELETE /api/v1/apps/{client_id}/agents/{agent_id}`
pub async fn revoke_agent(_: Operator, State(server): State<App>, Path(of): Path<(String, String)>) -> Answer {
    switch(&server, of, agent::revoke).await
}

async fn switch(
    server: &App,
    (id, agent): (String, String),
    to: fn(&mut Tx<'_>, &Seams, &By, &AgentId) -> Result<Agent, Error>,
) -> Answer {
    let (by, agent) = (by(server, id).await?, AgentId::from_text(agent));
    let switched = write(server, by, move |tx, seams, by| to(tx, seams, by, &agent)).await?;
    Ok(Json(agents::info(&switched, server.seams.now())))
}

/// `GET /api/v1/apps/{client_id}/identity-issuer`
pub async fn show_issuer(_: Operator, State(server): State<App>, Path(id): Path<String>) -> Answer {
    let by = by(&server, id).await?;
    let found: Option<Issuer> = server.store.read(move |tx| subject::find_issuer(tx, &by.app)).await?;
    Ok(Json(shape::issuer(&found.ok_or_else(Problem::not_found)?)))
}

/// `PUT /api/v1/apps/{client_id}/identity-issuer`
pub async fn set_issuer(_: Operator, State(server): State<App>, Path(id): Path<String>, mut body: Members) -> Answer {
    let (issuer, audience) = (body.required_text("issuer"), body.required_text("audience"));
    let standard = NewIssuer::standard(&issuer, &audience);
    let new = NewIssuer {
        jwks_uri: body.text("jwks_uri"),
        subject_claim: body.text("subject_claim").unwrap_or(standard.subject_claim),
        email_claim: body.text("email_claim").unwrap_or(standard.email_claim),
        name_claim: body.text("name_claim").unwrap_or(standard.name_claim),
        groups_claim: body.text("groups_claim").unwrap_or(standard.groups_claim),
        issuer,
        audience,
    };
    body.finish()?;
    let (by, ours) = (by(&server, id).await?, server.config.issuer.clone());
    let (set, _) = write(&server, by, move |tx, seams, by| subject::set_issuer(tx, seams, by, &ours, &new)).await?;
    Ok(Json(shape::issuer(&set)))
}

/// `DELETE /api/v1/apps/{client_id}/identity-issuer`
pub async fn remove_issuer(_: Operator, State(server): State<App>, Path(id): Path<String>) -> Answer {
    let by = by(&server, id).await?;
    let removed = write(&server, by, subject::remove_issuer).await?;
    if removed { Ok(Json(json!({ "removed": true }))) } else { Err(Problem::not_found()) }
}
