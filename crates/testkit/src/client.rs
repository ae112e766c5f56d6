//! An app of a test: it sends people, redeems codes, and knows its secret.

use crate::http::Answer;
use crate::world::{World, form};
use serde_json::Value;

/// The pair of RFC 7636 appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
/// Its S256 transform.
pub const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// The claims of a JWT, unchecked.
pub fn claims(jwt: &str) -> Value {
    use base64::Engine as _;
    let part = jwt.split('.').nth(1).expect("three parts");
    serde_json::from_slice(&base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap()).unwrap()
}

/// A registered app.
pub struct TestApp<'a> {
    pub world: &'a World,
    pub client_id: String,
    /// None for a public app.
    pub secret: Option<String>,
    pub redirect_uri: String,
}

impl<'a> TestApp<'a> {
    pub(crate) async fn made(world: &'a World, key: &str, more: &str) -> TestApp<'a> {
        let redirect_uri = format!("https://{key}.test/cb");
        let alg =
            if more.contains("id_token_signed_response_alg") { "" } else { "id_token_signed_response_alg = \"EdDSA\"" };
        let manifest = format!(
            "[[organization]]\nkey = \"org-{key}\"\nname = \"Org {key}\"\n\n[[app]]\nkey = \"{key}\"\norganization = \"org-{key}\"\n\
             name = \"App {key}\"\nredirect_uris = [\"{redirect_uri}\"]\n{alg}\n{more}\n"
        );
        let made = world.applies(&manifest).await;
        TestApp {
            world,
            client_id: made[&format!("app.{key}.client_id")].clone(),
            secret: made.get(&format!("app.{key}.client_secret")).cloned(),
            redirect_uri,
        }
    }

    /// The address an app sends people to; PKCE, state and nonce unless they are among `more`. An empty value leaves a field out.
    pub fn request(&self, more: &[(&str, &str)]) -> String {
        let own = [
            ("client_id", self.client_id.as_str()),
            ("redirect_uri", self.redirect_uri.as_str()),
            ("response_type", "code"),
            ("scope", "openid"),
            ("state", "st4te"),
            ("nonce", "n0nce"),
            ("code_challenge", CHALLENGE),
            ("code_challenge_method", "S256"),
        ];
        let mut fields: Vec<(&str, &str)> =
            own.into_iter().filter(|(name, _)| !more.iter().any(|(other, _)| other == name)).collect();
        fields.extend(more.iter().filter(|(_, value)| !value.is_empty()));
        format!("/signin?{}", form(&fields))
    }

    /// The address it sends people to for what another app offers.
    pub fn connects_to(&self, resource: &str, scope: &str, more: &[(&str, &str)]) -> String {
        let mut fields = vec![("resource", resource), ("scope", scope), ("response_type", "")];
        fields.extend(more);
        self.request(&fields).replacen("/signin?", "/connect?", 1)
    }

    /// Exchanges a subject token.
    pub async fn exchanges(&self, subject: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all =
            vec![("grant_type", "urn:ietf:params:oauth:grant-type:token-exchange"), ("subject_token", subject)];
        all.extend(fields);
        self.asks(&all).await
    }

    /// The delegated token for a subject token, which must be given.
    pub async fn delegated(&self, subject: &str, resource: &str) -> String {
        let answer = self.exchanges(subject, &[("resource", resource)]).await;
        assert_eq!(answer.status, 200, "{answer:?}");
        answer.json()["access_token"].as_str().expect("a token").to_owned()
    }

    /// Posts to the token endpoint with the app's own authentication (post) besides the fields.
    pub async fn asks(&self, fields: &[(&str, &str)]) -> Answer {
        self.posts("/api/oauth/token", fields).await
    }

    /// Posts to a protocol endpoint with the app's own authentication.
    pub async fn posts(&self, target: &str, fields: &[(&str, &str)]) -> Answer {
        let mut all = vec![("client_id", self.client_id.as_str())];
        all.extend(self.secret.as_deref().map(|secret| ("client_secret", secret)));
        all.extend(fields);
        self.world.posts(target, &all).await
    }

    /// Redeems a code.
    pub async fn redeems(&self, code: &str) -> Answer {
        self.asks(&[
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &self.redirect_uri),
            ("code_verifier", VERIFIER),
        ])
        .await
    }

    /// Refreshes.
    pub async fn refreshes(&self, token: &str) -> Answer {
        self.asks(&[("grant_type", "refresh_token"), ("refresh_token", token)]).await
    }

    /// Introspects.
    pub async fn introspects(&self, token: &str) -> Value {
        self.posts("/api/oauth/introspect", &[("token", token)]).await.json()
    }

    /// True when introspection says so.
    pub async fn sees_active(&self, token: &str) -> bool {
        self.introspects(token).await["active"] == Value::Bool(true)
    }
}
