//! What a target's server does with each request: checks a delegated token by `procura-verify`, offline.

use crate::load::{Outcome, Span};
use crate::scenario::Alg;
use std::time::Instant;
use verify::{Needs, Secret, Verifier};

/// Checks the tokens in turn, one after another, for the span.
pub async fn run(host: &str, alg: Alg, tokens: &[String], span: Span) -> Result<Outcome, String> {
    let issuer = format!("http://{host}");
    let verifier = Verifier::builder(issuer, alg.resource(), alg.resource()).build();
    let verifier = verifier.map_err(|bad| format!("verifier: {bad}"))?;
    let tokens: Vec<Secret> = tokens.iter().map(|token| Secret::new(token.as_str())).collect();
    let needs = Needs { scopes: &["work"], mode: None };
    let warm = Instant::now() + span.warm_up;
    let end = warm + span.measured;
    let mut outcome = Outcome::default();
    for token in tokens.iter().cycle() {
        let asked = Instant::now();
        if asked >= end {
            break;
        }
        let verified = verifier.verify(token, needs).await;
        if asked >= warm {
            outcome.latencies.note(asked.elapsed());
        }
        if let Err(refused) = verified {
            outcome.errors += 1;
            outcome.first_error.get_or_insert(refused.to_string());
            break;
        }
    }
    // It runs on one processor and waits for nothing.
    (outcome.took, outcome.cpu) = (span.measured, span.measured);
    Ok(outcome)
}
