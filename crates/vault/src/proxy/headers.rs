//! Which headers go through, both ways (threat 149; `connect-wire.md` 2.6.7, `product.md` 4.4).
//!
//! Promise: nothing that a caller sends can stand where a credential stands, choose another host or method, or speak about the
//! connection; nothing that a service sends can act on our origin in a browser.

use http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Never passed on to a service, whoever sends it. The injected header joins them.
const NOT_OUT: &[&str] = &[
    "accept-encoding",
    "authentication",
    "authorization",
    "connection",
    "cookie",
    "cookie2",
    "expect",
    "forwarded",
    "host",
    "http2-settings",
    "keep-alive",
    "origin",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "referer",
    "set-cookie",
    "te",
    "trailer",
    "traceparent",
    "tracestate",
    "transfer-encoding",
    "true-client-ip",
    "upgrade",
    "via",
    "x-api-key",
    "x-auth-token",
    "x-client-ip",
    "x-cluster-client-ip",
    "x-goog-authorization",
    "x-goog-iam-authorization-token",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-original-host",
    "x-original-url",
    "x-real-ip",
    "x-rewrite-url",
    "x-shopify-access-token",
    "x-stripe-account",
];
const NOT_OUT_BEGINNINGS: &[&str] = &["x-alter-", "x-amz-", "x-forwarded", "x-procura-", "sec-fetch-", "cf-"];

/// What callers of the JSON form may not even try (the published client refuses it too).
const REFUSED: &[&str] = &[
    "authentication",
    "authorization",
    "cookie",
    "host",
    "proxy-authorization",
    "set-cookie",
    "x-api-key",
    "x-auth-token",
    "x-goog-authorization",
    "x-goog-iam-authorization-token",
    "x-http-method",
    "x-http-method-override",
    "x-method-override",
    "x-shopify-access-token",
    "x-stripe-account",
];

/// Never passed back.
const NOT_BACK: &[&str] = &[
    "alt-svc",
    "clear-site-data",
    "connection",
    "content-security-policy",
    "content-security-policy-report-only",
    "cross-origin-embedder-policy",
    "cross-origin-opener-policy",
    "document-policy",
    "keep-alive",
    "nel",
    "origin-agent-cluster",
    "proxy-authenticate",
    "proxy-authorization",
    "proxy-connection",
    "procura-refusal",
    "refresh",
    "report-to",
    "reporting-endpoints",
    "service-worker-allowed",
    "set-cookie",
    "set-cookie2",
    "sourcemap",
    "strict-transport-security",
    "te",
    "trailer",
    "transfer-encoding",
    "upgrade",
];
const NOT_BACK_BEGINNINGS: &[&str] = &["access-control-", "x-procura-", "x-alter-", "sec-"];

/// On every answer: it is data, and never a page of ours.
const ON_ANSWERS: [(HeaderName, HeaderValue); 3] = [
    (header::CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'")),
    (header::X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff")),
    (header::CACHE_CONTROL, HeaderValue::from_static("no-store")),
];

/// A name that a caller of the JSON form may not send; nothing when all are fine.
pub(crate) fn refused<'a>(names: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    names.into_iter().find(|name| {
        let name = name.to_ascii_lowercase();
        REFUSED.contains(&name.as_str()) || name.starts_with("x-amz-")
    })
}

