//! A person with a browser and a passkey, and the apps they meet, against a server in another process.

use super::{Place, Server, soon};
use serde_json::json;
use std::collections::BTreeMap;
use testkit::{Answer, Fake, SoftPasskey};

/// The pair of RFC 7636 appendix B.
pub(super) const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";
pub(super) const REDIRECT: &str = "https://notes.test/cb";
pub(super) const FORM: (&str, &str) = ("Content-Type", "application/x-www-form-urlencoded");

/// An app with its secret.
#[derive(Clone)]
pub(super) struct App {
    pub id: String,
    pub secret: String,
}

impl App {
    /// Registers the app through the command line and waits until the server knows it.
    pub(super) async fn registered(place: &Place, server: &Server) -> App {
        let manifest = format!(
            "[[organization]]\nkey = \"acme\"\nname = \"Acme\"\n\n[[app]]\nkey = \"notes\"\norganization = \"acme\"\nname = \"Notes\"\n\
             type = \"confidential\"\nredirect_uris = [\"{REDIRECT}\"]\nscopes = [\"openid\", \"offline_access\"]\n\
             id_token_signed_response_alg = \"EdDSA\"\n"
        );
        place.writes("apps.toml", &manifest);
        let out = place.runs(&["apply", "-f", "apps.toml"]).done();
        let field = |name: &str| out.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
        let app = App { id: field("app.notes.client_id="), secret: field("app.notes.client_secret=") };
        soon("the app is known", async || app.asks(server, "client_credentials", "").await.status == 200).await;
        app
    }

    /// Asks the token endpoint.
    pub(super) async fn asks(&self, server: &Server, grant: &str, more: &str) -> Answer {
        let body = format!("grant_type={grant}&{}&{more}", self.own());
        server.sends("POST", "/api/oauth/token", &[FORM], &body).await
    }

    pub(super) fn own(&self) -> String {
        format!("client_id={}&client_secret={}", self.id, self.secret)
    }

    pub(super) async fn redeems(&self, server: &Server, code: &str) -> Answer {
        self.asks(server, "authorization_code", &redemption(code)).await
    }

    pub(super) async fn sees_active(&self, server: &Server, token: &str) -> bool {
        let answer =
            server.sends("POST", "/api/oauth/introspect", &[FORM], &format!("{}&token={token}", self.own())).await;
        answer.json()["active"] == true
    }
}

/// The fields of a redemption.
pub(super) fn redemption(code: &str) -> String {
    format!("code={code}&redirect_uri=https%3A%2F%2Fnotes.test%2Fcb&code_verifier={VERIFIER}")
}

/// A browser that somebody is signed in with.
pub(super) struct Person<'a> {
    server: &'a Server,
    pub cookies: BTreeMap<String, String>,
}

impl<'a> Person<'a> {
    pub(super) async fn registers(server: &'a Server, handle: &str) -> Person<'a> {
        let mut person = Person { server, cookies: BTreeMap::new() };
        let started = person.calls("/api/register/start", &json!({ "handle": handle })).await.json();
        let (_, credential) = SoftPasskey::register(&started["options"], &server.issuer);
        let body = json!({
            "tempUserId": started["tempUserId"],
            "credential": credential,
            "identity": { "displayName": handle, "handle": handle },
            "device": { "name": "Laptop", "type": "computer" },
        });
        let done = person.calls("/api/register/complete", &body).await;
        assert_eq!(done.status, 200, "{done:?}");
        person
    }

    async fn calls(&mut self, target: &str, body: &serde_json::Value) -> Answer {
        self.sends("POST", target, ("Content-Type", "application/json"), &body.to_string()).await
    }

    async fn sends(&mut self, method: &str, target: &str, kind: (&str, &str), body: &str) -> Answer {
        let cookies: Vec<_> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let cookies = cookies.join("; ");
        let headers = [kind, ("Origin", &self.server.issuer), ("Cookie", &cookies)];
        let answer = self.server.sends(method, target, &headers, body).await;
        for cookie in answer.headers("set-cookie") {
            if let Some((name, value)) = cookie.split(';').next().and_then(|pair| pair.split_once('=')) {
                self.cookies.insert(name.to_owned(), value.to_owned());
            }
        }
        answer
    }

    /// Opens a page or an answer of the API.
    pub(super) async fn opens(&mut self, target: &str) -> Answer {
        self.sends("GET", target, FORM, "").await
    }

    /// Signs in at the app and gives the code it gets.
    pub(super) async fn approves(&mut self, app: &App, scope: &str) -> String {
        self.says_yes(app, "signin", &format!("response_type=code&scope={scope}")).await
    }

    /// Lets the app use a resource and gives the code it gets.
    pub(super) async fn connects(&mut self, app: &App, resource: &str, scope: &str) -> String {
        self.says_yes(app, "connect", &format!("resource={resource}&scope={scope}")).await
    }

    /// Lets the app use a resource that stands for an account elsewhere, links that account at the fake provider on the way, and gives
    /// the code the app gets.
    pub(super) async fn links(&mut self, app: &App, fake: &Fake, resource: &str, scope: &str) -> String {
        let away = self.allows(app, "connect", &format!("resource={resource}&scope={scope}")).await;
        let back = fake.opens(away.location()).await.location().to_owned();
        let target = back.strip_prefix(&self.server.issuer).unwrap_or_else(|| panic!("not to us: {back}"));
        let answer = self.opens(target).await;
        answer.location_field("code").unwrap_or_else(|| panic!("no code: {answer:?}"))
    }

    async fn says_yes(&mut self, app: &App, path: &str, more: &str) -> String {
        let answer = self.allows(app, path, more).await;
        answer.location_field("code").unwrap_or_else(|| panic!("no code: {answer:?}"))
    }

    async fn allows(&mut self, app: &App, path: &str, more: &str) -> Answer {
        let id = &app.id;
        let target = format!(
            "/{path}?client_id={id}&redirect_uri=https%3A%2F%2Fnotes.test%2Fcb&{more}\
             &state=st4te&code_challenge={CHALLENGE}&code_challenge_method=S256"
        );
        let first = self.opens(&target).await;
        if first.status == 303 {
            return first;
        }
        let mut fields = first.form_with("flow");
        fields.insert("decision".to_owned(), "allow".to_owned());
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        self.sends("POST", "/signin/decision", FORM, &body).await
    }
}
