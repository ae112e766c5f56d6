//! The camelCase field names of seeds 000, 002 and 003, and which RFC field each stands for.

const FIELDS: [(&str, &str); 14] = [
    ("grantType", "grant_type"),
    ("redirectUri", "redirect_uri"),
    ("clientId", "client_id"),
    ("clientSecret", "client_secret"),
    ("codeVerifier", "code_verifier"),
    ("refreshToken", "refresh_token"),
    ("subjectToken", "subject_token"),
    ("subjectTokenType", "subject_token_type"),
    ("requestedTokenType", "requested_token_type"),
    ("requestedResource", "resource"),
    ("requestedScope", "scope"),
    ("tokenTypeHint", "token_type_hint"),
    ("clientAssertion", "client_assertion"),
    ("clientAssertionType", "client_assertion_type"),
];

/// The RFC name of a field; a name that is no dialect of ours stays as it is.
pub fn field(name: &str) -> &str {
    FIELDS.iter().find(|(camel, _)| *camel == name).map_or(name, |(_, snake)| snake)
}

/// True for a field that a protocol endpoint reads, in either spelling.
pub fn is_known(name: &str) -> bool {
    const MORE: [&str; 7] = ["code", "scope", "token", "audience", "actor", "actor_token", "resource"];
    FIELDS.iter().any(|(camel, snake)| *camel == name || *snake == name) || MORE.contains(&name)
}
