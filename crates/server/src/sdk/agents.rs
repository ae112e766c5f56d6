//! `/sdk/agents`: what an app's backend does with its agents (`connect-wire.md` 2.6.15).

use super::{Answer, Fields};
use crate::app::App;
use crate::edge::alter::{Body, Calling, SdkError, Sent, needs};
use crate::wire::alter::agent as wire;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderMap, StatusCode};
use base::{AgentId, Digest, KeyId, Seams};
use db::Tx;
use serde_json::{Value, json};
use vault::agent::{self, Agent, AgentKind, Change, Patch, Wish};
use vault::key::{Force, Key};
use vault::{By, Caller, Code};

/// `POST /sdk/agents`
pub async fn create(
    State(app): State<App>,
    Calling(caller): Calling,
    headers: HeaderMap,
    sent: Sent,
    Body(new): Body<wire::NewAgent>,
) -> Result<(StatusCode, Json<Value>), SdkError> {
    if caller.agent.as_ref().is_some_and(|agent| agent.by_own_key) {
        return Err(SdkError::new(Code::AgentCannotMintSubagents, "an agent cannot make agents"));
    }
    needs(&caller, "agents:write")?;
    let kind = new.kind.as_deref().map_or(Some(AgentKind::Agent), AgentKind::parse);
    let wish = Wish {
        name: new.name,
        kind: kind.ok_or_else(|| SdkError::invalid("type", "type is agent or service"))?,
        display_name: new.display_name,
        scopes: new.scopes.unwrap_or_default(),
        policy: new.policy.unwrap_or_default(),
        metadata: new.metadata.unwrap_or_default(),
    };
    let once = once(&headers, &sent)?;
    let (by, seams) = (By::caller(&caller), app.seams.clone());
    let made = app
        .store
        .write_again(move |tx| {
            let once = once.as_ref().map(|(name, digest)| (name.as_str(), *digest));
            agent::create(tx, &seams, &by, &wish, once)
        })
        .await?;
    Ok((StatusCode::CREATED, Json(wire::created(&made, app.seams.now()))))
}

/// The `Idempotency-Key` and what it stands for.
fn once(headers: &HeaderMap, sent: &Sent) -> Result<Option<(String, Digest)>, SdkError> {
    let mut values = headers.get_all("idempotency-key").iter();
    let Some(value) = values.next() else { return Ok(None) };
    let refused = || SdkError::new(Code::InvalidRequest, "Idempotency-Key is one text of 1 to 255 visible characters");
    let name = value.to_str().map_err(|_| refused())?;
    if values.next().is_some() || !(1..=255).contains(&name.len()) {
        return Err(refused());
    }
    Ok(Some((name.to_owned(), Digest::of(&sent.0))))
}

/// `GET /sdk/agents?include_revoked=&limit=&offset=` and `GET /sdk/agents?name=`
pub async fn list(State(app): State<App>, Calling(caller): Calling, RawQuery(query): RawQuery) -> Answer {
    needs(&caller, "agents:read")?;
    let (mut fields, now) = (Fields::read(query.as_deref())?, app.seams.now());
    let id = caller.app.clone();
    if let Some(name) = fields.text("name") {
        let found = app.store.read(move |tx| agent::find_by_name(tx, &id, &name)).await?;
        let items: Vec<Value> = found.iter().map(|agent| wire::info(agent, now)).collect();
        return Ok(Json(json!({ "total": items.len(), "limit": 1, "offset": 0, "has_more": false, "items": items })));
    }
    let with_revoked = fields.flag("include_revoked")?;
    let (limit, offset) = fields.page(100, 1_000)?;
    let look = move |tx: &mut Tx<'_>| {
        let found = agent::list_of_app(tx, &id, with_revoked, limit, offset)?;
        Ok::<_, base::Fault>((found, agent::count_of_app(tx, &id, with_revoked)?))
    };
    let (found, total) = app.store.read(look).await?;
    let items: Vec<Value> = found.iter().map(|agent| wire::info(agent, now)).collect();
    let has_more = i64::from(offset) + (items.len() as i64) < total;
    Ok(Json(json!({ "items": items, "total": total, "limit": limit, "offset": offset, "has_more": has_more })))
}

/// `GET /sdk/agents/me`, for agents alone, suspended ones too.
pub async fn me(State(app): State<App>, Calling(caller): Calling) -> Answer {
    let own = caller.agent.filter(|agent| agent.by_own_key);
    let own = own.ok_or_else(|| SdkError::new(Code::MeRequiresAgentKey, "only an agent's own key tells who it is"))?;
    found(&app, &caller.app, own.id).await
}

/// `GET /sdk/agents/{id}`
pub async fn show(State(app): State<App>, Path(id): Path<String>, Calling(caller): Calling) -> Answer {
    needs(&caller, &format!("agents:read:{id}"))?;
    found(&app, &caller.app, AgentId::from_text(id)).await
}

async fn found(app: &App, of: &base::AppId, id: AgentId) -> Answer {
    let of = of.clone();
    let found = app.store.read(move |tx| agent::find(tx, &of, &id)).await?;
    let found = found.ok_or_else(|| SdkError::new(Code::AgentNotFound, "there is no such agent"))?;
    Ok(Json(wire::info(&found, app.seams.now())))
}

