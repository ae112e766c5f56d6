//! The crate `openidconnect`, unmodified: discovery, code with PKCE, ID token checks, userinfo, refresh, revocation,
//! logout; confidential and public; RS256, ES256 and EdDSA; at an https issuer.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, clippy::indexing_slicing)]

mod person;
mod server;
mod wire;

use openidconnect::core::{
    CoreAuthDisplay, CoreAuthenticationFlow, CoreClaimName, CoreClaimType, CoreClient, CoreClientAuthMethod,
    CoreGrantType, CoreIdTokenClaims, CoreJsonWebKey, CoreJweContentEncryptionAlgorithm, CoreJweKeyManagementAlgorithm,
    CoreJwsSigningAlgorithm, CoreResponseMode, CoreResponseType, CoreRevocableToken, CoreSubjectIdentifierType,
    CoreTokenResponse, CoreUserInfoClaims,
};
use openidconnect::{
    AccessTokenHash, AdditionalProviderMetadata, AuthType, AuthorizationCode, ClientId, ClientSecret, CsrfToken,
    EndSessionUrl, IssuerUrl, LogoutRequest, Nonce, OAuth2TokenResponse, PkceCodeChallenge, PostLogoutRedirectUrl,
    ProviderMetadata, RedirectUrl, RequestTokenError, RevocationUrl, Scope, TokenResponse,
};
use person::Person;
use serde::{Deserialize, Serialize};
use server::{ISSUER, Server};
use url::Url;
use wire::Wire;

const CALLBACK: &str = "https://client.test/callback";
const SIGNED_OUT: &str = "https://client.test/signed-out";
const SECRET: &str = "a-secret-of-the-suite-that-is-long-enough";

#[derive(Clone, Debug, Deserialize, Serialize)]
struct Endpoints {
    revocation_endpoint: RevocationUrl,
    end_session_endpoint: EndSessionUrl,
}

impl AdditionalProviderMetadata for Endpoints {}

type Metadata = ProviderMetadata<
    Endpoints,
    CoreAuthDisplay,
    CoreClientAuthMethod,
    CoreClaimName,
    CoreClaimType,
    CoreGrantType,
    CoreJweContentEncryptionAlgorithm,
    CoreJweKeyManagementAlgorithm,
    CoreJsonWebKey,
    CoreResponseMode,
    CoreResponseType,
    CoreSubjectIdentifierType,
>;

struct Kind {
    client_id: &'static str,
    secret: Option<&'static str>,
    auth: AuthType,
    algorithm: CoreJwsSigningAlgorithm,
}

const MANIFEST: &str = r#"
[[organization]]
key = "suite"
name = "Conformance Suite"

[[app]]
key = "basic"
organization = "suite"
name = "Basic"
client_id = "app_00000000000000000000000000000001"
client_secret = "a-secret-of-the-suite-that-is-long-enough"
redirect_uris = ["https://client.test/callback"]
post_logout_redirect_uris = ["https://client.test/signed-out"]

[[app]]
key = "post"
organization = "suite"
name = "Post"
client_id = "app_00000000000000000000000000000002"
client_secret = "a-secret-of-the-suite-that-is-long-enough"
redirect_uris = ["https://client.test/callback"]
post_logout_redirect_uris = ["https://client.test/signed-out"]
id_token_signed_response_alg = "ES256"

[[app]]
key = "public"
organization = "suite"
name = "Public"
type = "public"
client_id = "app_00000000000000000000000000000003"
redirect_uris = ["https://client.test/callback"]
post_logout_redirect_uris = ["https://client.test/signed-out"]
id_token_signed_response_alg = "EdDSA"
"#;

#[tokio::test]
async fn a_confidential_app_with_basic_and_rs256_runs_its_whole_life() {
    let server = Server::start(MANIFEST);
    whole_life(
        &server,
        Kind {
            client_id: "app_00000000000000000000000000000001",
            secret: Some(SECRET),
            auth: AuthType::BasicAuth,
            algorithm: CoreJwsSigningAlgorithm::RsaSsaPkcs1V15Sha256,
        },
    )
    .await;
}

#[tokio::test]
async fn a_confidential_app_with_post_and_es256_runs_its_whole_life() {
    let server = Server::start(MANIFEST);
    whole_life(
        &server,
        Kind {
            client_id: "app_00000000000000000000000000000002",
            secret: Some(SECRET),
            auth: AuthType::RequestBody,
            algorithm: CoreJwsSigningAlgorithm::EcdsaP256Sha256,
        },
    )
    .await;
}

