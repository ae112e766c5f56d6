//! `/sdk/provider-specs`: descriptions of the operations that services offer. This server keeps none, and says so in the words that
//! clients know.

use super::{Answer, Fields};
use crate::edge::alter::{Calling, SdkError, needs};
use axum::Json;
use axum::extract::RawQuery;
use serde_json::json;
use vault::Code;

/// `GET /sdk/provider-specs[?kind=oauth|managed]`
pub async fn list(Calling(caller): Calling, RawQuery(query): RawQuery) -> Answer {
    needs(&caller, "providers:read")?;
    match Fields::read(query.as_deref())?.text("kind").as_deref() {
        None | Some("oauth" | "managed") => Ok(Json(json!({ "items": [], "total": 0 }))),
        Some(_) => Err(SdkError::invalid("kind", "kind is oauth or managed")),
    }
}

/// `GET /sdk/provider-specs/{kind}/{id}`
pub async fn show(Calling(caller): Calling) -> Answer {
    needs(&caller, "providers:read")?;
    Err(unknown())
}

/// `GET /sdk/provider-specs/{kind}/{id}/operations`
pub async fn operations(Calling(caller): Calling, RawQuery(query): RawQuery) -> Answer {
    needs(&caller, "providers:read")?;
    let mut fields = Fields::read(query.as_deref())?;
    fields.page(100, 500)?;
    if fields.text("search").is_some_and(|search| search.chars().count() > 200) {
        return Err(SdkError::invalid("search", "search has at most 200 characters"));
    }
    Err(unknown())
}

/// `GET /sdk/provider-specs/{kind}/{id}/operation?operation_id=`
pub async fn operation(Calling(caller): Calling, RawQuery(query): RawQuery) -> Answer {
    needs(&caller, "providers:read")?;
    let id = Fields::read(query.as_deref())?.text("operation_id");
    if id.is_none_or(|id| id.is_empty() || id.chars().count() > 512) {
        return Err(SdkError::invalid("operation_id", "operation_id has 1 to 512 characters"));
    }
    Err(unknown())
}

fn unknown() -> SdkError {
    SdkError::new(Code::ProviderSpecNotFound, "there is no description of this service")
}
