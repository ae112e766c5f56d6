//! Notes against any issuer: `cargo run -p procura-playground --example notes -- ISSUER CLIENT_ID CLIENT_SECRET [APP_KEY AGENT_KEY]`
//!
//! Register it first, with the redirect URIs `http://localhost:8461/callback` and `http://localhost:8461/connected`.

use std::io::{Error, ErrorKind};

#[tokio::main]
async fn main() -> Result<(), Error> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [issuer, client_id, client_secret, keys @ ..] = words.as_slice() else {
        return Err(Error::new(ErrorKind::InvalidInput, "name the issuer, the client id and the client secret"));
    };
    let settings = playground::notes::Settings {
        issuer: issuer.clone(),
        client_id: client_id.clone(),
        client_secret: client_secret.clone(),
        origin: "http://localhost:8461".to_owned(),
        // Without them there is nothing at `/accounts`. The agent is one of the app's own, called Quill.
        app_key: keys.first().cloned().unwrap_or_default(),
        agent_key: keys.get(1).cloned().unwrap_or_default(),
        agent: "Quill".to_owned(),
        iris: "http://localhost:8462".to_owned(),
        manifest: String::new(),
    };
    let listener = tokio::net::TcpListener::bind("127.0.0.1:8461").await?;
    axum::serve(listener, playground::notes::router(settings)).await
}