#[tokio::test]
async fn a_public_app_with_eddsa_runs_its_whole_life() {
    let server = Server::start(MANIFEST);
    whole_life(
        &server,
        Kind {
            client_id: "app_00000000000000000000000000000003",
            secret: None,
            auth: AuthType::RequestBody,
            algorithm: CoreJwsSigningAlgorithm::EdDsa,
        },
    )
    .await;
}

async fn whole_life(server: &Server, kind: Kind) {
    let wire = Wire { address: server.address.clone() };
    let http = |request| {
        let wire = wire.clone();
        async move { wire.send(request).await }
    };
    let mut person = Person::register(wire.clone(), "ada").await;

    let metadata = Metadata::discover_async(IssuerUrl::new(ISSUER.into()).unwrap(), &http).await.unwrap();
    let endpoints = metadata.additional_metadata().clone();
    let client = CoreClient::from_provider_metadata(
        metadata,
        ClientId::new(kind.client_id.into()),
        kind.secret.map(|secret| ClientSecret::new(secret.into())),
    )
    .set_redirect_uri(RedirectUrl::new(CALLBACK.into()).unwrap())
    .set_revocation_url(endpoints.revocation_endpoint)
    .set_auth_type(kind.auth);
    let verifier = client.id_token_verifier().set_allowed_algs([kind.algorithm.clone()]);

    // Sign in.
    let (challenge, pkce) = PkceCodeChallenge::new_random_sha256();
    let (url, state, nonce) = client
        .authorize_url(CoreAuthenticationFlow::AuthorizationCode, CsrfToken::new_random, Nonce::new_random)
        .add_scope(Scope::new("profile".into()))
        .add_scope(Scope::new("offline_access".into()))
        .set_pkce_challenge(challenge)
        .url();
    let callback = person.allow(&url).await;
    assert_eq!(parameter(&callback, "state"), *state.secret());
    assert_eq!(parameter(&callback, "iss"), ISSUER);
    let code = AuthorizationCode::new(parameter(&callback, "code"));
    let tokens: CoreTokenResponse =
        client.exchange_code(code).unwrap().set_pkce_verifier(pkce).request_async(&http).await.unwrap();

    let id_token = tokens.id_token().expect("openid was granted");
    let claims: &CoreIdTokenClaims = id_token.claims(&verifier, &nonce).unwrap();
    assert_eq!(claims.subject().as_str(), person.sub);
    assert_eq!(claims.preferred_username().unwrap().as_str(), "ada");
    assert_eq!(*id_token.signing_alg().unwrap(), kind.algorithm);
    let key = id_token.signing_key(&verifier).unwrap();
    let hash = AccessTokenHash::from_token(tokens.access_token(), id_token.signing_alg().unwrap(), key).unwrap();
    assert_eq!(claims.access_token_hash().expect("at_hash"), &hash);

    let info: CoreUserInfoClaims = client
        .user_info(tokens.access_token().clone(), Some(claims.subject().clone()))
        .unwrap()
        .request_async(&http)
        .await
        .unwrap();
    assert_eq!(info.preferred_username().unwrap().as_str(), "ada");

    // Refresh: the answer's ID token carries no nonce, and belongs to the same sign-in.
    let old = tokens.refresh_token().expect("offline_access was granted");
    let next: CoreTokenResponse = client.exchange_refresh_token(old).unwrap().request_async(&http).await.unwrap();
    let fresh = next.id_token().unwrap().claims(&verifier, |_: Option<&Nonce>| Ok(())).unwrap();
    assert_eq!(fresh.subject(), claims.subject());
    assert_eq!(fresh.auth_time(), claims.auth_time());

    // Revoke.
    let last = next.refresh_token().unwrap().clone();
    client.revoke_token(CoreRevocableToken::from(last.clone())).unwrap().request_async(&http).await.unwrap();
    let refusal = client.exchange_refresh_token(&last).unwrap().request_async(&http).await.unwrap_err();
    let RequestTokenError::ServerResponse(refusal) = refusal else { panic!("not an OAuth error: {refusal}") };
    assert_eq!(refusal.error().as_ref(), "invalid_grant");

    // Sign out.
    let logout = LogoutRequest::from(endpoints.end_session_endpoint)
        .set_id_token_hint(id_token)
        .set_post_logout_redirect_uri(PostLogoutRedirectUrl::new(SIGNED_OUT.into()).unwrap())
        .set_state(CsrfToken::new("bye".into()))
        .http_get_url();
    assert_eq!(person.leave(&logout).await.as_str(), format!("{SIGNED_OUT}?state=bye"));
}

fn parameter(url: &Url, name: &str) -> String {
    url.query_pairs().find(|(key, _)| key == name).map(|(_, value)| value.into_owned()).unwrap_or_default()
}
