//! Who calls the management API: the holder of an operator token.

use super::problem::Problem;
use crate::app::App;
use crate::edge::bearer;
use axum::extract::FromRequestParts;
use axum::http::request::Parts;

/// Proof that the request carries a living operator token.
pub struct Operator;

impl FromRequestParts<App> for Operator {
    type Rejection = Problem;

    async fn from_request_parts(parts: &mut Parts, app: &App) -> Result<Operator, Problem> {
        let token = bearer::token(&parts.headers).map_err(|_| Problem::unauthorized())?;
        let now = app.seams.now();
        let is_living = app.store.read(move |tx| oauth::operator::opens(tx, token.reveal(), now)).await?;
        if is_living { Ok(Operator) } else { Err(Problem::unauthorized()) }
    }
}
