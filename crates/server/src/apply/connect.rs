//! The `[[app_key]]` and `[[identity_issuer]]` tables of a manifest.

use super::manifest::{IssuerTable, KeyTable};
use super::sources::Sources;
use base::{Seams, Secret};
use db::Tx;
use oauth::app::App;
use oauth::organization;
use vault::by::Who;
use vault::key::{self, NewKey, scopes};
use vault::subject::{NewIssuer, set_issuer};
use vault::{By, Result};

/// A key as a manifest declares it.
pub(super) struct PlannedKey {
    pub(super) place: usize,
    pub(super) key: String,
    pub(super) app: String,
    value: Option<Secret>,
    new: NewKey,
}

/// Who vouches for an app's people, as a manifest declares it.
pub(super) struct PlannedIssuer {
    pub(super) place: usize,
    pub(super) app: String,
    pub(super) new: NewIssuer,
}

/// What a table asks for. The error names the field.
pub(super) fn planned_key(
    place: usize,
    table: KeyTable,
    sources: &Sources<'_>,
) -> std::result::Result<PlannedKey, (&'static str, String)> {
    organization::check_key(&table.key)
        .map_err(|_| ("key", "has 1 to 64 lowercase letters, digits, - and _".to_owned()))?;
    let value = table.value.as_deref().map(|text| sources.secret(text)).transpose().map_err(|why| ("value", why))?;
    let asked = match &table.scopes {
        None => scopes::all(),
        Some(words) => {
            scopes::read(words.iter().map(String::as_str)).ok_or(("scopes", "names an unknown scope".to_owned()))?
        }
    };
    let new = NewKey { key: Some(table.key.clone()), scopes: asked, ..NewKey::of_app(&table.key) };
    Ok(PlannedKey { place, key: table.key, app: table.app, value, new })
}

/// What a table asks for.
pub(super) fn planned_issuer(place: usize, table: IssuerTable) -> PlannedIssuer {
    let standard = NewIssuer::standard(&table.issuer, &table.audience);
    let new = NewIssuer {
        jwks_uri: table.jwks_uri,
        subject_claim: table.subject_claim.unwrap_or(standard.subject_claim),
        email_claim: table.email_claim.unwrap_or(standard.email_claim),
        name_claim: table.name_claim.unwrap_or(standard.name_claim),
        groups_claim: table.groups_claim.unwrap_or(standard.groups_claim),
        issuer: standard.issuer,
        audience: standard.audience,
    };
    PlannedIssuer { place, app: table.app, new }
}

/// Makes the key, or changes what differs. Gives its text if that had to be made up.
pub(super) fn put_key(tx: &mut Tx<'_>, seams: &Seams, planned: &PlannedKey, app: &App) -> Result<Option<Secret>> {
    let by = by(app);
    if let Some(found) = key::find_named(tx, &app.id, &planned.key)? {
        let is_same = match &planned.value {
            None => true,
            Some(value) => key::is_text_of(tx, &found.id, value)?,
        };
        if is_same {
            key::settle(tx, &found, &planned.new.scopes, &planned.new.name)?;
            return Ok(None);
        }
        // The file names another text: the one before it is no key any more.
        key::revoke(tx, seams, &by, &found.id, key::Force::Yes)?;
    }
    match &planned.value {
        Some(value) => key::adopt(tx, seams, &by, &planned.new, value.clone()).map(|_| None),
        None => key::mint(tx, seams, &by, &planned.new).map(|minted| Some(minted.secret)),
    }
}

/// Says who vouches for the app's people.
pub(super) fn put_issuer(tx: &mut Tx<'_>, seams: &Seams, planned: &PlannedIssuer, app: &App, ours: &str) -> Result<()> {
    set_issuer(tx, seams, &by(app), ours, &planned.new).map(drop)
}

pub(super) fn by(app: &App) -> By {
    By { app: app.id.clone(), organization: app.organization.clone(), who: Who::Operator }
}
