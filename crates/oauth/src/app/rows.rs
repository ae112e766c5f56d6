//! All SQL of the apps, their secrets and logos.

use super::logo::Logo;
use super::{App, AppKind, AppSecret, AuthMethod, stored_alg};
use base::{AppId, Digest, Fault, OrganizationId, RedirectUri, Time};
use db::{Row, Tx, args};

/// The name under which other nodes learn that apps have changed.
const VERSION: &str = "apps";

fn app(row: &Row) -> Result<App, Fault> {
    Ok(App {
        id: AppId::from_text(row.text("id")?),
        organization: Some(OrganizationId::from_text(row.text("organization_id")?)),
        key: row.opt_text("key")?,
        name: row.text("name")?,
        description: row.opt_text("description")?,
        kind: AppKind::parse(&row.text("kind")?).ok_or_else(|| Fault::new("apps: unknown kind"))?,
        website: row.opt_text("website")?,
        logo: row.opt_text("logo_id")?,
        accent: row.opt_text("accent")?,
        redirect_uris: uris(&row.text("redirect_uris")?),
        post_logout_redirect_uris: uris(&row.text("post_logout_redirect_uris")?),
        backchannel_logout_uri: row.opt_text("backchannel_logout_uri")?,
        native: row.flag("native")?,
        development_mode: row.flag("development_mode")?,
        background: row.flag("background")?,
        scopes: row.scope("scopes")?,
        require_pkce: row.flag("require_pkce")?,
        auth_method: AuthMethod::parse(&row.text("auth_method")?)
            .ok_or_else(|| Fault::new("apps: unknown auth_method"))?,
        alg: stored_alg(&row.text("alg")?)?,
        access_ttl_secs: row.opt_int("access_ttl_secs")?,
        refresh_idle_secs: row.opt_int("refresh_idle_secs")?,
        refresh_absolute_secs: row.opt_int("refresh_absolute_secs")?,
        refresh_replay_secs: row.opt_int("refresh_replay_secs")?,
        hand_out_tokens: row.flag("hand_out_tokens")?,
        secrets: Vec::new(),
        created_at: row.time("created_at")?,
        updated_at: row.time("updated_at")?,
        disabled_at: row.opt_time("disabled_at")?,
    })
}

/// A registered URI holds no line break, so lines keep a list of them.
fn uris(text: &str) -> Vec<RedirectUri> {
    text.lines().map(RedirectUri::sent).collect()
}

fn lines(uris: &[RedirectUri]) -> String {
    uris.iter().map(RedirectUri::as_str).collect::<Vec<_>>().join("\n")
}

fn secret(row: &Row) -> Result<AppSecret, Fault> {
    Ok(AppSecret {
        id: row.int("id")?,
        digest: Digest::from_bytes(&row.bytes("digest")?)
            .ok_or_else(|| Fault::new("app_secrets: the digest is no SHA-256"))?,
        hint: row.text("hint")?,
        created_at: row.time("created_at")?,
        expires_at: row.opt_time("expires_at")?,
    })
}

fn with_secrets(tx: &mut Tx<'_>, row: Option<Row>) -> Result<Option<App>, Fault> {
    let Some(mut app) = row.as_ref().map(app).transpose()? else { return Ok(None) };
    let sql = "SELECT id, digest, hint, created_at, expires_at
               FROM app_secrets
               WHERE app_id = $1
               ORDER BY id";
    app.secrets = tx.all(sql, args![app.id])?.iter().map(secret).collect::<Result<_, _>>()?;
    Ok(Some(app))
}

/// The app with this id, disabled or not.
pub fn find(tx: &mut Tx<'_>, id: &AppId) -> Result<Option<App>, Fault> {
    let sql = "SELECT id, organization_id, key, name, description, kind, website, logo_id, accent, redirect_uris,
                      post_logout_redirect_uris, backchannel_logout_uri, native, development_mode, background, scopes,
                      require_pkce, auth_method, alg, access_ttl_secs, refresh_idle_secs, refresh_absolute_secs,
                      refresh_replay_secs, hand_out_tokens, created_at, updated_at, disabled_at
               FROM apps
               WHERE id = $1";
    let row = tx.one(sql, args![id])?;
    with_secrets(tx, row)
}

/// The app that an organization's manifest calls by this key.
pub fn find_by_key(tx: &mut Tx<'_>, organization: &OrganizationId, key: &str) -> Result<Option<App>, Fault> {
    let sql = "SELECT id, organization_id, key, name, description, kind, website, logo_id, accent, redirect_uris,
                      post_logout_redirect_uris, backchannel_logout_uri, native, development_mode, background, scopes,
                      require_pkce, auth_method, alg, access_ttl_secs, refresh_idle_secs, refresh_absolute_secs,
                      refresh_replay_secs, hand_out_tokens, created_at, updated_at, disabled_at
               FROM apps
               WHERE organization_id = $1 AND key = $2";
    let row = tx.one(sql, args![organization, key])?;
    with_secrets(tx, row)
}

