//! A delegated token that is used at this server itself: at the proxy, for a resource that is an account elsewhere (`product.md` 4.4).

use super::find;
use crate::OAuth;
use crate::introspect::Shown;
use crate::refusal::{Code, Error, refuse};
use crate::resource::{self, Resource};
use base::{AppId, Fault, GrantId, OrganizationId, Scope, Secret};
use std::sync::Arc;

/// What a token that is alive lets be done.
#[derive(Debug, Clone)]
pub struct Used {
    /// The app that may act.
    pub source: AppId,
    pub organization: Option<OrganizationId>,
    /// The connector grant that it hangs on.
    pub grant: GrantId,
    pub resource: Resource,
    /// What of it.
    pub scope: Scope,
}

impl OAuth {
    /// What a delegated token is good for at a resource of kind `vault`, by its key. One that has ended, or is for another resource, is none.
    pub async fn use_delegated(&self, token: &Secret, key: &str) -> Result<Used, Error> {
        let invalid =
            || refuse(Code::InvalidToken, "the delegated token is unknown, expired, ended, or for another resource");
        let Some(Shown::Delegated { number, claims }) = self.shown(token) else { return Err(invalid()) };
        let now = self.seams.now();
        let found = self.store.read(move |tx| {
            let Some(row) = find(tx, number)?.filter(|row| row.is_live(now)) else { return Ok::<_, Fault>(None) };
            let resource = resource::find(tx, &row.resource)?;
            Ok(resource.map(|resource| (row, resource)))
        });
        let (row, resource) = found.await?.ok_or_else(invalid)?;
        if resource.key != key || !resource.is_vault() {
            return Err(invalid());
        }
        let source: Option<Arc<crate::app::App>> = self.app(row.family.app.as_str()).await?;
        let source = source.ok_or_else(invalid)?;
        let scope = claims.text("scope").and_then(Scope::parse).ok_or_else(invalid)?;
        Ok(Used {
            source: source.id.clone(),
            organization: source.organization.clone(),
            grant: row.grant,
            resource,
            scope,
        })
    }
}
