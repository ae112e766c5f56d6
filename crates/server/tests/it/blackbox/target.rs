//! Source, target and server as three processes; the target knows nothing but `procura-verify`.

use super::person::{App, FORM, Person, REDIRECT, redemption};
use super::{Place, Server, soon};
use serde_json::Value;
use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use testkit::Answer;

const KEY: &str = "iris:inference";
const AUDIENCE: &str = "https://iris.test/api";

/// The example of `procura-verify`, running.
struct Target {
    child: Child,
    listen: String,
}

impl Target {
    fn starts(server: &Server, scope: &str) -> Target {
        let beside = Path::new(env!("CARGO_BIN_EXE_procura")).parent().unwrap().join("examples/protect");
        assert!(beside.is_file(), "build it first: cargo build -p procura-verify --example protect");
        let mut child = Command::new(beside)
            .args([&server.issuer, AUDIENCE, KEY, scope, "127.0.0.1:0"])
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut ready = String::new();
        BufReader::new(child.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let listen = ready.trim().strip_prefix("ready listen=").unwrap().to_owned();
        Target { child, listen }
    }

    async fn infers(&self, token: &str) -> Answer {
        let headers =
            [("Host".to_owned(), self.listen.clone()), ("Authorization".to_owned(), format!("Bearer {token}"))];
        testkit::http::send(&self.listen, "POST", "/infer", &headers, b"").await
    }
}

impl Drop for Target {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn manifest() -> String {
    format!(
        "[[organization]]\nkey = \"acme\"\nname = \"Acme\"\n\n[[app]]\nkey = \"notes\"\norganization = \"acme\"\nname = \"Notes\"\n\
         redirect_uris = [\"{REDIRECT}\"]\nid_token_signed_response_alg = \"EdDSA\"\n\n\
         [[app]]\nkey = \"iris\"\norganization = \"acme\"\nname = \"Iris\"\nredirect_uris = [\"https://iris.test/cb\"]\n\n\
         [[resource]]\nkey = \"{KEY}\"\napp = \"iris\"\nname = \"Iris inference\"\naudience = \"{AUDIENCE}\"\n\
         allow_chains = true\nscopes = [\n\
         {{ name = \"ask\", text = \"Ask questions\", risk = \"low\" }},\n\
         {{ name = \"erase\", text = \"Erase\", risk = \"high\" }},\n]\n"
    )
}

async fn exchange(server: &Server, app: &App, subject: &str, scope: &str) -> Answer {
    let more = format!("subject_token={subject}&resource=iris%3Ainference&scope={scope}");
    app.asks(server, "urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange", &more).await
}

#[tokio::test]
async fn a_target_that_knows_only_the_verifier_serves_whom_the_person_allowed() {
    let place = Place::new();
    let server = place.starts();
    place.writes("apps.toml", &manifest());
    let out = place.runs(&["apply", "-f", "apps.toml"]).done();
    let field = |name: &str| out.lines().find_map(|line| line.strip_prefix(name)).unwrap().to_owned();
    let notes = App { id: field("app.notes.client_id="), secret: field("app.notes.client_secret=") };
    let iris = App { id: field("app.iris.client_id="), secret: field("app.iris.client_secret=") };
    soon("the app is known", async || notes.asks(&server, "client_credentials", "").await.status == 200).await;
    let (target, strict) = (Target::starts(&server, "ask"), Target::starts(&server, "erase"));

    let mut ada = Person::registers(&server, "ada").await;
    let code = ada.connects(&notes, KEY, "ask+erase").await;
    let tokens = notes.asks(&server, "authorization_code", &redemption(&code)).await.json();
    let subject = tokens["access_token_jwt"].as_str().unwrap();
    let exchanged = exchange(&server, &notes, subject, "ask").await.json();
    let token = exchanged["access_token"].as_str().unwrap();

    let answer = target.infers(token).await;
    assert_eq!(answer.status, 200, "{answer:?}");
    let sub = tokens["user"]["id"].as_str().unwrap();
    assert_eq!(answer.text(), format!("{} acts for {sub} in user_present\n", notes.id));
    assert_eq!(strict.infers(token).await.status, 403, "a scope that the token has not");
    for other in [subject, tokens["id_token"].as_str().unwrap(), "x.y.z"] {
        assert_eq!(target.infers(other).await.status, 401);
    }

    // Passed on by the app that it was made out to: still Notes, acting for Ada, with less.
    let whole = exchange(&server, &notes, subject, "ask+erase").await.json();
    let passed = exchange(&server, &iris, whole["access_token"].as_str().unwrap(), "ask").await.json();
    let answer = target.infers(passed["access_token"].as_str().unwrap()).await;
    assert_eq!(answer.text(), format!("{} acts for {sub} in user_present\n", notes.id));

    // Taken back: no new token, and whoever asks the server learns it at once.
    let listed = ada.opens("/api/oauth/delegations").await.json();
    let id = listed["delegations"][0]["id"].as_str().unwrap();
    let origin = server.issuer.clone();
    let cookie: Vec<String> = ada.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let headers = [("Origin", origin.as_str()), ("Cookie", &cookie.join("; "))];
    let ended = server.sends("DELETE", &format!("/api/oauth/delegations/{id}"), &headers, "").await;
    assert_eq!(ended.json()["success"], Value::Bool(true));
    assert_eq!(exchange(&server, &notes, subject, "ask").await.status, 403);
    let body = format!("{}&token={token}", iris.own());
    let told = server.sends("POST", "/api/oauth/introspect", &[FORM], &body).await.json();
    assert_eq!(told["active"], Value::Bool(false));
}
