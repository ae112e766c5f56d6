//! `/api/v1/users`: the accounts of people.

use super::operator::Operator;
use super::page::Query;
use super::problem::Problem;
use super::shape;
use crate::app::App;
use axum::Json;
use axum::extract::{Path, RawQuery, State};
use base::{AccountId, Fault};
use db::Tx;
use people::account::{self, Account};
use people::identity::{self, Handle, Identity};
use serde_json::Value;

type Answer = Result<Json<Value>, Problem>;

/// `GET /api/v1/users`
pub async fn list(_: Operator, State(server): State<App>, RawQuery(query): RawQuery) -> Answer {
    let mut query = Query::read(query.as_deref(), &["handle"])?;
    let handle = query.take("handle").map(|typed| Handle::parse(&typed));
    let (after, most) = (query.cursor().to_owned(), query.one_more());
    let read = move |tx: &mut Tx<'_>| {
        let accounts = match handle {
            None => account::list(tx, &after, most)?,
            // What cannot be a handle is nobody's.
            Some(Err(_)) => Vec::new(),
            Some(Ok(handle)) => match identity::find_by_handle(tx, &handle)? {
                Some(identity) => account::find(tx, &identity.account)?.into_iter().collect(),
                None => Vec::new(),
            },
        };
        accounts.into_iter().map(|account| with_identities(tx, account)).collect::<Result<Vec<_>, Fault>>()
    };
    let found = server.store.read(read).await?;
    let cursor = |(account, _): &(Account, Vec<Identity>)| account.id.as_str().to_owned();
    Ok(Json(query.answer(found, cursor, |(account, identities)| shape::user(account, identities))))
}

/// `GET /api/v1/users/{account_id}`
pub async fn show(_: Operator, State(server): State<App>, Path(id): Path<String>) -> Answer {
    shown(&server, &AccountId::from_text(id)).await
}

/// `POST /api/v1/users/{account_id}/disable`
pub async fn disable(_: Operator, State(server): State<App>, Path(id): Path<String>) -> Answer {
    let id = AccountId::from_text(id);
    server.people.disable_account(&id).await.map_err(broken)?;
    shown(&server, &id).await
}

/// `POST /api/v1/users/{account_id}/enable`
pub async fn enable(_: Operator, State(server): State<App>, Path(id): Path<String>) -> Answer {
    let id = AccountId::from_text(id);
    server.people.enable_account(&id).await.map_err(broken)?;
    shown(&server, &id).await
}

async fn shown(server: &App, id: &AccountId) -> Answer {
    let id = id.clone();
    let read = move |tx: &mut Tx<'_>| match account::find(tx, &id)? {
        Some(account) => with_identities(tx, account).map(Some),
        None => Ok::<_, Fault>(None),
    };
    let (account, identities) = server.store.read(read).await?.ok_or_else(Problem::not_found)?;
    Ok(Json(shape::user(&account, &identities)))
}

fn with_identities(tx: &mut Tx<'_>, account: Account) -> Result<(Account, Vec<Identity>), Fault> {
    let identities = identity::list_of_account(tx, &account.id)?;
    Ok((account, identities))
}

/// These verbs refuse nothing, so whatever they say is a fault.
fn broken(error: people::Error) -> Problem {
    match error {
        people::Error::Fault(fault) => fault.into(),
        people::Error::Refused(_) => Problem::not_found(),
    }
}
