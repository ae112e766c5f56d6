//! A target app: `cargo run -p procura-verify --example protect`, beside `procura demo` on port 8460.

use axum::{Extension, Router, routing::post};
use procura_verify::{Delegation, Verifier};

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let verifier = Verifier::builder("http://localhost:8460", "http://localhost:8470", "iris:inference").build()?;
    let app = Router::new().route("/infer", post(infer)).layer(verifier.layer().scope("infer").runtime_cors());

    axum::serve(tokio::net::TcpListener::bind("127.0.0.1:8470").await?, app).await?;
    Ok(())
}

async fn infer(Extension(delegation): Extension<Delegation>) -> String {
    format!("{} acts for {}\n", delegation.client, delegation.subject)
}