/// What of a caller's headers goes out.
pub(crate) fn outwards(sent: &HeaderMap, keeps_target: bool) -> HeaderMap {
    let named = connection_names(sent);
    let mut out = HeaderMap::with_capacity(sent.len() + 4);
    for (name, value) in sent {
        let text = name.as_str();
        // The one header of this family that says what is asked and not who asks.
        let is_target =
            keeps_target && (matches!(text, "x-amz-target" | "x-amz-acl") || text.starts_with("x-amz-meta-"));
        let is_barred = NOT_OUT.contains(&text)
            || (NOT_OUT_BEGINNINGS.iter().any(|beginning| text.starts_with(beginning)) && !is_target)
            || super::path::is_override(text)
            || named.iter().any(|barred| barred == text);
        // Two lengths, or one that is none, could make two requests of one.
        let is_broken_length = name == header::CONTENT_LENGTH
            && (sent.get_all(name).iter().count() > 1 || !value.as_bytes().iter().all(u8::is_ascii_digit));
        if !is_barred && !is_broken_length {
            out.append(name.clone(), value.clone());
        }
    }
    // What comes back compressed could not be searched for the credential.
    out.insert(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"));
    out
}

/// What of a service's headers goes back.
pub(crate) fn backwards(answer: &HeaderMap) -> HeaderMap {
    let named = connection_names(answer);
    let mut back = HeaderMap::with_capacity(answer.len() + 4);
    for (name, value) in answer {
        let text = name.as_str();
        let is_barred = NOT_BACK.contains(&text)
            || NOT_BACK_BEGINNINGS.iter().any(|beginning| text.starts_with(beginning))
            || named.iter().any(|barred| barred == text);
        if !is_barred {
            back.append(name.clone(), value.clone());
        }
    }
    for (name, value) in ON_ANSWERS {
        back.insert(name, value);
    }
    back
}

/// What `Connection` declares to be about this hop alone. A body's length and kind are never that.
fn connection_names(headers: &HeaderMap) -> Vec<String> {
    let words = headers.get_all(header::CONNECTION).iter().filter_map(|value| value.to_str().ok());
    words
        .flat_map(|value| value.split(','))
        .map(|name| name.trim().to_ascii_lowercase())
        .filter(|name| !matches!(name.as_str(), "content-length" | "content-type" | "close" | ""))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn map(lines: &[(&'static str, &'static str)]) -> HeaderMap {
        lines.iter().map(|(name, value)| (HeaderName::from_static(name), HeaderValue::from_static(value))).collect()
    }

    #[test]
    fn threat_149_what_speaks_of_the_credential_the_host_or_the_hop_does_not_go_out() {
        let sent = map(&[
            ("authorization", "Bearer mine"),
            ("cookie", "a=b"),
            ("host", "evil.test"),
            ("connection", "x-secret-hop, close"),
            ("x-secret-hop", "1"),
            ("transfer-encoding", "chunked"),
            ("x-forwarded-for", "1.2.3.4"),
            ("x-forwarded-host", "evil.test"),
            ("forwarded", "for=1.2.3.4"),
            ("x-procura-user-token", "jwt"),
            ("x-alter-context", "{}"),
            ("x-http-method-override", "DELETE"),
            ("x-amz-security-token", "t"),
            ("x-original-url", "/admin"),
            ("accept-encoding", "gzip"),
            ("proxy-authorization", "x"),
            ("x-api-key", "k"),
            ("accept", "application/json"),
            ("content-type", "text/plain"),
            ("content-length", "3"),
            ("idempotency-key", "i"),
            ("range", "bytes=0-1"),
        ]);
        let out = outwards(&sent, false);
        let mut names: Vec<_> = out.keys().map(HeaderName::as_str).collect();
        names.sort_unstable();
        assert_eq!(names, ["accept", "accept-encoding", "content-length", "content-type", "idempotency-key", "range"]);
        assert_eq!(out["accept-encoding"], "identity");
        assert!(outwards(&map(&[("x-amz-target", "DynamoDB_20120810.GetItem"), ("x-amz-date", "x")]), true).len() == 2);
        assert_eq!(outwards(&map(&[("content-length", "3"), ("content-length", "4")]), false).len(), 1);
    }

    #[test]
    fn what_acts_on_an_origin_does_not_come_back() {
        let back = backwards(&map(&[
            ("set-cookie", "a=b"),
            ("clear-site-data", "\"*\""),
            ("access-control-allow-origin", "*"),
            ("strict-transport-security", "max-age=1"),
            ("service-worker-allowed", "/"),
            ("alt-svc", "h3"),
            ("report-to", "{}"),
            ("nel", "{}"),
            ("transfer-encoding", "chunked"),
            ("connection", "x-hop"),
            ("x-hop", "1"),
            ("content-security-policy", "default-src *"),
            ("cache-control", "public"),
            ("procura-refusal", "grant_revoked"),
            ("content-type", "text/html"),
            ("retry-after", "3"),
            ("location", "https://x.test/"),
        ]));
        let mut lines: Vec<_> =
            back.iter().map(|(name, value)| format!("{name}: {}", value.to_str().unwrap())).collect();
        lines.sort_unstable();
        assert_eq!(
            lines,
            [
                "cache-control: no-store",
                "content-security-policy: sandbox; default-src 'none'",
                "content-type: text/html",
                "location: https://x.test/",
                "retry-after: 3",
                "x-content-type-options: nosniff",
            ]
        );
    }

    #[test]
    fn the_json_form_refuses_what_the_client_refuses() {
        assert_eq!(refused(["Accept", "X-Amz-Date"]), Some("X-Amz-Date"));
        assert_eq!(refused(["AUTHORIZATION"]), Some("AUTHORIZATION"));
        assert_eq!(refused(["accept", "content-type"]), None);
    }

    proptest! {
        #[test]
        fn whatever_its_case_a_barred_name_stays_here(at in 0..NOT_OUT.len(), upper in any::<u64>()) {
            let name: String = NOT_OUT[at].chars().enumerate()
                .map(|(place, letter)| if upper >> (place % 64) & 1 == 1 { letter.to_ascii_uppercase() } else { letter }).collect();
            let mut sent = HeaderMap::new();
            sent.append(HeaderName::from_bytes(name.as_bytes()).unwrap(), HeaderValue::from_static("1"));
            let out = outwards(&sent, true);
            prop_assert_eq!(out.len(), 1);
            prop_assert_eq!(&out["accept-encoding"], "identity");
        }
    }
}
