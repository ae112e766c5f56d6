//! Signing calls for Amazon Web Services (Signature Version 4, as its documentation describes it).
//!
//! Promise: the secret key goes nowhere; a signature is for one host, path, query, moment and (where it is at hand) one body.

use aws_lc_rs::hmac::{self, HMAC_SHA256, Key};
use base::digest::{Digest, hex};
use base::{Secret, Time};
use std::fmt::Write as _;
use url::form_urlencoded;

/// A body that is not at hand when its call is signed. Only S3 takes it, over TLS.
pub(crate) const UNSIGNED: &str = "UNSIGNED-PAYLOAD";

/// Who signs, and for what.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signer<'a> {
    pub key_id: &'a str,
    pub secret: &'a Secret,
    pub region: &'a str,
    pub service: &'a str,
}

/// What is signed. Header names are lowercase; `host` and `x-amz-date` are among them.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed<'a> {
    pub method: &'a str,
    /// As it is sent.
    pub path: &'a str,
    /// As it is sent.
    pub query: &'a str,
    pub headers: &'a [(&'a str, &'a str)],
    /// The digest of the body in hexadecimal, or [`UNSIGNED`].
    pub body: &'a str,
}

/// The moment as `x-amz-date` writes it.
pub(crate) fn moment(now: Time) -> String {
    now.iso().chars().filter(|letter| !matches!(letter, '-' | ':')).take(15).chain(['Z']).collect()
}

/// The value of `Authorization`.
pub(crate) fn authorization(signer: Signer<'_>, signed: Signed<'_>, moment: &str) -> Secret {
    let mut headers: Vec<(&str, String)> = signed.headers.iter().map(|(name, value)| (*name, trimmed(value))).collect();
    headers.sort();
    let names: Vec<&str> = headers.iter().map(|(name, _)| *name).collect();
    let names = names.join(";");
    let lines = headers.iter().fold(String::new(), |mut lines, (name, value)| {
        let _ = writeln!(lines, "{name}:{value}");
        lines
    });
    let path = canonical_path(signed.path, signer.service);
    let request =
        format!("{}\n{path}\n{}\n{lines}\n{names}\n{}", signed.method, canonical_query(signed.query), signed.body);
    let day = moment.get(..8).unwrap_or_default();
    let scope = format!("{day}/{}/{}/aws4_request", signer.region, signer.service);
    let text = format!("AWS4-HMAC-SHA256\n{moment}\n{scope}\n{}", Digest::of(request.as_bytes()).hex());
    let mut key = mac(format!("AWS4{}", signer.secret.reveal()).as_bytes(), day);
    for part in [signer.region, signer.service, "aws4_request"] {
        key = mac(key.as_ref(), part);
    }
    let signature = hex(mac(key.as_ref(), &text).as_ref());
    Secret::new(format!(
        "AWS4-HMAC-SHA256 Credential={}/{scope}, SignedHeaders={names}, Signature={signature}",
        signer.key_id
    ))
}

fn mac(key: &[u8], text: &str) -> hmac::Tag {
    hmac::sign(&Key::new(HMAC_SHA256, key), text.as_bytes())
}

fn trimmed(value: &str) -> String {
    value.split_ascii_whitespace().collect::<Vec<_>>().join(" ")
}

/// S3 takes a path as it is sent; everywhere else what is encoded is encoded once more.
fn canonical_path(path: &str, service: &str) -> String {
    if service == "s3" {
        return path.to_owned();
    }
    path.split('/').map(encoded).collect::<Vec<_>>().join("/")
}

fn canonical_query(query: &str) -> String {
    // A plus is a plus here, and nowhere a space.
    let plain = query.replace('+', "%2B");
    let mut pairs: Vec<(String, String)> =
        form_urlencoded::parse(plain.as_bytes()).map(|(name, value)| (encoded(&name), encoded(&value))).collect();
    pairs.sort();
    pairs.iter().map(|(name, value)| format!("{name}={value}")).collect::<Vec<_>>().join("&")
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::with_capacity(text.len()), |mut out, byte| {
        if byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~') {
            out.push(byte as char);
        } else {
            let _ = write!(out, "%{byte:02X}");
        }
        out
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const WHEN: &str = "20150830T123600Z";

    /// The examples that Amazon publishes with its description of the signature.
    fn signature(service: &str, signed: Signed<'_>) -> String {
        let secret = Secret::new("wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY");
        let signer = Signer { key_id: "AKIDEXAMPLE", secret: &secret, region: "us-east-1", service };
        let value = authorization(signer, signed, WHEN);
        value.reveal().rsplit_once("Signature=").unwrap().1.to_owned()
    }

    #[test]
    fn the_published_examples_come_out() {
        let headers = [("host", "example.amazonaws.com"), ("x-amz-date", WHEN)];
        let plain = Signed { method: "GET", path: "/", query: "", headers: &headers, body: EMPTY };
        assert_eq!(signature("service", plain), "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31");
        let post = Signed { method: "POST", ..plain };
        assert_eq!(signature("service", post), "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b");
        let query = Signed { query: "Param2=value2&Param1=value1", ..plain };
        assert_eq!(signature("service", query), "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500");
        let headers = [
            ("content-type", "application/x-www-form-urlencoded; charset=utf-8"),
            ("host", "iam.amazonaws.com"),
            ("x-amz-date", WHEN),
        ];
        let users = Signed { query: "Action=ListUsers&Version=2010-05-08", headers: &headers, ..plain };
        assert_eq!(signature("iam", users), "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7");
    }

    #[test]
    fn the_published_example_of_s3_comes_out() {
        let secret = Secret::new("wJalrXUtnFEMI/K7MDENG/bPxRfiCYEXAMPLEKEY");
        let signer = Signer { key_id: "AKIAIOSFODNN7EXAMPLE", secret: &secret, region: "us-east-1", service: "s3" };
        let headers = [
            ("host", "examplebucket.s3.amazonaws.com"),
            ("range", "bytes=0-9"),
            ("x-amz-content-sha256", EMPTY),
            ("x-amz-date", "20130524T000000Z"),
        ];
        let signed = Signed { method: "GET", path: "/test.txt", query: "", headers: &headers, body: EMPTY };
        let value = authorization(signer, signed, "20130524T000000Z");
        assert_eq!(
            value.reveal(),
            "AWS4-HMAC-SHA256 Credential=AKIAIOSFODNN7EXAMPLE/20130524/us-east-1/s3/aws4_request, \
             SignedHeaders=host;range;x-amz-content-sha256;x-amz-date, \
             Signature=f0e8bdb87c964420e857bd35b5d6ed310bd44f0170aba48dd91039c6036bdb41"
        );
    }

    #[test]
    fn moments_and_paths_are_written_as_amazon_does() {
        assert_eq!(moment(Time::from_secs(1_440_938_160)), WHEN);
        assert_eq!(
            (canonical_path("/a%20b", "s3"), canonical_path("/a%20b", "x")),
            ("/a%20b".into(), "/a%2520b".into())
        );
        assert_eq!(canonical_query("b=1&a=x%2Fy+z&a="), "a=&a=x%2Fy%2Bz&b=1");
    }
}
