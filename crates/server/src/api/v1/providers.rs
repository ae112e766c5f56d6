//! `/api/v1/providers`: the catalogue, an operator's own descriptors, and the credentials of this server and of apps.

use super::body::Members;
use super::operator::Operator;
use super::page::Query;
use super::problem::Problem;
use crate::app::App;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use base::{AppId, Fault, Scope, Seams, Secret};
use db::Tx;
use oauth::app;
use serde_json::{Value, json};
use std::sync::Arc;
use vault::catalogue::{self, ClientWish, ProviderClient};
use vault::provider::{Inputs, Provider};

type Answer = Result<Json<Value>, Problem>;

/// One provider with what is known of it here.
struct Shown {
    provider: Arc<Provider>,
    is_own: bool,
    clients: Vec<ProviderClient>,
}

async fn all(server: &App) -> Result<Vec<Shown>, Fault> {
    let sealer = server.sealer.clone();
    let (texts, clients) = server
        .store
        .read(move |tx| Ok::<_, Fault>((catalogue::list_descriptors(tx)?, catalogue::list_clients(tx, &sealer)?)))
        .await?;
    let own: Vec<String> =
        texts.iter().filter_map(|text| server.vault.check_descriptor(text).ok()).map(|provider| provider.id).collect();
    let shown = |provider: Arc<Provider>| Shown {
        is_own: own.contains(&provider.id),
        clients: clients.iter().filter(|client| client.provider == provider.id).cloned().collect(),
        provider,
    };
    Ok(server.vault.providers().await?.into_iter().map(shown).collect())
}

async fn one(server: &App, id: &str) -> Result<Shown, Problem> {
    all(server).await?.into_iter().find(|shown| shown.provider.id == id).ok_or_else(Problem::not_found)
}

fn brief(server: &App, shown: &Shown) -> Value {
    let provider = &shown.provider;
    json!({
        "id": provider.id,
        "name": provider.name,
        "category": provider.category.as_str(),
        "docs": provider.docs,
        "hosts": provider.hosts,
        "is_own_descriptor": shown.is_own,
        "callback_url": server.vault.callback(&provider.id),
        "credentials": shown.clients.iter().map(client).collect::<Vec<_>>(),
    })
}

fn whole(server: &App, shown: &Shown) -> Value {
    let mut all = brief(server, shown);
    let scopes = shown.provider.scopes.iter().map(|scope| {
        let risk = match scope.risk {
            vault::provider::Risk::Low => "low",
            vault::provider::Risk::Medium => "medium",
            vault::provider::Risk::High => "high",
        };
        json!({ "name": scope.name, "text": scope.text, "risk": risk, "default": scope.default })
    });
    if let Some(members) = all.as_object_mut() {
        members.insert("scopes".to_owned(), scopes.collect());
        let inputs = shown.provider.auth.inputs.iter().map(|input| json!({ "name": input.name, "text": input.text }));
        members.insert("inputs".to_owned(), inputs.collect());
    }
    all
}

/// Credentials without their secret.
fn client(client: &ProviderClient) -> Value {
    let words = |scope: &Option<Scope>| scope.as_ref().map(|scope| scope.iter().map(str::to_owned).collect::<Vec<_>>());
    json!({
        "app_id": client.app.as_ref().map(AppId::as_str),
        "client_id": client.client_id,
        "has_secret": client.secret.is_some(),
        "scopes_allowed": words(&client.scopes_allowed),
        "scopes_default": words(&client.scopes_default),
        "inputs": client.inputs,
        "created_at": client.created_at.iso(),
        "updated_at": client.updated_at.iso(),
        "refused_at": client.refused_at.map(base::Time::iso),
    })
}

/// `GET /api/v1/providers`
pub async fn list(_: Operator, State(server): State<App>, RawQuery(query): RawQuery) -> Answer {
    let query = Query::read(query.as_deref(), &[])?;
    let after = query.cursor().to_owned();
    let found: Vec<Shown> = all(&server).await?.into_iter().filter(|shown| shown.provider.id > after).collect();
    Ok(Json(query.answer(found, |shown| shown.provider.id.clone(), |shown| brief(&server, shown))))
}

/// `GET /api/v1/providers/{provider_id}`
pub async fn show(_: Operator, State(server): State<App>, Path(id): Path<String>) -> Answer {
    Ok(Json(whole(&server, &one(&server, &id).await?)))
}

