//! Sign-in with a library of one's own, ready to paste. Libraries that many use, none of ours needed.

/// A way to add sign-in.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Snippet {
    /// In the URL: `node`.
    pub key: &'static str,
    /// On the tab: *Node*.
    pub label: &'static str,
    /// What to install first.
    pub needs: &'static str,
    pub code: String,
    pub is_current: bool,
}

/// The snippets for an app; `chosen` is the key in the URL. The secret is never in them: it comes from the environment.
/// `alg` signs its ID tokens: openid-client expects RS256 unless told.
pub fn snippets(
    issuer: &str,
    client_id: &str,
    redirect_uri: &str,
    is_public: bool,
    alg: &str,
    chosen: &str,
) -> Vec<Snippet> {
    // openid-client speaks plain http only when told to. Whoever pastes this at home should see why it is there.
    let insecure = if issuer.starts_with("http://") {
        "\n  undefined,\n  { execute: [client.allowInsecureRequests] }, // this issuer is http: for development alone"
    } else {
        ""
    };
    let metadata = if alg == "RS256" {
        "process.env.CLIENT_SECRET".to_owned()
    } else {
        format!("{{ client_secret: process.env.CLIENT_SECRET, id_token_signed_response_alg: \"{alg}\" }}")
    };
    let fill = |template: &str| {
        let named = template.replace("{issuer}", issuer).replace("{client_id}", client_id);
        named.replace("{redirect_uri}", redirect_uri).replace("{metadata}", &metadata).replace("{insecure}", insecure)
    };
    let known: &[(&str, &str, &str, &str)] = if is_public {
        &[("browser", "Browser", "npm install oidc-client-ts", BROWSER), ("curl", "curl", "", CURL_PUBLIC)]
    } else {
        &[
            ("node", "Node", "npm install openid-client", NODE),
            ("python", "Python", "pip install authlib flask requests", PYTHON),
            ("curl", "curl", "", CURL),
        ]
    };
    let is_known = known.iter().any(|(key, ..)| *key == chosen);
    let made = known.iter().enumerate().map(|(place, (key, label, needs, template))| Snippet {
        key,
        label,
        needs,
        code: fill(template),
        is_current: if is_known { *key == chosen } else { place == 0 },
    });
    made.collect()
}

const NODE: &str = r#"import * as client from "openid-client";

const config = await client.discovery(
  new URL("{issuer}"),
  "{client_id}",
  {metadata},{insecure}
);

// Before: keep the verifier and the state in the visitor's session.
const code_verifier = client.randomPKCECodeVerifier();
const state = client.randomState();
const url = client.buildAuthorizationUrl(config, {
  redirect_uri: "{redirect_uri}",
  scope: "openid profile email",
  code_challenge: await client.calculatePKCECodeChallenge(code_verifier),
  code_challenge_method: "S256",
  state,
});

// After, at the redirect URI.
const tokens = await client.authorizationCodeGrant(config, currentUrl, {
  pkceCodeVerifier: code_verifier,
  expectedState: state,
});
console.log(tokens.claims().sub);"#;

const PYTHON: &str = r#"import os
from authlib.integrations.flask_client import OAuth

oauth = OAuth(app)
oauth.register(
    "procura",
    server_metadata_url="{issuer}/.well-known/openid-configuration",
    client_id="{client_id}",
    client_secret=os.environ["CLIENT_SECRET"],
    client_kwargs={"scope": "openid profile email", "code_challenge_method": "S256"},
)

@app.get("/login")
def login():
    return oauth.procura.authorize_redirect("{redirect_uri}")

@app.get("/callback")
def callback():
    return oauth.procura.authorize_access_token()["userinfo"]"#;

const BROWSER: &str = r#"import { UserManager } from "oidc-client-ts";

const manager = new UserManager({
  authority: "{issuer}",
  client_id: "{client_id}",
  redirect_uri: "{redirect_uri}",
  scope: "openid profile email",
});

await manager.signinRedirect();                 // on the button
const user = await manager.signinCallback();    // at the redirect URI
console.log(user.profile.sub);"#;

const CURL: &str = r#"# The code from the redirect, and the verifier whose challenge was sent to {issuer}/signin
curl {issuer}/api/oauth/token \
  --user "{client_id}:$CLIENT_SECRET" \
  --data-urlencode grant_type=authorization_code \
  --data-urlencode code="$CODE" \
  --data-urlencode code_verifier="$VERIFIER" \
  --data-urlencode redirect_uri={redirect_uri}"#;

const CURL_PUBLIC: &str = r#"# The code from the redirect, and the verifier whose challenge was sent to {issuer}/signin
curl {issuer}/api/oauth/token \
  --data-urlencode grant_type=authorization_code \
  --data-urlencode client_id={client_id} \
  --data-urlencode code="$CODE" \
  --data-urlencode code_verifier="$VERIFIER" \
  --data-urlencode redirect_uri={redirect_uri}"#;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_chosen_snippet_is_open_and_holds_the_ids_but_no_secret() {
        let all = snippets("https://id.example.org", "app_1", "https://notes.test/cb", false, "RS256", "curl");
        let open: Vec<_> = all.iter().filter(|snippet| snippet.is_current).map(|snippet| snippet.key).collect();
        assert_eq!(open, ["curl"]);
        for snippet in &all {
            assert!(snippet.code.contains("app_1") && snippet.code.contains("https://id.example.org"));
            assert!(snippet.code.contains("CLIENT_SECRET") && !snippet.code.contains("{i"));
            assert!(!snippet.code.contains("allowInsecure"));
        }
        let public = snippets("https://id.example.org", "app_1", "https://notes.test/cb", true, "RS256", "nothing");
        assert!(public[0].is_current && public.iter().all(|snippet| !snippet.code.contains("SECRET")));
    }

    #[test]
    fn the_node_snippet_names_the_algorithm_where_the_library_would_expect_another() {
        let code = |alg: &str| {
            snippets("https://id.example.org", "app_1", "https://n.test/cb", false, alg, "node").remove(0).code
        };
        assert!(code("RS256").contains("  process.env.CLIENT_SECRET,\n"));
        assert!(code("ES256").contains("id_token_signed_response_alg: \"ES256\" },\n"));
    }
}