/// The app, held so that nobody else changes it before this transaction ends.
pub(super) fn hold(tx: &mut Tx<'_>, id: &AppId, now: Time) -> Result<Option<App>, Fault> {
    let sql = "UPDATE apps
               SET updated_at = $2
               WHERE id = $1
               RETURNING id, organization_id, key, name, description, kind, website, logo_id, accent, redirect_uris,
                         post_logout_redirect_uris, backchannel_logout_uri, native, development_mode, background, scopes,
                         require_pkce, auth_method, alg, access_ttl_secs, refresh_idle_secs, refresh_absolute_secs,
                         refresh_replay_secs, hand_out_tokens, created_at, updated_at, disabled_at";
    let row = tx.one(sql, args![id, now])?;
    with_secrets(tx, row)
}

/// Apps after an id (empty for the first), by id. Their secrets are left out.
pub fn list(tx: &mut Tx<'_>, after: &str, limit: u32) -> Result<Vec<App>, Fault> {
    let sql = "SELECT id, organization_id, key, name, description, kind, website, logo_id, accent, redirect_uris,
                      post_logout_redirect_uris, backchannel_logout_uri, native, development_mode, background, scopes,
                      require_pkce, auth_method, alg, access_ttl_secs, refresh_idle_secs, refresh_absolute_secs,
                      refresh_replay_secs, hand_out_tokens, created_at, updated_at, disabled_at
               FROM apps
               WHERE id > $1
               ORDER BY id
               LIMIT $2";
    tx.all(sql, args![after, limit])?.iter().map(app).collect()
}

/// As [`list`], of one organization.
pub fn list_of_organization(
    tx: &mut Tx<'_>,
    organization: &OrganizationId,
    after: &str,
    limit: u32,
) -> Result<Vec<App>, Fault> {
    let sql = "SELECT id, organization_id, key, name, description, kind, website, logo_id, accent, redirect_uris,
                      post_logout_redirect_uris, backchannel_logout_uri, native, development_mode, background, scopes,
                      require_pkce, auth_method, alg, access_ttl_secs, refresh_idle_secs, refresh_absolute_secs,
                      refresh_replay_secs, hand_out_tokens, created_at, updated_at, disabled_at
               FROM apps
               WHERE organization_id = $1 AND id > $2
               ORDER BY id
               LIMIT $3";
    tx.all(sql, args![organization, after, limit])?.iter().map(app).collect()
}

/// How many apps an organization has.
pub fn count_of_organization(tx: &mut Tx<'_>, organization: &OrganizationId) -> Result<i64, Fault> {
    let sql = "SELECT count(*) AS apps
               FROM apps
               WHERE organization_id = $1";
    tx.one(sql, args![organization])?.map_or(Ok(0), |row| row.int("apps"))
}

pub(super) fn insert(tx: &mut Tx<'_>, app: &App, organization: &OrganizationId) -> Result<(), Fault> {
    let sql = "INSERT INTO apps (id, organization_id, key, name, description, kind, website, logo_id, accent, redirect_uris,
                                 post_logout_redirect_uris, backchannel_logout_uri, native, development_mode, background,
                                 scopes, require_pkce, auth_method, alg, access_ttl_secs, refresh_idle_secs,
                                 refresh_absolute_secs, refresh_replay_secs, hand_out_tokens, created_at, updated_at)
               VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $21, $22,
                       $23, $24, $25, $25)";
    tx.run(
        sql,
        args![
            app.id,
            organization,
            app.key,
            app.name,
            app.description,
            app.kind.as_str(),
            app.website,
            app.logo,
            app.accent,
            lines(&app.redirect_uris),
            lines(&app.post_logout_redirect_uris),
            app.backchannel_logout_uri,
            app.native,
            app.development_mode,
            app.background,
            app.scopes,
            app.require_pkce,
            app.auth_method.as_str(),
            app.alg.as_str(),
            app.access_ttl_secs,
            app.refresh_idle_secs,
            app.refresh_absolute_secs,
            app.refresh_replay_secs,
            app.hand_out_tokens,
            app.created_at
        ],
    )?;
    Ok(())
}

