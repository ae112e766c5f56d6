//! What some services tell besides the token, and where.

use crate::Vault;
use crate::connection::Credential;
use crate::provider::{Account, Inputs, Provider, Quirk, Request};
use base::Secret;
use serde_json::Value;

/// Keeps what came along with the code.
pub(super) fn from_callback(provider: &Provider, returned: &[(String, String)], inputs: &mut Inputs) {
    let sent = |name: &str| returned.iter().find(|(own, _)| own == name).map(|(_, value)| value.clone());
    if provider.has(Quirk::QuickbooksRealm)
        && let Some(realm) = sent("realmId").filter(|realm| is_plain(realm))
    {
        inputs.insert("realm".to_owned(), realm);
    }
}

fn is_plain(text: &str) -> bool {
    !text.is_empty() && text.len() <= 64 && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
}

/// The base of the account's own API, where the answer tells one: https, on a host of the descriptor, or the link fails.
pub(super) fn api_base(provider: &Provider, token_answer: &Value, inputs: &Inputs) -> Result<Option<String>, ()> {
    if provider.has(Quirk::MailchimpDc) {
        let suffix = provider.hosts.first().and_then(|host| host.strip_prefix("*.")).ok_or(())?;
        let dc = inputs.get("dc").ok_or(())?;
        return own_base(provider, &format!("https://{dc}.{suffix}"), inputs).map(Some).ok_or(());
    }
    if !provider.has(Quirk::SalesforceInstanceUrl) {
        return Ok(None);
    }
    let told = token_answer.get("instance_url").and_then(Value::as_str).ok_or(())?;
    own_base(provider, told, inputs).map(Some).ok_or(())
}

/// The origin of a place, when a credential may go there.
pub(crate) fn own_base(provider: &Provider, told: &str, inputs: &Inputs) -> Option<String> {
    let url = url::Url::parse(told).ok()?;
    let host = url.host_str()?;
    let is_whole = url.username().is_empty() && url.password().is_none() && url.port().is_none();
    (url.scheme() == "https" && is_whole && provider.admits_host(host, inputs)).then(|| format!("https://{host}"))
}

/// Asks what has to be known for calls: the site, the data centre, the organisation.
pub(super) async fn after_identity(
    vault: &Vault,
    provider: &Provider,
    credential: &Credential,
    told: &Value,
    inputs: &mut Inputs,
) {
    if provider.has(Quirk::MailchimpDc)
        && let Some(dc) = told.get("dc").and_then(Value::as_str).filter(|dc| is_plain(dc))
    {
        inputs.insert("dc".to_owned(), dc.to_owned());
    }
    let (name, url) = if provider.has(Quirk::JiraCloudId) {
        ("cloud_id", "https://api.atlassian.com/oauth/token/accessible-resources")
    } else if provider.has(Quirk::XeroTenants) {
        ("xero_tenant", "https://api.xero.com/connections")
    } else {
        return;
    };
    let Some(access) = credential.access_token() else { return };
    let request = Request::bearer_get(url, access);
    let Ok(answer) = vault.send(&provider.id, &request).await else { return };
    let places: Value = serde_json::from_slice(&answer.body).unwrap_or(Value::Null);
    let pointer = if name == "cloud_id" { "/0/id" } else { "/0/tenantId" };
    if let Some(id) = places.pointer(pointer).and_then(Value::as_str).filter(|id| is_plain(id)) {
        inputs.insert(name.to_owned(), id.to_owned());
    }
}

/// The account with all that makes it this one: a user id may be unique within a team or company alone.
pub(super) fn whole_account(provider: &Provider, mut account: Account, told: &Value, inputs: &Inputs) -> Account {
    if provider.has(Quirk::SlackUserToken)
        && let Some(team) = told.get("team_id").and_then(Value::as_str)
    {
        account.id = format!("{team}/{}", account.id);
    }
    if provider.has(Quirk::QuickbooksRealm)
        && let Some(realm) = inputs.get("realm")
    {
        account.id = format!("{realm}/{}", account.id);
    }
    account
}

/// True when the answer is signed as Shopify signs, for the shop that was asked (`shopify_per_shop`); other services sign nothing.
pub(super) fn is_signed(
    provider: &Provider,
    returned: &[(String, String)],
    inputs: &Inputs,
    secret: Option<&Secret>,
) -> bool {
    if !provider.has(Quirk::ShopifyPerShop) {
        return true;
    }
    let sent = |name: &str| returned.iter().find(|(own, _)| own == name).map(|(_, value)| value.as_str());
    let shop = inputs.get("shop").map(|shop| format!("{shop}.myshopify.com"));
    if sent("shop") != shop.as_deref() {
        return false;
    }
    let (Some(secret), Some(hmac)) = (secret, sent("hmac").and_then(unhex)) else { return false };
    let mut rest: Vec<&(String, String)> = returned.iter().filter(|(name, _)| name != "hmac").collect();
    rest.sort();
    let message = rest.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&");
    let key = aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.reveal().as_bytes());
    aws_lc_rs::hmac::verify(&key, message.as_bytes(), &hmac).is_ok()
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    if !text.len().is_multiple_of(2) || !text.is_ascii() {
        return None;
    }
    (0..text.len()).step_by(2).map(|at| u8::from_str_radix(text.get(at..at + 2)?, 16).ok()).collect()
}
