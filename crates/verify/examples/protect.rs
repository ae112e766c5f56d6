//! A target app of a few lines: `cargo run -p procura-verify --example protect -- ISSUER AUDIENCE RESOURCE SCOPE [LISTEN]`.
//!
//! Its audience and resource are those that were registered at the issuer. It says where it listens.

use axum::{Extension, Router, routing::post};
use procura_verify::{Delegation, Verifier};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let [issuer, audience, resource, scope, rest @ ..] = words.as_slice() else {
        return Err("name the issuer, the audience, the resource and a scope".into());
    };
    let verifier = Verifier::builder(issuer, audience, resource).build()?;
    let app = Router::new().route("/infer", post(infer)).layer(verifier.layer().scope(scope).runtime_cors());

    let listen = rest.first().map_or("127.0.0.1:8470", String::as_str);
    let listener = tokio::net::TcpListener::bind(listen).await?;
    println!("ready listen={}", listener.local_addr()?);
    axum::serve(listener, app).await?;
    Ok(())
}

async fn infer(Extension(delegation): Extension<Delegation>) -> String {
    format!("{} acts for {} in {}\n", delegation.client, delegation.subject, delegation.mode.as_str())
}
