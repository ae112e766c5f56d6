//! `/api/v1/audit`: the journal, newest first.

use super::operator::Operator;
use super::page::Query;
use super::problem::Problem;
use super::shape;
use crate::app::App;
use axum::Json;
use axum::extract::{RawQuery, State};
use base::{AccountId, AppId, OrganizationId};
use ledger::journal;
use serde_json::Value;

/// `GET /api/v1/audit`
pub async fn list(_: Operator, State(server): State<App>, RawQuery(query): RawQuery) -> Result<Json<Value>, Problem> {
    let mut query = Query::read(query.as_deref(), &["client_id", "organization_id", "account_id"])?;
    let filters = (query.take("client_id"), query.take("organization_id"), query.take("account_id"));
    let (before, most) = (query.number_cursor()?, query.one_more());
    let told = match filters {
        (None, None, None) => server.store.read(move |tx| journal::list(tx, before, most)).await?,
        (Some(app), None, None) => {
            server.store.read(move |tx| journal::list_of_app(tx, &AppId::from_text(app), before, most)).await?
        }
        (None, Some(owner), None) => {
            let owner = OrganizationId::from_text(owner);
            server.store.read(move |tx| journal::list_of_organization(tx, &owner, before, most)).await?
        }
        (None, None, Some(account)) => {
            let account = AccountId::from_text(account);
            server.store.read(move |tx| journal::list_of_account(tx, &account, before, most)).await?
        }
        _ => return Err(Problem::invalid_request("name one of client_id, organization_id, account_id")),
    };
    Ok(Json(query.answer(told, |told| told.number.to_string(), shape::told)))
}
