//! Ids that must not tell anything: `sid` (session × client) and `uid` (account × client), by HMAC under a key of this server.

use crate::OAuth;
use aws_lc_rs::hmac;
use base::digest::hex;
use base::entropy::draw;
use base::{AccountId, AppId, Fault, GrantId, Seams};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use db::seal::Place;
use db::{Sealer, Store};

const PLACE: Place<'static> = Place { table: "settings", row: "subject_key", column: "value" };

/// The key, made once and kept sealed.
pub(crate) struct SubjectKey(hmac::Key);

impl SubjectKey {
    pub(crate) async fn load(store: &Store, sealer: &Sealer, seams: &Seams) -> Result<SubjectKey, Fault> {
        let fresh: [u8; 32] = draw(seams.entropy())?;
        let sealed = STANDARD.encode(sealer.seal(PLACE, &fresh, seams.entropy())?);
        let kept = store.write(move |tx| rows::keep(tx, &sealed)).await?;
        let sealed = STANDARD.decode(kept).map_err(|_| Fault::new("subject key read: not base64"))?;
        Ok(SubjectKey(hmac::Key::new(hmac::HMAC_SHA256, &sealer.open(PLACE, &sealed)?)))
    }

    /// Seals the key anew, when it is under an older master key.
    pub(crate) async fn rekey(store: &Store, sealer: &Sealer, seams: &Seams) -> Result<u64, Fault> {
        let Some(text) = store.read(rows::find).await? else { return Ok(0) };
        let sealed = STANDARD.decode(&text).map_err(|_| Fault::new("subject key read: not base64"))?;
        let Some(new) = sealer.reseal(PLACE, &sealed, seams.entropy())? else { return Ok(0) };
        let new = STANDARD.encode(new);
        store.write(move |tx| rows::replace(tx, &text, &new)).await
    }

    fn tag(&self, kind: &str, first: &str, second: &str) -> String {
        let tag = hmac::sign(&self.0, format!("{kind}\n{first}\n{second}").as_bytes());
        hex(tag.as_ref().get(..16).unwrap_or_default())
    }
}

impl OAuth {
    /// The session as one client knows it (OIDC Front-Channel Logout §3).
    pub(crate) fn sid(&self, session: &GrantId, app: &AppId) -> String {
        self.subject_key.tag("sid", session.as_str(), app.as_str())
    }

    /// The account as one client knows it: the claim that scope `user_id` opens.
    pub(crate) fn pairwise_user_id(&self, account: &AccountId, app: &AppId) -> String {
        self.subject_key.tag("uid", account.as_str(), app.as_str())
    }
}

mod rows {
    //! All SQL of the subject key.

    use base::Fault;
    use db::{Tx, args};

    pub(super) fn find(tx: &mut Tx) -> Result<Option<String>, Fault> {
        tx.one("SELECT value FROM settings WHERE name = 'subject_key'", args![])?
            .map(|row| row.text("value"))
            .transpose()
    }

    /// Puts a value in the place of another. Gives how many were replaced.
    pub(super) fn replace(tx: &mut Tx, old: &str, new: &str) -> Result<u64, Fault> {
        tx.run("UPDATE settings SET value = $2 WHERE name = 'subject_key' AND value = $1", args![old, new])
    }

    /// Keeps this value unless there is one; gives the one that is kept.
    pub(super) fn keep(tx: &mut Tx, value: &str) -> Result<String, Fault> {
        let sql = "INSERT INTO settings (name, value)
                   VALUES ('subject_key', $1)
                   ON CONFLICT (name) DO UPDATE
                   SET value = settings.value
                   RETURNING value";
        tx.one(sql, args![value])?.ok_or_else(|| Fault::new("settings: the subject key is not kept"))?.text("value")
    }
}
