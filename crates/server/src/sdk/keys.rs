//! `/sdk/keys`: deriving, rotating and revoking.

use super::{Answer, Fields};
use crate::app::App;
use crate::edge::alter::{Body, Calling, needs};
use crate::wire::alter::key as wire;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use axum::http::StatusCode;
use base::KeyId;
use serde_json::Value;
use vault::key::{Force, scopes};

/// What clients send when they are not told how long.
const USUAL_OVERLAP_DAYS: i64 = 7;

/// `POST /sdk/keys/derive`
pub async fn derive(
    State(app): State<App>,
    Calling(caller): Calling,
    Body(sent): Body<wire::Derive>,
) -> Result<(StatusCode, Json<Value>), crate::edge::alter::SdkError> {
    needs(&caller, scopes::DERIVE)?;
    let minted = app.vault.derive_key(&caller, sent.into()).await?;
    Ok((StatusCode::CREATED, Json(wire::minted(&minted))))
}

/// `POST /sdk/keys/{id}/rotate`
pub async fn rotate(
    State(app): State<App>,
    Path(id): Path<String>,
    Calling(caller): Calling,
    Body(sent): Body<wire::Rotate>,
) -> Answer {
    needs(&caller, scopes::DERIVE)?;
    let days = sent.overlap_days.unwrap_or(USUAL_OVERLAP_DAYS);
    Ok(Json(wire::minted(&app.vault.rotate_key(&caller, KeyId::from_text(id), days).await?)))
}

/// `DELETE /sdk/keys/{id}[?force=true]`
pub async fn revoke(
    State(app): State<App>,
    Path(id): Path<String>,
    RawQuery(query): RawQuery,
    Calling(caller): Calling,
) -> Answer {
    needs(&caller, scopes::DERIVE)?;
    let force = if Fields::read(query.as_deref())?.flag("force")? { Force::Yes } else { Force::No };
    Ok(Json(wire::info(&app.vault.revoke_key(&caller, KeyId::from_text(id), force).await?)))
}