/// Writes what a registration says. Its id, organization, key and kind never change.
pub(super) fn update(tx: &mut Tx<'_>, app: &App) -> Result<(), Fault> {
    let sql = "UPDATE apps
               SET name = $2, description = $3, website = $4, logo_id = $5, accent = $6, redirect_uris = $7,
                   post_logout_redirect_uris = $8, backchannel_logout_uri = $9, native = $10, development_mode = $11,
                   background = $12, scopes = $13, require_pkce = $14, alg = $15, access_ttl_secs = $16,
                   refresh_idle_secs = $17, refresh_absolute_secs = $18, refresh_replay_secs = $19, hand_out_tokens = $20
               WHERE id = $1";
    tx.run(
        sql,
        args![
            app.id,
            app.name,
            app.description,
            app.website,
            app.logo,
            app.accent,
            lines(&app.redirect_uris),
            lines(&app.post_logout_redirect_uris),
            app.backchannel_logout_uri,
            app.native,
            app.development_mode,
            app.background,
            app.scopes,
            app.require_pkce,
            app.alg.as_str(),
            app.access_ttl_secs,
            app.refresh_idle_secs,
            app.refresh_absolute_secs,
            app.refresh_replay_secs,
            app.hand_out_tokens
        ],
    )?;
    Ok(())
}

/// Switches the app off at a moment, or on again with none.
pub(super) fn set_disabled(tx: &mut Tx<'_>, id: &AppId, disabled_at: Option<Time>) -> Result<(), Fault> {
    let sql = "UPDATE apps
               SET disabled_at = $2
               WHERE id = $1";
    tx.run(sql, args![id, disabled_at])?;
    Ok(())
}

/// Removes the app with its secrets and logos. False when it was gone already.
pub(super) fn delete(tx: &mut Tx<'_>, id: &AppId) -> Result<bool, Fault> {
    tx.run("DELETE FROM app_secrets WHERE app_id = $1", args![id])?;
    tx.run("DELETE FROM logos WHERE app_id = $1", args![id])?;
    Ok(tx.run("DELETE FROM apps WHERE id = $1", args![id])? > 0)
}

pub(super) fn insert_secret(tx: &mut Tx<'_>, app: &AppId, secret: &AppSecret) -> Result<(), Fault> {
    let sql = "INSERT INTO app_secrets (id, app_id, digest, hint, created_at, expires_at)
               VALUES ($1, $2, $3, $4, $5, $6)";
    tx.run(sql, args![secret.id, app, secret.digest, secret.hint, secret.created_at, secret.expires_at])?;
    Ok(())
}

pub(super) fn expire_secret(tx: &mut Tx<'_>, id: i64, expires_at: Time) -> Result<(), Fault> {
    let sql = "UPDATE app_secrets
               SET expires_at = $2
               WHERE id = $1";
    tx.run(sql, args![id, expires_at])?;
    Ok(())
}

pub(super) fn delete_secret(tx: &mut Tx<'_>, id: i64) -> Result<(), Fault> {
    tx.run("DELETE FROM app_secrets WHERE id = $1", args![id])?;
    Ok(())
}

/// Forgets secrets that ended before a moment.
pub(super) fn delete_ended_secrets(tx: &mut Tx<'_>, before: Time) -> Result<u64, Fault> {
    tx.run("DELETE FROM app_secrets WHERE expires_at < $1", args![before])
}

/// The picture with this id.
pub(super) fn logo(tx: &mut Tx<'_>, id: &str) -> Result<Option<Logo>, Fault> {
    let sql = "SELECT media, bytes
               FROM logos
               WHERE id = $1";
    let Some(row) = tx.one(sql, args![id])? else { return Ok(None) };
    let bytes = row.bytes("bytes")?;
    let logo = Logo::read(bytes).filter(|logo| Some(logo.media()) == row.text("media").ok().as_deref());
    logo.map(Some).ok_or_else(|| Fault::new("logos: a picture is not of its media type"))
}

/// Puts a picture in the place of those the app had.
pub(super) fn replace_logo(tx: &mut Tx<'_>, app: &AppId, new: Option<(&str, &Logo)>, now: Time) -> Result<(), Fault> {
    tx.run("DELETE FROM logos WHERE app_id = $1", args![app])?;
    let Some((id, logo)) = new else { return Ok(()) };
    let sql = "INSERT INTO logos (id, app_id, media, bytes, created_at)
               VALUES ($1, $2, $3, $4, $5)";
    tx.run(sql, args![id, app, logo.media(), logo.bytes(), now])?;
    Ok(())
}

/// Tells every node that apps have changed.
pub(super) fn raise_version(tx: &mut Tx<'_>) -> Result<(), Fault> {
    let sql = "INSERT INTO versions (name, version)
               VALUES ($1, 1)
               ON CONFLICT (name) DO UPDATE
               SET version = versions.version + 1";
    tx.run(sql, args![VERSION])?;
    Ok(())
}

/// How often apps have changed.
pub(super) fn version(tx: &mut Tx<'_>) -> Result<i64, Fault> {
    let sql = "SELECT version
               FROM versions
               WHERE name = $1";
    tx.one(sql, args![VERSION])?.map_or(Ok(0), |row| row.int("version"))
}
