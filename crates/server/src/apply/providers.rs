//! The `[[provider]]` tables of a manifest: credentials at a service of the catalogue, or a whole service of one's own.

use super::Server;
use super::manifest::ProviderTable;
use super::sources::Sources;
use base::{AppId, Fault, Scope, Seams};
use db::Tx;
use net::Door;
use vault::catalogue::{self, ClientWish};
use vault::provider::{self, Provider};

/// A provider as a manifest declares it.
pub(super) struct PlannedProvider {
    pub(super) place: usize,
    pub(super) id: String,
    /// The key of the one app that may use the credentials.
    pub(super) app: Option<String>,
    descriptor: Option<String>,
    wish: Option<ClientWish>,
}

/// What a table asks for. The error names the field.
pub(super) fn planned(
    place: usize,
    table: ProviderTable,
    sources: &Sources<'_>,
    server: &Server<'_>,
) -> Result<PlannedProvider, (&'static str, String)> {
    let descriptor = table.descriptor.as_deref().map(|text| sources.text(text)).transpose();
    let descriptor = descriptor.map_err(|why| ("descriptor", why))?;
    let door = Door::new(server.allow.to_vec());
    let own = match &descriptor {
        None => None,
        Some(text) => {
            let read = Provider::read_with(text, |host| door.names_host(host));
            Some(read.map_err(|wrong| ("descriptor", wrong.to_string()))?)
        }
    };
    if own.as_ref().is_some_and(|own| own.id != table.id) {
        return Err(("id", "is not the id that the descriptor says".to_owned()));
    }
    let secret = table.client_secret.as_deref().map(|text| sources.secret(text)).transpose();
    let wish = ClientWish {
        client_id: match table.client_id.as_deref().map(|text| sources.secret(text)).transpose() {
            Ok(id) => id.map(|id| id.reveal().to_owned()).unwrap_or_default(),
            Err(why) => return Err(("client_id", why)),
        },
        secret: secret.map_err(|why| ("client_secret", why))?,
        scopes_allowed: table.scopes_allowed.map(Scope::of),
        scopes_default: table.scopes_default.map(Scope::of),
        inputs: table.inputs,
    };
    let known = match own {
        Some(own) => own,
        None => provider::find(&table.id)
            .map(|provider| (*provider).clone())
            .ok_or(("id", "is no provider of the catalogue: add its descriptor".to_owned()))?,
    };
    // A descriptor alone is fine: credentials may come later, for each app.
    let has_wish = !wish.client_id.is_empty() || !known.auth.kind.is_oauth() || descriptor.is_none();
    if has_wish && let Some(sentence) = catalogue::check_client(&known, &wish) {
        return Err(("client_id", sentence));
    }
    Ok(PlannedProvider { place, id: table.id, app: table.app, descriptor, wish: has_wish.then_some(wish) })
}

/// Sets what differs.
pub(super) fn put(
    tx: &mut Tx<'_>,
    seams: &Seams,
    planned: &PlannedProvider,
    app: Option<&AppId>,
    sealer: &db::Sealer,
) -> Result<(), Fault> {
    if let Some(text) = &planned.descriptor {
        catalogue::set_descriptor(tx, seams, &planned.id, text)?;
    }
    if let Some(wish) = &planned.wish {
        catalogue::set_client(tx, seams, sealer, &planned.id, app, wish)?;
    }
    Ok(())
}
