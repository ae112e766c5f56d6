//! All SQL of the key ring.

use super::RingKey;
use base::{Fault, Time};
use db::{Row, Sealer, Tx, args, seal::Place};
use jose::{Alg, PublicKey, SigningKey};
use zeroize::Zeroizing;

/// The name under which other nodes learn that the ring has changed.
const VERSION: &str = "signing_keys";

/// A key as it is stored: its place in the ring, its public half, and its private half while it may sign.
pub(super) struct StoredKey {
    pub(super) key: RingKey,
    pub(super) public: PublicKey,
    pub(super) private: Option<SigningKey>,
}

/// A new key for the ring.
pub(super) struct NewKey<'a> {
    pub(super) id: i64,
    pub(super) key: &'a SigningKey,
    pub(super) sealed: &'a [u8],
    pub(super) now: Time,
    pub(super) signs_from: Time,
}

/// Where the private half of a row is sealed.
pub(super) fn place(row: &str) -> Place<'_> {
    Place { table: "signing_keys", row, column: "sealed_pkcs8" }
}

/// Every key without its private half, oldest first.
pub(super) fn list(tx: &mut Tx<'_>) -> Result<Vec<RingKey>, Fault> {
    let sql = "SELECT id, kid, alg, published_at, signs_from, retired_at, gone_after
               FROM signing_keys
               ORDER BY id";
    tx.all(sql, args![])?.iter().map(RingKey::read).collect()
}

/// Every key, opened, oldest first.
pub(super) fn open(tx: &mut Tx<'_>, sealer: &Sealer) -> Result<Vec<StoredKey>, Fault> {
    let sql = "SELECT id, kid, alg, sealed_pkcs8, public_jwk, published_at, signs_from, retired_at, gone_after
               FROM signing_keys
               ORDER BY id";
    tx.all(sql, args![])?.iter().map(|row| opened(row, sealer)).collect()
}

/// The sealed private halves, by number.
pub(super) fn sealed(tx: &mut Tx<'_>) -> Result<Vec<(i64, Vec<u8>)>, Fault> {
    let rows =
        tx.all("SELECT id, sealed_pkcs8 FROM signing_keys WHERE sealed_pkcs8 IS NOT NULL ORDER BY id", args![])?;
    rows.iter().map(|row| Ok((row.int("id")?, row.bytes("sealed_pkcs8")?))).collect()
}

/// Puts a sealed private half in the place of another. Gives how many were replaced.
pub(super) fn replace(tx: &mut Tx<'_>, id: i64, old: &[u8], new: &[u8]) -> Result<u64, Fault> {
    let sql = "UPDATE signing_keys
               SET sealed_pkcs8 = $3
               WHERE id = $1 AND sealed_pkcs8 = $2";
    tx.run(sql, args![id, old, new])
}

fn opened(row: &Row, sealer: &Sealer) -> Result<StoredKey, Fault> {
    let key = RingKey::read(row)?;
    let jwk = jose::strict::object(row.text("public_jwk")?.as_bytes());
    let public = jwk.and_then(|jwk| PublicKey::from_jwk(&jwk.into())).filter(|public| public.kid() == key.kid);
    let public = public.ok_or_else(|| Fault::new("signing_keys read: the public key is not the one of its kid"))?;
    let private = match (row.opt_bytes("sealed_pkcs8")?, key.retired) {
        (Some(sealed), None) => Some(private_half(&key, &sealed, sealer)?),
        (None, Some(_)) => None,
        (Some(_), Some(_)) => return Err(Fault::new("signing_keys read: retired, but still able to sign")),
        (None, None) => return Err(Fault::new("signing_keys read: live, but unable to sign")),
    };
    Ok(StoredKey { key, public, private })
}

fn private_half(key: &RingKey, sealed: &[u8], sealer: &Sealer) -> Result<SigningKey, Fault> {
    let pkcs8 = Zeroizing::new(sealer.open(place(&key.id.to_string()), sealed)?);
    let private = SigningKey::from_pkcs8(key.alg, &pkcs8)?;
    if private.kid() == key.kid {
        Ok(private)
    } else {
        Err(Fault::new("signing_keys read: the private key is not the one of its kid"))
    }
}

/// Adds a key.
pub(super) fn insert(tx: &mut Tx<'_>, new: &NewKey<'_>) -> Result<(), Fault> {
    let sql = "INSERT INTO signing_keys (id, kid, alg, sealed_pkcs8, public_jwk, created_at, published_at, signs_from)
               VALUES ($1, $2, $3, $4, $5, $6, $6, $7)";
    let (alg, jwk): (Alg, String) = (new.key.alg(), new.key.public().jwk().to_string());
    tx.run(sql, args![new.id, new.key.kid(), alg.as_str(), new.sealed, jwk, new.now, new.signs_from])?;
    Ok(())
}

/// Lets a waiting key begin earlier.
pub(super) fn hasten(tx: &mut Tx<'_>, id: i64, signs_from: Time) -> Result<(), Fault> {
    let sql = "UPDATE signing_keys
               SET signs_from = $2
               WHERE id = $1 AND retired_at IS NULL AND signs_from > $2";
    tx.run(sql, args![id, signs_from])?;
    Ok(())
}

/// Ends a key's signing and wipes its private half.
pub(super) fn retire(tx: &mut Tx<'_>, id: i64, now: Time, gone_after: Time) -> Result<(), Fault> {
    let sql = "UPDATE signing_keys
               SET retired_at = $2, gone_after = $3, sealed_pkcs8 = NULL
               WHERE id = $1 AND retired_at IS NULL";
    tx.run(sql, args![id, now, gone_after])?;
    Ok(())
}

/// Removes a key whose last token has expired.
pub(super) fn forget(tx: &mut Tx<'_>, id: i64, now: Time) -> Result<(), Fault> {
    let sql = "DELETE FROM signing_keys
               WHERE id = $1 AND gone_after <= $2";
    tx.run(sql, args![id, now])?;
    Ok(())
}

/// Claims the next version of the ring, and so tells every node that it changes. False when it is no longer at `version`.
pub(super) fn take_version(tx: &mut Tx<'_>, version: i64) -> Result<bool, Fault> {
    let sql = "INSERT INTO versions (name, version)
               VALUES ($1, $2 + 1)
               ON CONFLICT (name) DO UPDATE
               SET version = versions.version + 1
               WHERE versions.version = $2
               RETURNING version";
    Ok(tx.one(sql, args![VERSION, version])?.is_some())
}

/// The ring's version: zero before the first key.
pub(super) fn version(tx: &mut Tx<'_>) -> Result<i64, Fault> {
    let sql = "SELECT version
               FROM versions
               WHERE name = $1";
    tx.one(sql, args![VERSION])?.map_or(Ok(0), |row| row.int("version"))
}
