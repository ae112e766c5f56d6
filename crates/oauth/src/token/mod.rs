//! Tokens: what each kind holds, how it is found again, and whether it is alive.
//!
//! An access token has two forms, opaque and JWT, bound to one row: revoking either ends both (`product.md` section 2).

mod access_jwt;
pub(crate) mod id_token;
mod rows;

pub(crate) use rows::{
    access_over_after, delete_access, delete_refresh, end_access, find_access, find_refresh, insert_access,
    insert_refresh, keep_replay, refresh_over_after, replay_answer, take_refresh, wipe_replays,
};

use crate::OAuth;
use crate::app::App;
use crate::claims::Person;
use crate::code::Family;
use base::{Bearer, Fault, Scope, Seams, Secret, Time};
use jose::Kind;

pub(crate) const ACCESS_PREFIX: &str = "pat_";
pub(crate) const REFRESH_PREFIX: &str = "prt_";

/// The secrets of one answer, drawn inside the transaction that stores their digests.
#[derive(Debug, Clone)]
pub(crate) struct Minted {
    pub access: Bearer,
    pub refresh: Option<Bearer>,
}

impl Minted {
    pub(crate) fn draw(seams: &Seams, with_refresh: bool) -> Result<Minted, Fault> {
        let access = Bearer::mint(ACCESS_PREFIX, seams.number()?, seams.entropy())?;
        let refresh =
            if with_refresh { Some(Bearer::mint(REFRESH_PREFIX, seams.number()?, seams.entropy())?) } else { None };
        Ok(Minted { access, refresh })
    }
}

/// What the token endpoint answers (RFC 6749 §5.1, with the seeds' additions).
#[derive(Debug, Clone)]
pub struct Tokens {
    pub access_token: Secret,
    pub access_token_jwt: Secret,
    pub id_token: Option<Secret>,
    pub refresh_token: Option<Secret>,
    pub expires_in_secs: i64,
    pub scope: Scope,
    /// Who it is, as far as the scope tells; nothing for a client's own token.
    pub user: Option<User>,
    /// The account as this app knows it, only with `user_id`.
    pub user_id: Option<String>,
}

/// `user` of the answer, filtered by scope (seed: the SDK needs `user.id` always).
#[derive(Debug, Clone)]
pub struct User {
    pub id: String,
    pub display_name: Option<String>,
    pub handle: Option<String>,
    pub avatar_url: Option<String>,
    pub email: Option<String>,
    pub is_primary: bool,
}

impl User {
    fn of(person: &Person, scope: &Scope) -> User {
        let profile = scope.has("profile");
        User {
            id: person.identity.as_str().to_owned(),
            display_name: profile.then(|| person.display_name.clone()),
            handle: profile.then(|| person.handle.clone()),
            avatar_url: person.picture.clone().filter(|_| profile),
            email: person.email.clone().filter(|_| scope.has("email")),
            is_primary: person.is_primary,
        }
    }
}

/// All that signing needs, once the transaction is committed.
#[derive(Debug, Clone)]
pub(crate) struct Issued {
    pub family: Family,
    pub person: Option<Person>,
    pub minted: Minted,
    pub scope: Scope,
    pub at: Time,
    pub ttl_secs: i64,
    /// Only the first ID token of a code carries the nonce.
    pub with_nonce: bool,
}

impl OAuth {
    /// Signs what was issued. RSA is slow enough to be kept off the threads that serve.
    pub(crate) async fn sign(&self, app: &std::sync::Arc<App>, issued: Issued) -> Result<Tokens, Fault> {
        let signer = self.keys.signer(app.alg)?;
        if app.alg != jose::Alg::Rs256 {
            return self.sign_with(&signer, app, &issued);
        }
        // No more at a time than there are processors: all would share them, and everybody would wait for the slowest.
        let _turn = self.signing.acquire().await.map_err(|_| Fault::new("token sign: the queue is closed"))?;
        let (oauth, app) = (self.clone(), std::sync::Arc::clone(app));
        tokio::task::spawn_blocking(move || oauth.sign_with(&signer, &app, &issued))
            .await
            .map_err(|_| Fault::new("token sign: the thread died"))?
    }

    /// Signs one token, off the threads that serve where that is slow.
    pub(crate) async fn sign_one(&self, alg: jose::Alg, kind: Kind, claims: Vec<u8>) -> Result<String, Fault> {
        let signer = self.keys.signer(alg)?;
        if alg != jose::Alg::Rs256 {
            return signer.sign(kind, &claims);
        }
        let _turn = self.signing.acquire().await.map_err(|_| Fault::new("token sign: the queue is closed"))?;
        tokio::task::spawn_blocking(move || signer.sign(kind, &claims))
            .await
            .map_err(|_| Fault::new("token sign: the thread died"))?
    }

    fn sign_with(&self, signer: &jose::SigningKey, app: &App, issued: &Issued) -> Result<Tokens, Fault> {
        let access_jwt = signer.sign(Kind::AccessToken, &access_jwt::claims(self, app, issued)?)?;
        let id_token = match (&issued.person, issued.scope.has("openid")) {
            (Some(person), true) => Some(signer.sign(Kind::IdToken, &id_token::claims(self, app, issued, person)?)?),
            _ => None,
        };
        let has_user_id = issued.scope.has("user_id");
        Ok(Tokens {
            access_token: issued.minted.access.secret().clone(),
            access_token_jwt: Secret::new(access_jwt),
            id_token: id_token.map(Secret::new),
            refresh_token: issued.minted.refresh.as_ref().map(|refresh| refresh.secret().clone()),
            expires_in_secs: issued.ttl_secs,
            scope: issued.scope.clone(),
            user: issued.person.as_ref().map(|person| User::of(person, &issued.scope)),
            user_id: issued
                .person
                .as_ref()
                .filter(|_| has_user_id)
                .map(|person| self.pairwise_user_id(&person.account, &app.id)),
        })
    }
}

/// An access token that was shown to us, found and alive or not.
#[derive(Debug, Clone)]
pub(crate) struct Access {
    pub number: i64,
    pub family: Family,
    pub scope: Scope,
    pub expires_at: Time,
    pub has_ended: bool,
}

impl Access {
    pub(crate) fn is_live(&self, now: Time) -> bool {
        !self.has_ended && now < self.expires_at && self.family.is_live()
    }
}

/// A refresh token that was shown to us.
#[derive(Debug, Clone)]
pub(crate) struct Refresh {
    pub number: i64,
    pub family: Family,
    pub expires_at: Time,
    pub used_at: Option<Time>,
    pub has_ended: bool,
}

/// The number of a row as a JWT's `jti`.
pub(crate) fn jti(number: i64) -> String {
    format!("{number:016x}")
}

/// The row that a `jti` of ours names.
pub(crate) fn number_of_jti(jti: &str) -> Option<i64> {
    (jti.len() == 16).then(|| i64::from_str_radix(jti, 16).ok()).flatten()
}