/// `PATCH /sdk/agents/{id}[?grace_seconds=&expected_version=]`
pub async fn change(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    Calling(caller): Calling,
    Body(sent): Body<wire::ChangedAgent>,
) -> Answer {
    let mut fields = Fields::read(query.as_deref())?;
    let (grace_secs, expected_version) = (fields.number("grace_seconds")?, fields.number("expected_version")?);
    let change =
        Change { display_name: sent.display_name, scopes: sent.scopes, policy: sent.policy, metadata: sent.metadata };
    let Some(status) = sent.status else {
        let patch = Patch { change, expected_version, grace_secs };
        return write(&app, &caller, id, move |tx, seams, by, id| agent::patch(tx, seams, by, id, &patch)).await;
    };
    let is_alone = change.display_name.is_none()
        && change.scopes.is_none()
        && change.policy.is_none()
        && change.metadata.is_none();
    match status.as_str() {
        "inactive" if is_alone => {
            write(&app, &caller, id, move |tx, seams, by, id| agent::suspend(tx, seams, by, id, expected_version)).await
        }
        "active" if is_alone => {
            write(&app, &caller, id, move |tx, seams, by, id| agent::resume(tx, seams, by, id, expected_version)).await
        }
        _ => Err(SdkError::invalid("status", "status is inactive or active, and stands alone")),
    }
}

/// `DELETE /sdk/agents/{id}`
pub async fn revoke(State(app): State<App>, Path(id): Path<String>, Calling(caller): Calling) -> Answer {
    write(&app, &caller, id, agent::revoke).await
}

async fn write(
    app: &App,
    caller: &Caller,
    id: String,
    deed: impl Fn(&mut Tx<'_>, &Seams, &By, &AgentId) -> vault::Result<Agent> + Send + 'static,
) -> Answer {
    needs(caller, &format!("agents:write:{id}"))?;
    let (by, seams, id) = (By::caller(caller), app.seams.clone(), AgentId::from_text(id));
    let changed = app.store.write_again(move |tx| deed(tx, &seams, &by, &id)).await?;
    Ok(Json(wire::info(&changed, app.seams.now())))
}

/// `POST /sdk/agents/{id}/keys`
pub async fn mint_key(
    State(app): State<App>,
    Path(id): Path<String>,
    Calling(caller): Calling,
) -> Result<(StatusCode, Json<Value>), SdkError> {
    needs(&caller, &format!("agents:write:{id}"))?;
    let (by, seams, id) = (By::caller(&caller), app.seams.clone(), AgentId::from_text(id));
    let minted = app.store.write_again(move |tx| agent::mint_key(tx, &seams, &by, &id)).await?;
    let mut shown = wire::key(&minted.key);
    if let Some(members) = shown.as_object_mut() {
        members.insert("api_key".to_owned(), minted.secret.reveal().into());
    }
    Ok((StatusCode::CREATED, Json(shown)))
}

/// `GET /sdk/agents/{id}/keys`
pub async fn list_keys(State(app): State<App>, Path(id): Path<String>, Calling(caller): Calling) -> Answer {
    needs(&caller, &format!("agents:read:{id}"))?;
    let (by, id) = (By::caller(&caller), AgentId::from_text(id));
    let keys = app.store.read(move |tx| agent::list_keys(tx, &by, &id)).await?;
    Ok(Json(json!({ "items": keys.iter().map(wire::key).collect::<Vec<_>>() })))
}

/// `PATCH /sdk/agents/{id}/keys/{key}/deprecate`
pub async fn deprecate_key(
    State(app): State<App>,
    Path(of): Path<(String, String)>,
    Calling(caller): Calling,
) -> Answer {
    write_key(&app, &caller, of, agent::deprecate_key).await
}

/// `PATCH /sdk/agents/{id}/keys/{key}/undeprecate`
pub async fn undeprecate_key(
    State(app): State<App>,
    Path(of): Path<(String, String)>,
    Calling(caller): Calling,
) -> Answer {
    write_key(&app, &caller, of, agent::undeprecate_key).await
}

/// `DELETE /sdk/agents/{id}/keys/{key}[?force=true]`
pub async fn revoke_key(
    State(app): State<App>,
    Path(of): Path<(String, String)>,
    RawQuery(query): RawQuery,
    Calling(caller): Calling,
) -> Answer {
    let force = if Fields::read(query.as_deref())?.flag("force")? { Force::Yes } else { Force::No };
    let deed = move |tx: &mut Tx<'_>, seams: &Seams, by: &By, id: &AgentId, key: &KeyId| {
        agent::revoke_key(tx, seams, by, id, key, force)
    };
    write_key(&app, &caller, of, deed).await
}

async fn write_key(
    app: &App,
    caller: &Caller,
    (id, key): (String, String),
    deed: impl Fn(&mut Tx<'_>, &Seams, &By, &AgentId, &KeyId) -> vault::Result<Key> + Send + 'static,
) -> Answer {
    needs(caller, &format!("agents:write:{id}"))?;
    let (by, seams) = (By::caller(caller), app.seams.clone());
    let (id, key) = (AgentId::from_text(id), KeyId::from_text(key));
    let changed = app.store.write_again(move |tx| deed(tx, &seams, &by, &id, &key)).await?;
    Ok(Json(wire::key(&changed)))
}
