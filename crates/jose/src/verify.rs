//! Verifying one of our own tokens: its form, its key, its signature, its kind, then its claims.
//!
//! Promise: one token has one text. Loose base64url, padding, white space, an unknown header member, a member named twice or an
//! algorithm other than the key's own is refused before any claim is looked at (RFC 7515 §4.1.11, RFC 8725 §3).

use crate::alg::Alg;
use crate::claims::{Claims, audiences};
use crate::jwk::PublicKey;
use crate::keyset::KeySet;
use crate::kind::{DELEGATED_CLAIM, Kind};
use crate::proven::Proven;
use crate::{LONGEST_LIFE_SECS, SKEW_SECS, strict};
use base::Time;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use serde_json::{Map, Value};
use std::fmt;

/// The longest token that is read, in bytes.
pub const LONGEST_TOKEN: usize = 16 * 1024;

/// What the caller demands of a token.
#[derive(Debug, Clone, Copy)]
pub struct Expect<'a> {
    /// The kind it must be of.
    pub kind: Kind,
    /// The issuer it must name.
    pub issuer: &'a str,
    /// The audience it must name; `None` where the caller compares the audience itself.
    pub audience: Option<&'a str>,
    /// The present moment.
    pub now: Time,
    /// True where an expired token still tells who is meant: logout and authorization hints, nowhere else.
    pub allow_expired: bool,
}

/// Why a token was refused. The sentence never repeats anything of the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rejected {
    TooLong,
    Malformed,
    ForeignHeader,
    UnknownKey,
    WrongAlgorithm,
    BadSignature,
    WrongType,
    WrongIssuer,
    WrongAudience,
    BadTimes,
    Expired,
    NotYetValid,
}

impl Rejected {
    /// The fixed sentence, for developers.
    pub const fn sentence(self) -> &'static str {
        match self {
            Rejected::TooLong => "the token is longer than 16 KiB",
            Rejected::Malformed => "the token is not a well-formed compact JWS",
            Rejected::ForeignHeader => "the token's header has a member that this server never writes",
            Rejected::UnknownKey => "the token names no key of this server",
            Rejected::WrongAlgorithm => "the token's alg is not the one of its key",
            Rejected::BadSignature => "the token's signature does not verify",
            Rejected::WrongType => "the token is of another kind",
            Rejected::WrongIssuer => "the token is from another issuer",
            Rejected::WrongAudience => "the token is for another audience",
            Rejected::BadTimes => "the token's exp and iat must be integers within reason",
            Rejected::Expired => "the token has expired",
            Rejected::NotYetValid => "the token is not valid yet",
        }
    }
}

impl fmt::Display for Rejected {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.sentence())
    }
}

impl std::error::Error for Rejected {}

/// The claims of a token that is ours and all that the caller expects.
pub fn verify(keys: &KeySet, token: &str, expect: &Expect<'_>) -> Result<Claims, Rejected> {
    if token.len() > LONGEST_TOKEN {
        return Err(Rejected::TooLong);
    }
    let parts = Parts::split(token).ok_or(Rejected::Malformed)?;
    let key = check_header(keys, &parts, expect.kind)?;
    let print = Proven::print(token);
    if !keys.proven().has(&print) {
        let signature = decode(parts.signature)?;
        if !key.accepts(parts.signed.as_bytes(), &signature) {
            return Err(Rejected::BadSignature);
        }
        keys.proven().keep(print);
    }
    let claims = strict::object(&decode(parts.claims)?).ok_or(Rejected::Malformed)?;
    check_kind(&claims, expect.kind)?;
    check_issuer(&claims, expect.issuer)?;
    check_audience(&claims, expect.audience)?;
    check_times(&claims, expect.now, expect.allow_expired)?;
    Ok(Claims::new(claims))
}

/// The three parts of a compact JWS.
pub(crate) struct Parts<'a> {
    pub(crate) header: &'a str,
    pub(crate) claims: &'a str,
    pub(crate) signature: &'a str,
    /// Header and claims with the dot between: what is signed.
    pub(crate) signed: &'a str,
}

