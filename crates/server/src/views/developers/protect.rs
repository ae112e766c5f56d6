//! How a server of its owner's lets through what a resource's delegated tokens allow, ready to paste.

use super::Snippet;

/// What the code has to name.
#[derive(Debug, Clone, Copy)]
pub struct Protected<'a> {
    pub issuer: &'a str,
    pub audience: &'a str,
    pub key: &'a str,
    pub scope: &'a str,
}

/// The snippets for a resource; `chosen` is the key in the URL.
pub fn protect(of: Protected<'_>, chosen: &str) -> Vec<Snippet> {
    let snippet = |key, label, needs, code| Snippet { key, label, needs, code, is_current: key == chosen };
    let mut made = vec![
        snippet("rust", "Rust", "cargo add procura-verify", rust(of)),
        snippet("node", "Node", "npm install @procura/sdk", node(of)),
    ];
    if let Some(first) = made.first_mut().filter(|_| chosen != "node") {
        first.is_current = true;
    }
    made
}

// A literal of Rust is one of JavaScript too: what is registered is printable ASCII without a backslash.
fn rust(of: Protected<'_>) -> String {
    let Protected { issuer, audience, key, scope } = of;
    format!(
        "let verifier = Verifier::builder({issuer:?}, {audience:?}, {key:?})\n    .build()?;\n\
         let app = Router::new()\n    .route(\"/ask\", post(ask))\n    .layer(verifier.layer().scope({scope:?}));"
    )
}

fn node(of: Protected<'_>) -> String {
    let Protected { issuer, audience, key, scope } = of;
    format!(
        "const token = request.headers.get(\"authorization\")?.replace(/^Bearer /i, \"\") ?? \"\";\n\
         const issuer = {issuer:?}, audience = {audience:?};\n\
         const claims = await verifyDelegatedToken(token, {{\n  issuer, audience, resource: {key:?}, scope: {scope:?},\n}});"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const IRIS: Protected<'_> = Protected {
        issuer: "https://id.test",
        audience: "https://iris.test/\"+alert()",
        key: "iris:inference",
        scope: "ask",
    };

    #[test]
    fn the_chosen_one_is_shown_or_else_the_first() {
        let current = |chosen: &str| protect(IRIS, chosen).iter().position(|snippet| snippet.is_current);
        assert_eq!((current("node"), current("rust"), current("x")), (Some(1), Some(0), Some(0)));
        assert_eq!(protect(IRIS, "node").iter().filter(|snippet| snippet.is_current).count(), 1);
    }

    #[test]
    fn what_is_registered_stays_inside_its_quotes() {
        for snippet in protect(IRIS, "rust") {
            assert!(snippet.code.contains(r#""https://iris.test/\"+alert()""#), "{}", snippet.code);
            assert_eq!(snippet.code.lines().count(), 5, "{}", snippet.code);
        }
    }
}