/// One transaction that changes providers; this node sees the change at once.
async fn change(
    server: &App,
    mut deed: impl FnMut(&mut Tx<'_>, &Seams) -> Result<bool, Fault> + Send + 'static,
) -> Result<bool, Problem> {
    let seams = server.seams.clone();
    let changed = server.store.write_again(move |tx| deed(tx, &seams)).await?;
    server.vault.forget_providers();
    Ok(changed)
}

/// `PUT /api/v1/providers/{provider_id}`: a descriptor of the operator's own.
pub async fn put(_: Operator, State(server): State<App>, Path(id): Path<String>, mut body: Members) -> Answer {
    let text = body.required_text("descriptor");
    body.finish()?;
    let about = |sentence: String| Problem::from(app::Error::about("descriptor", &sentence));
    let read = server.vault.check_descriptor(&text).map_err(|wrong| about(wrong.to_string()))?;
    if read.id != id {
        return Err(about("has another id than the address".to_owned()));
    }
    let of = id.clone();
    change(&server, move |tx, seams| catalogue::set_descriptor(tx, seams, &of, &text)).await?;
    Ok(Json(whole(&server, &one(&server, &id).await?)))
}

/// `DELETE /api/v1/providers/{provider_id}`: the catalogue's own is there again, if it has one of this id.
pub async fn remove(_: Operator, State(server): State<App>, Path(id): Path<String>) -> Answer {
    let removed = change(&server, move |tx, seams| catalogue::remove_descriptor(tx, seams, &id)).await?;
    if removed { Ok(Json(json!({ "removed": true }))) } else { Err(Problem::not_found()) }
}

/// The app that credentials are for; nothing for every app.
async fn owner(server: &App, id: Option<String>) -> Result<Option<AppId>, Problem> {
    let Some(id) = id else { return Ok(None) };
    let id = AppId::from_text(id);
    let found = server.store.read(move |tx| app::find(tx, &id)).await?;
    match found {
        Some(found) => Ok(Some(found.id)),
        None => Err(app::Error::about("app_id", "is no app of this server").into()),
    }
}

/// `PUT /api/v1/providers/{provider_id}/credentials`
pub async fn put_credentials(
    _: Operator,
    State(server): State<App>,
    Path(id): Path<String>,
    mut body: Members,
) -> Answer {
    let (client_id, secret) = (body.text("client_id"), body.text("client_secret"));
    let (allowed, default) = (body.list("scopes_allowed"), body.list("scopes_default"));
    let (inputs, app_id) = (body.object("inputs").unwrap_or_default(), body.text("app_id"));
    body.finish()?;
    let shown = one(&server, &id).await?;
    let inputs: Inputs = inputs
        .into_iter()
        .map(|(name, value)| value.as_str().map(|text| (name, text.to_owned())))
        .collect::<Option<_>>()
        .ok_or_else(|| Problem::from(app::Error::about("inputs", "maps names to strings")))?;
    let wish = ClientWish {
        client_id: client_id.unwrap_or_default().trim().to_owned(),
        secret: secret.map(Secret::new),
        scopes_allowed: allowed.map(Scope::of),
        scopes_default: default.map(Scope::of),
        inputs,
    };
    if let Some(sentence) = catalogue::check_client(&shown.provider, &wish) {
        let (field, rest) = sentence.split_once([' ', ':']).unwrap_or(("client_id", &sentence));
        return Err(app::Error::about(field, rest.trim()).into());
    }
    let (app_id, sealer, of) = (owner(&server, app_id).await?, server.sealer.clone(), id.clone());
    change(&server, move |tx, seams| catalogue::set_client(tx, seams, &sealer, &of, app_id.as_ref(), &wish)).await?;
    Ok(Json(whole(&server, &one(&server, &id).await?)))
}

/// `DELETE /api/v1/providers/{provider_id}/credentials?app_id=`
pub async fn remove_credentials(
    _: Operator,
    State(server): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
) -> Answer {
    let mut query = Query::read(query.as_deref(), &["app_id"])?;
    let app_id = query.take("app_id").map(AppId::from_text);
    let removed = change(&server, move |tx, seams| catalogue::remove_client(tx, seams, &id, app_id.as_ref())).await?;
    if removed { Ok(Json(json!({ "removed": true }))) } else { Err(Problem::not_found()) }
}
