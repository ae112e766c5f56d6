//! All SQL of the descriptors and of the credentials at providers.

use super::ProviderClient;
use base::{AppId, Fault, Secret, Time};
use db::seal::Place;
use db::{Row, Sealer, Tx, args};

fn place(row: &str) -> Place<'_> {
    Place { table: "provider_clients", row, column: "secret" }
}

fn client(row: &Row, sealer: &Sealer) -> Result<ProviderClient, Fault> {
    let id = row.text("id")?;
    let secret = match row.opt_bytes("secret")? {
        Some(sealed) => {
            let plain = sealer.open(place(&id), &sealed)?;
            Some(Secret::new(String::from_utf8(plain).map_err(|_| Fault::new("provider_clients: secret is no text"))?))
        }
        None => None,
    };
    let app = row.text("app_id")?;
    let inputs = serde_json::from_str(&row.text("inputs")?)
        .map_err(|_| Fault::new("provider_clients: inputs are not what was stored"))?;
    let scopes = |column: &str| -> Result<_, Fault> {
        Ok(row.opt_text(column)?.map(|text| base::Scope::of(text.split(' ').filter(|word| !word.is_empty()))))
    };
    Ok(ProviderClient {
        provider: row.text("provider")?,
        app: Some(app).filter(|app| !app.is_empty()).map(AppId::from_text),
        client_id: row.text("client_id")?,
        secret,
        scopes_allowed: scopes("scopes_allowed")?,
        scopes_default: scopes("scopes_default")?,
        inputs,
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        refused_at: row.opt_time("refused_at")?,
        id,
    })
}

/// Every credential at a provider.
pub fn list_clients(tx: &mut Tx<'_>, sealer: &Sealer) -> Result<Vec<ProviderClient>, Fault> {
    let sql = "SELECT id, provider, app_id, client_id, secret, scopes_allowed, scopes_default, inputs, created_at,
                      updated_at, refused_at
               FROM provider_clients
               ORDER BY id";
    tx.all(sql, args![])?.iter().map(|row| client(row, sealer)).collect()
}

pub(super) fn find_client(
    tx: &mut Tx<'_>,
    sealer: &Sealer,
    provider: &str,
    app: &str,
) -> Result<Option<ProviderClient>, Fault> {
    let sql = "SELECT id, provider, app_id, client_id, secret, scopes_allowed, scopes_default, inputs, created_at,
                      updated_at, refused_at
               FROM provider_clients
               WHERE provider = $1 AND app_id = $2";
    tx.one(sql, args![provider, app])?.map(|row| client(&row, sealer)).transpose()
}

/// Writes it, in the place of the one that is there.
pub(super) fn put_client(tx: &mut Tx<'_>, new: &ProviderClient, sealed: Option<&[u8]>) -> Result<(), Fault> {
    let sql = "INSERT INTO provider_clients (id, provider, app_id, client_id, secret, scopes_allowed, scopes_default,
                                             inputs, created_at, updated_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10)
               ON CONFLICT (provider, app_id) DO UPDATE
               SET client_id = $4, secret = $5, scopes_allowed = $6, scopes_default = $7, inputs = $8, updated_at = $10,
                   refused_at = NULL";
    let inputs =
        serde_json::to_string(&new.inputs).map_err(|_| Fault::new("provider_clients: inputs do not serialize"))?;
    tx.run(
        sql,
        args![
            new.id,
            new.provider,
            new.app.as_ref().map(AppId::as_str).unwrap_or_default(),
            new.client_id,
            sealed,
            new.scopes_allowed,
            new.scopes_default,
            inputs,
            new.created_at,
            new.updated_at
        ],
    )?;
    Ok(())
}

pub(super) fn seal_secret(
    sealer: &Sealer,
    entropy: &dyn base::Entropy,
    id: &str,
    secret: &Secret,
) -> Result<Vec<u8>, Fault> {
    sealer.seal(place(id), secret.reveal().as_bytes(), entropy)
}

/// Seals every secret anew that is under an older master key. Gives how many were.
pub(crate) fn rekey(tx: &mut Tx<'_>, sealer: &Sealer, seams: &base::Seams) -> Result<u64, Fault> {
    let mut moved = 0;
    for row in tx.all("SELECT id, secret FROM provider_clients WHERE secret IS NOT NULL ORDER BY id", args![])? {
        let (id, old) = (row.text("id")?, row.bytes("secret")?);
        if let Some(new) = sealer.reseal(place(&id), &old, seams.entropy())? {
            moved +=
                tx.run("UPDATE provider_clients SET secret = $3 WHERE id = $1 AND secret = $2", args![id, old, new])?;
        }
    }
    Ok(moved)
}

pub(super) fn delete_client(tx: &mut Tx<'_>, provider: &str, app: &str) -> Result<bool, Fault> {
    Ok(tx.run("DELETE FROM provider_clients WHERE provider = $1 AND app_id = $2", args![provider, app])? == 1)
}

/// Notes that the service refuses the credentials. True the first time.
pub(crate) fn mark_refused(tx: &mut Tx<'_>, id: &str, now: Time) -> Result<bool, Fault> {
    let sql = "UPDATE provider_clients
               SET refused_at = $2
               WHERE id = $1 AND refused_at IS NULL";
    Ok(tx.run(sql, args![id, now])? == 1)
}

/// The texts of an operator's own descriptors.
pub fn list_descriptors(tx: &mut Tx<'_>) -> Result<Vec<String>, Fault> {
    let rows = tx.all("SELECT descriptor FROM providers ORDER BY id", args![])?;
    rows.iter().map(|row| row.text("descriptor")).collect()
}

pub(super) fn find_descriptor(tx: &mut Tx<'_>, id: &str) -> Result<Option<String>, Fault> {
    tx.one("SELECT descriptor FROM providers WHERE id = $1", args![id])?.map(|row| row.text("descriptor")).transpose()
}

pub(super) fn put_descriptor(tx: &mut Tx<'_>, id: &str, text: &str, now: Time) -> Result<(), Fault> {
    let sql = "INSERT INTO providers (id, descriptor, created_at, updated_at)
               VALUES ($1, $2, $3, $3)
               ON CONFLICT (id) DO UPDATE
               SET descriptor = $2, updated_at = $3";
    tx.run(sql, args![id, text, now])?;
    Ok(())
}

pub(super) fn delete_descriptor(tx: &mut Tx<'_>, id: &str) -> Result<bool, Fault> {
    Ok(tx.run("DELETE FROM providers WHERE id = $1", args![id])? == 1)
}

pub(super) fn raise_version(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let sql = "INSERT INTO versions (name, version)
               VALUES ('providers', 1)
               ON CONFLICT (name) DO UPDATE
               SET version = versions.version + 1";
    tx.run(sql, args![])?;
    Ok(())
}

pub(super) fn version(tx: &mut Tx<'_>) -> Result<i64, Fault> {
    let row = tx.one("SELECT version FROM versions WHERE name = 'providers'", args![])?;
    row.map_or(Ok(0), |row| row.int("version"))
}
