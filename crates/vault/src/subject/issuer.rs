//! Saying who vouches for the people of an app.

use super::{Issuer, rows};
use crate::{By, Code, Error, Result, acts, refuse};
use base::{Seams, Uuid};
use db::Tx;
use ledger::journal;
use serde_json::json;
use url::{Host, Url};

/// What a manifest or the management API says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NewIssuer {
    pub issuer: String,
    pub audience: String,
    pub jwks_uri: Option<String>,
    pub subject_claim: String,
    pub email_claim: String,
    pub name_claim: String,
    pub groups_claim: String,
}

impl NewIssuer {
    /// With the claims that most providers have.
    pub fn standard(issuer: &str, audience: &str) -> NewIssuer {
        NewIssuer {
            issuer: issuer.to_owned(),
            audience: audience.to_owned(),
            jwks_uri: None,
            subject_claim: "sub".to_owned(),
            email_claim: "email".to_owned(),
            name_claim: "name".to_owned(),
            groups_claim: "groups".to_owned(),
        }
    }

    fn check(&self, ours: &str) -> std::result::Result<(), Error> {
        let about = |field: &'static str, sentence| refuse(Code::InvalidRequest, sentence).with("field", field);
        let url = place(&self.issuer).ok_or_else(|| about("issuer", "is an https URL without query and fragment"))?;
        if Url::parse(ours).is_ok_and(|ours| ours.origin() == url.origin()) {
            return Err(about("issuer", "is this server, whose tokens need no setting up"));
        }
        if let Some(uri) = &self.jwks_uri
            && place(uri).is_none()
        {
            return Err(about("jwks_uri", "is an https URL without fragment"));
        }
        let is_word = |text: &str| (1..=255).contains(&text.len()) && !text.chars().any(char::is_control);
        if !is_word(&self.audience) {
            return Err(about("audience", "has 1 to 255 characters"));
        }
        let claims = [&self.subject_claim, &self.email_claim, &self.name_claim, &self.groups_claim];
        if claims.iter().any(|claim| !is_word(claim)) {
            return Err(about("subject_claim", "a claim's name has 1 to 255 characters"));
        }
        Ok(())
    }
}

/// Where a provider may be: https, or plain http on this machine (which the guard of outgoing requests still has to let through).
fn place(text: &str) -> Option<Url> {
    let url = Url::parse(text).ok().filter(|_| text.len() <= 512)?;
    let is_near = match url.host()? {
        Host::Domain(name) => name == "localhost" || name.ends_with(".localhost"),
        Host::Ipv4(address) => address.is_loopback(),
        Host::Ipv6(address) => address.is_loopback(),
    };
    let is_plain = url.username().is_empty() && url.password().is_none() && url.fragment().is_none();
    let is_scheme = url.scheme() == "https" || (url.scheme() == "http" && is_near);
    (is_plain && is_scheme && url.query().is_none()).then_some(url)
}

/// Sets who vouches for an app's people, inside the caller's transaction. False when it was so already.
pub fn set_issuer(tx: &mut Tx<'_>, seams: &Seams, by: &By, ours: &str, new: &NewIssuer) -> Result<(Issuer, bool)> {
    new.check(ours)?;
    let organization = by
        .organization
        .clone()
        .ok_or_else(|| refuse(Code::InvalidRequest, "an app without an organization has no identity provider"))?;
    let (now, old) = (seams.now(), rows::find_issuer(tx, &by.app)?);
    let (id, created_at) = match &old {
        Some(old) => (old.id.clone(), old.created_at),
        None => (Uuid::at(now, seams.entropy())?.as_str().to_owned(), now),
    };
    let wanted = Issuer {
        id,
        app: by.app.clone(),
        organization,
        issuer: new.issuer.clone(),
        audience: new.audience.clone(),
        jwks_uri: new.jwks_uri.clone(),
        subject_claim: new.subject_claim.clone(),
        email_claim: new.email_claim.clone(),
        name_claim: new.name_claim.clone(),
        groups_claim: new.groups_claim.clone(),
        created_at,
        updated_at: now,
    };
    if let Some(old) = &old
        && *old == (Issuer { updated_at: old.updated_at, ..wanted.clone() })
    {
        return Ok((old.clone(), false));
    }
    rows::put_issuer(tx, &wanted)?;
    let detail = json!({ "issuer": wanted.issuer, "audience": wanted.audience });
    journal::write(tx, &by.entry(acts::ISSUER_SET, seams, detail)?)?;
    Ok((wanted, true))
}

/// Takes it away again. False when there was none. The people stay known, and nobody vouches for them.
pub fn remove_issuer(tx: &mut Tx<'_>, seams: &Seams, by: &By) -> Result<bool> {
    let Some(old) = rows::find_issuer(tx, &by.app)? else { return Ok(false) };
    rows::delete_issuer(tx, &by.app)?;
    journal::write(tx, &by.entry(acts::ISSUER_REMOVED, seams, json!({ "issuer": old.issuer }))?)?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_server_and_what_is_no_safe_place_vouch_for_nobody() {
        let ours = "https://id.example.test";
        for issuer in [
            ours,
            "https://id.example.test/",
            "https://ID.example.test/tenant",
            "https://id.example.test:443",
            "http://login.acme.test",
            "https://user@login.acme.test",
            "https://login.acme.test/#x",
            "https://login.acme.test/?a=b",
            "login.acme.test",
            "",
        ] {
            assert!(NewIssuer::standard(issuer, "acme").check(ours).is_err(), "{issuer}");
        }
        for issuer in ["https://login.acme.test", "https://acme.test/tenants/1", "http://127.0.0.1:9000"] {
            assert!(NewIssuer::standard(issuer, "acme").check(ours).is_ok(), "{issuer}");
        }
        assert!(NewIssuer::standard("https://login.acme.test", "").check(ours).is_err());
    }
}
