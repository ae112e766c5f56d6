//! Taking one's data along, as JSON.

use crate::identity::Identity;
use crate::passkey::Passkey;
use crate::refusal::Result;
use crate::{People, Session, acts, device, identity, passkey, recovery, session};
use base::Time;
use ledger::journal::{self, Told};
use ledger::{Entry, Grant, Kind, grant};
use serde_json::{Value, json};

const MOST_LINES: u32 = 10_000;

impl People {
    /// Everything that is kept about the person of this session. Needs an authentication within five minutes.
    pub async fn export(&self, session: &Session) -> Result<Value> {
        let (now, account, idle) = (self.seams().now(), session.account.clone(), self.settings().idle_secs);
        self.check_fresh(session, now)?;
        let entry = Entry::new(acts::DATA_EXPORTED, self.seams())?.account(&account).source(&session.source);
        self.store()
            .write(move |tx| {
                let user = super::find(tx, &account)?;
                let identities = identity::list_of_account(tx, &account)?;
                let passkeys = passkey::list_of_account(tx, &account)?;
                let devices = device::list_of_account(tx, &account, 1000)?;
                let sessions = session::list_of_account(tx, &account, now, now.plus_secs(-idle), 1000)?;
                let codes = recovery::state(tx, &account)?;
                let activity = journal::list_of_account(tx, &account, i64::MAX, MOST_LINES)?;
                let mut grants = Vec::new();
                for kind in [Kind::SignIn, Kind::Connector, Kind::Connection, Kind::Agent] {
                    grants.extend(grant::list_of_account(tx, &account, kind, MOST_LINES)?);
                }
                journal::write(tx, &entry)?;
                Ok(json!({
                    "exportedAt": now.iso(),
                    "user": user.map(|user| json!({ "id": user.id.as_str(), "createdAt": user.created_at.iso() })),
                    "identities": identities.iter().map(identity_json).collect::<Vec<_>>(),
                    "passkeys": passkeys.iter().map(passkey_json).collect::<Vec<_>>(),
                    "devices": devices.iter().map(|device| json!({
                        "id": device.id.as_str(), "name": device.name, "type": device.kind.as_str(), "browser": device.browser,
                        "os": device.os, "createdAt": device.created_at.iso(), "lastSeenAt": device.last_seen_at.iso(),
                    })).collect::<Vec<_>>(),
                    "sessions": sessions.iter().map(|listed| json!({
                        "device": listed.device_name, "ipAddress": listed.session.source, "userAgent": listed.session.user_agent,
                        "amr": listed.session.amr, "createdAt": listed.session.opened_at.iso(),
                        "lastSeenAt": listed.session.last_seen_at.iso(), "expiresAt": listed.session.expires_at.iso(),
                    })).collect::<Vec<_>>(),
                    "recoveryCodes": { "left": codes.left, "createdAt": codes.made_at.map(Time::iso) },
                    "authorizedApps": grants.iter().map(grant_json).collect::<Vec<_>>(),
                    "activityLog": activity.iter().map(told_json).collect::<Vec<_>>(),
                }))
            })
            .await
    }
}

fn identity_json(identity: &Identity) -> Value {
    json!({
        "id": identity.id.as_str(), "displayName": identity.display_name, "handle": identity.handle, "email": identity.email,
        "emailVerifiedAt": identity.email_verified_at.map(Time::iso), "avatarUrl": identity.picture,
        "isPrimary": identity.is_primary, "createdAt": identity.created_at.iso(),
    })
}

fn passkey_json(passkey: &Passkey) -> Value {
    json!({
        "id": passkey.id.as_str(), "credentialId": passkey.credential_id, "name": passkey.name, "isSynced": passkey.is_synced,
        "createdAt": passkey.created_at.iso(), "lastUsedAt": passkey.last_used_at.map(Time::iso),
    })
}

fn grant_json(grant: &Grant) -> Value {
    json!({
        "id": grant.id.as_str(), "kind": grant.kind.as_str(), "clientId": grant.app.as_ref().map(base::AppId::as_str),
        "identityId": grant.identity.as_ref().map(base::IdentityId::as_str), "target": grant.target,
        "scope": grant.scope.to_string(), "createdAt": grant.created_at.iso(),
        "lastUsedAt": grant.last_used_at.map(Time::iso), "expiresAt": grant.expires_at.map(Time::iso),
    })
}

fn told_json(told: &Told) -> Value {
    json!({
        "action": told.act, "details": told.detail, "ipAddress": told.source, "createdAt": told.at.iso(),
        "clientId": told.app.as_ref().map(base::AppId::as_str),
    })
}