impl<'a> Parts<'a> {
    pub(crate) fn split(token: &'a str) -> Option<Parts<'a>> {
        let (signed, signature) = token.rsplit_once('.')?;
        let (header, claims) = signed.split_once('.')?;
        let is_three = !claims.contains('.') && ![header, claims, signature].contains(&"");
        is_three.then_some(Parts { header, claims, signature, signed })
    }
}

/// Base64url without padding; trailing bits that carry nothing must be zero, or one token would have several texts.
pub(crate) fn decode(part: &str) -> Result<Vec<u8>, Rejected> {
    URL_SAFE_NO_PAD.decode(part).map_err(|_| Rejected::Malformed)
}

fn check_header<'k>(keys: &'k KeySet, parts: &Parts<'_>, kind: Kind) -> Result<&'k PublicKey, Rejected> {
    let header = strict::object(&decode(parts.header)?).ok_or(Rejected::Malformed)?;
    // `crit`, `b64`, `zip`, `jwk`, `jku`, `x5c`, `x5u`, `enc` and whatever comes next: we write none, so we read none.
    if header.keys().any(|name| !["alg", "typ", "kid"].contains(&name.as_str())) {
        return Err(Rejected::ForeignHeader);
    }
    let text = |name: &str| header.get(name).and_then(Value::as_str).ok_or(Rejected::Malformed);
    let (alg, typ, kid) = (text("alg")?, text("typ")?, text("kid")?);
    let key = keys.find(kid).ok_or(Rejected::UnknownKey)?;
    if Alg::parse(alg) != Some(key.alg()) {
        return Err(Rejected::WrongAlgorithm);
    }
    if typ != kind.typ() {
        return Err(Rejected::WrongType);
    }
    Ok(key)
}

/// Access tokens and delegated tokens share a `typ`; the claim tells them apart.
fn check_kind(claims: &Map<String, Value>, kind: Kind) -> Result<(), Rejected> {
    let is_right = match claims.get(DELEGATED_CLAIM) {
        None => kind != Kind::Delegated,
        Some(resource) => kind == Kind::Delegated && resource.as_str().is_some_and(|key| !key.is_empty()),
    };
    if is_right { Ok(()) } else { Err(Rejected::WrongType) }
}

pub(crate) fn check_issuer(claims: &Map<String, Value>, issuer: &str) -> Result<(), Rejected> {
    if claims.get("iss").and_then(Value::as_str) == Some(issuer) { Ok(()) } else { Err(Rejected::WrongIssuer) }
}

/// `aud` is a text or a list of texts (RFC 7519 §4.1.3), in every kind of ours.
pub(crate) fn check_audience(claims: &Map<String, Value>, expected: Option<&str>) -> Result<(), Rejected> {
    let is_well_formed = match claims.get("aud") {
        Some(Value::String(one)) => !one.is_empty(),
        Some(Value::Array(many)) => !many.is_empty() && many.iter().all(Value::is_string),
        _ => false,
    };
    if !is_well_formed {
        return Err(Rejected::WrongAudience);
    }
    let is_named = expected.is_none_or(|expected| audiences(claims).any(|named| named == expected));
    if is_named { Ok(()) } else { Err(Rejected::WrongAudience) }
}

/// `exp` and `iat` are required integers; `nbf` is optional. A life beyond the longest we sign was not signed on purpose.
fn check_times(claims: &Map<String, Value>, now: Time, allow_expired: bool) -> Result<(), Rejected> {
    let int = |name: &str| claims.get(name).and_then(Value::as_i64).filter(|secs| *secs > 0).ok_or(Rejected::BadTimes);
    let (exp, iat) = (int("exp")?, int("iat")?);
    let nbf = if claims.contains_key("nbf") { int("nbf")? } else { iat };
    if exp < iat || exp.saturating_sub(iat) > LONGEST_LIFE_SECS {
        return Err(Rejected::BadTimes);
    }
    if iat.max(nbf) > now.secs().saturating_add(SKEW_SECS) {
        return Err(Rejected::NotYetValid);
    }
    if exp <= now.secs() && !allow_expired {
        return Err(Rejected::Expired);
    }
    Ok(())
}
