//! What a token may and may not be, over every algorithm and kind; rows 67–73 of the threats at this level.

use crate::{Alg, Claims, Expect, KeySet, Kind, PublicKey, Rejected, SKEW_SECS, SigningKey, at_hash, verify};
use base::Time;
use base64::Engine as _;
use base64::engine::general_purpose::{URL_SAFE, URL_SAFE_NO_PAD};
use proptest::prelude::*;
use serde_json::{Value, json};
use std::collections::BTreeMap;
use std::sync::LazyLock;

const NOW: i64 = 1_800_000_000;
const ISSUER: &str = "https://id.test";

/// One key for each algorithm, and the set that holds all three. RSA takes a moment, so they are made once.
static RING: LazyLock<BTreeMap<Alg, SigningKey>> =
    LazyLock::new(|| Alg::ALL.into_iter().map(|alg| (alg, SigningKey::generate(alg).unwrap())).collect());

fn key(alg: Alg) -> &'static SigningKey {
    &RING[&alg]
}

fn keys() -> KeySet {
    KeySet::new(RING.values().map(|key| key.public().clone()))
}

fn claims_of(kind: Kind) -> Value {
    let mut claims = json!({"iss": ISSUER, "sub": "ada", "aud": "app_1", "iat": NOW, "exp": NOW + 600});
    if kind == Kind::Delegated {
        claims["target_resource"] = "iris:inference".into();
    }
    claims
}

fn with(name: &str, value: impl Into<Value>) -> Value {
    let mut claims = claims_of(Kind::AccessToken);
    claims[name] = value.into();
    claims
}

fn without(name: &str) -> Value {
    let mut claims = claims_of(Kind::AccessToken);
    claims.as_object_mut().unwrap().remove(name);
    claims
}

fn expect(kind: Kind) -> Expect<'static> {
    Expect { kind, issuer: ISSUER, audience: Some("app_1"), now: Time::from_secs(NOW), allow_expired: false }
}

fn token(alg: Alg, kind: Kind) -> String {
    key(alg).sign(kind, claims_of(kind).to_string().as_bytes()).unwrap()
}

/// Signs whatever claims as an access token and verifies it as one.
fn judge(claims: &Value) -> Result<Claims, Rejected> {
    judge_text(&claims.to_string())
}

fn judge_text(claims: &str) -> Result<Claims, Rejected> {
    let token = key(Alg::EdDsa).sign(Kind::AccessToken, claims.as_bytes()).unwrap();
    verify(&keys(), &token, &expect(Kind::AccessToken))
}

/// A token with the given header, truly signed by the EdDSA key: only the header can be what is refused.
fn forged(header: &str) -> String {
    let pair = aws_lc_rs::signature::Ed25519KeyPair::from_pkcs8(key(Alg::EdDsa).pkcs8()).unwrap();
    let claims = claims_of(Kind::AccessToken).to_string();
    let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims));
    format!("{signed}.{}", URL_SAFE_NO_PAD.encode(pair.sign(signed.as_bytes())))
}

fn judge_header(header: &Value) -> Result<Claims, Rejected> {
    verify(&keys(), &forged(&header.to_string()), &expect(Kind::AccessToken))
}

fn header_of(alg: Alg) -> Value {
    json!({"alg": alg.as_str(), "typ": "at+jwt", "kid": key(alg).kid()})
}

#[test]
fn what_is_signed_verifies_in_every_algorithm_and_kind() {
    for alg in Alg::ALL {
        for kind in Kind::ALL {
            let claims = verify(&keys(), &token(alg, kind), &expect(kind)).unwrap();
            assert_eq!(claims.text("sub"), Some("ada"), "{alg} {kind:?}");
            assert_eq!(claims.int("exp"), Some(NOW + 600));
            assert_eq!(claims.audiences().collect::<Vec<_>>(), ["app_1"]);
        }
    }
    assert!(judge_header(&header_of(Alg::EdDsa)).is_ok(), "the forge itself is sound");
}

#[test]
fn a_stored_key_reads_back_and_signs_the_same_tokens() {
    for alg in Alg::ALL {
        let again = SigningKey::from_pkcs8(alg, key(alg).pkcs8()).unwrap();
        let published = PublicKey::from_jwk(&key(alg).public().jwk()).unwrap();
        assert_eq!(again.kid(), key(alg).kid());
        assert_eq!(published.kid(), key(alg).kid());
        let token = again.sign(Kind::IdToken, claims_of(Kind::IdToken).to_string().as_bytes()).unwrap();
        assert!(verify(&KeySet::new([published]), &token, &expect(Kind::IdToken)).is_ok());
    }
    assert!(SigningKey::from_pkcs8(Alg::Es256, key(Alg::EdDsa).pkcs8()).is_err());
    assert!(SigningKey::from_pkcs8(Alg::Rs256, b"").is_err());
}

#[test]
fn thumbprints_are_those_of_the_specifications() {
    // RFC 7638 §3.1 and RFC 8037 appendix A.3.
    let rsa = json!({"kty": "RSA", "e": "AQAB", "n": concat!(
        "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMst",
        "n64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajr",
        "n1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw")});
    assert_eq!(PublicKey::from_jwk(&rsa).unwrap().kid(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
    let ed = json!({"kty": "OKP", "crv": "Ed25519", "x": "11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo"});
    assert_eq!(PublicKey::from_jwk(&ed).unwrap().kid(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn a_key_that_is_weak_or_off_its_curve_or_misnamed_is_no_key() {
    assert!(PublicKey::rsa(&[0xff; 128], &[1, 0, 1]).is_none());
    assert!(PublicKey::rsa(&[0xff; 256], &[3]).is_none());
    assert!(PublicKey::p256(&[1; 32], &[1; 32]).is_none());
    assert!(PublicKey::ed25519(&[1; 31]).is_none());
    let mut jwk = key(Alg::Es256).public().jwk();
    jwk["kid"] = "other".into();
    assert!(PublicKey::from_jwk(&jwk).is_none());
}

#[test]
fn the_published_document_holds_each_key_once_and_nothing_private() {
    let public = key(Alg::Rs256).public();
    let document: Value = serde_json::from_str(
        &KeySet::new([public.clone(), public.clone(), key(Alg::EdDsa).public().clone()]).jwks_json(),
    )
    .unwrap();
    let keys = document["keys"].as_array().unwrap();
    assert_eq!(keys.len(), 2);
    for key in keys {
        assert!(["d", "p", "q", "dp", "dq", "qi", "k"].iter().all(|private| key.get(private).is_none()));
        assert_eq!(key["use"], "sig");
    }
}

#[test]
fn at_hash_is_the_left_half_of_the_hash_of_the_algorithm() {
    // OpenID Connect Core, appendix A.4.
    assert_eq!(at_hash(Alg::Rs256, "jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y"), "77QmUPtjPfzWtF2AnpK9RQ");
    assert_eq!(at_hash(Alg::Es256, "a").len(), 22);
    assert_eq!(at_hash(Alg::EdDsa, "a").len(), 43);
}

#[test]
fn claims_that_are_no_object_are_not_signed() {
    for text in ["", "[]", "1", "{", "x{}"] {
        assert!(key(Alg::EdDsa).sign(Kind::IdToken, text.as_bytes()).is_err(), "{text}");
    }
}

#[test]
fn threat_067_no_algorithm_but_the_one_of_the_key() {
    for alg in
        ["none", "None", "NONE", "", "HS256", "hs256", "RS256", "ES256", "RS384", "PS256", "eddsa", "Ed25519", "EdDSA "]
    {
        let mut header = header_of(Alg::EdDsa);
        header["alg"] = alg.into();
        assert_eq!(judge_header(&header), Err(Rejected::WrongAlgorithm), "{alg}");
    }
    let unsigned = forged(&header_of(Alg::EdDsa).to_string());
    let (signed, _) = unsigned.rsplit_once('.').unwrap();
    assert_eq!(verify(&keys(), &format!("{signed}."), &expect(Kind::AccessToken)), Err(Rejected::Malformed));
    assert_eq!(verify(&keys(), signed, &expect(Kind::AccessToken)), Err(Rejected::Malformed));
}

#[test]
fn threat_067_a_public_key_is_no_shared_secret() {
    for alg in [Alg::Rs256, Alg::Es256] {
        let mut header = header_of(alg);
        header["alg"] = "HS256".into();
        let signed = format!(
            "{}.{}",
            URL_SAFE_NO_PAD.encode(header.to_string()),
            URL_SAFE_NO_PAD.encode(claims_of(Kind::AccessToken).to_string())
        );
        let secret = key(alg).public().jwk().to_string();
        let mac = aws_lc_rs::hmac::sign(
            &aws_lc_rs::hmac::Key::new(aws_lc_rs::hmac::HMAC_SHA256, secret.as_bytes()),
            signed.as_bytes(),
        );
        let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(mac));
        assert_eq!(verify(&keys(), &token, &expect(Kind::AccessToken)), Err(Rejected::WrongAlgorithm));
    }
}

#[test]
fn threat_068_keys_come_from_our_own_set_alone() {
    let own = key(Alg::EdDsa).public().jwk();
    for (name, value) in [
        ("jwk", own),
        ("jku", json!("https://evil.test/jwks")),
        ("x5u", json!("https://evil.test/cert")),
        ("x5c", json!(["MII"])),
        ("x5t", json!("x")),
    ] {
        let mut header = header_of(Alg::EdDsa);
        header[name] = value;
        assert_eq!(judge_header(&header), Err(Rejected::ForeignHeader), "{name}");
    }
    for kid in [
        "",
        "../../etc/passwd",
        "https://evil.test/key",
        "' OR 1=1 --",
        "\u{0}",
        "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k",
    ] {
        let mut header = header_of(Alg::EdDsa);
        header["kid"] = kid.into();
        assert_eq!(judge_header(&header), Err(Rejected::UnknownKey), "{kid}");
    }
    for kid in [json!(null), json!(1), json!([key(Alg::EdDsa).kid()])] {
        let mut header = header_of(Alg::EdDsa);
        header["kid"] = kid;
        assert_eq!(judge_header(&header), Err(Rejected::Malformed));
    }
    // A key of ours, but not the one that signed.
    let mut header = header_of(Alg::Es256);
    assert_eq!(judge_header(&header), Err(Rejected::BadSignature));
    header.as_object_mut().unwrap().remove("kid");
    assert_eq!(judge_header(&header), Err(Rejected::Malformed));
}

#[test]
fn threat_069_extensions_nesting_and_compression_are_refused() {
    for (name, value) in [
        ("crit", json!(["exp"])),
        ("crit", json!([])),
        ("b64", json!(false)),
        ("b64", json!(true)),
        ("zip", json!("DEF")),
        ("enc", json!("A256GCM")),
        ("cty", json!("JWT")),
        ("ALG", json!("none")),
    ] {
        let mut header = header_of(Alg::EdDsa);
        header[name] = value;
        assert_eq!(judge_header(&header), Err(Rejected::ForeignHeader), "{name}");
    }
    let nested = URL_SAFE_NO_PAD.encode(token(Alg::EdDsa, Kind::AccessToken));
    let own = token(Alg::EdDsa, Kind::AccessToken);
    let (header, _) = own.split_once('.').unwrap();
    assert!(verify(&keys(), &format!("{header}.{nested}.AAAA"), &expect(Kind::AccessToken)).is_err());
    let five = format!("{header}.a.b.c.d");
    assert_eq!(verify(&keys(), &five, &expect(Kind::AccessToken)), Err(Rejected::Malformed));
}

#[test]
fn threat_070_no_kind_stands_for_another() {
    for alg in Alg::ALL {
        for made in Kind::ALL {
            for wanted in Kind::ALL.into_iter().filter(|wanted| *wanted != made) {
                assert_eq!(
                    verify(&keys(), &token(alg, made), &expect(wanted)),
                    Err(Rejected::WrongType),
                    "{made:?} as {wanted:?}"
                );
            }
        }
    }
    for typ in ["", "jwt", "JWT", "AT+JWT", "application/at+jwt", "dpop+jwt", "oauth-authz-req+jwt", "at+jwt "] {
        let mut header = header_of(Alg::EdDsa);
        header["typ"] = typ.into();
        assert_eq!(judge_header(&header), Err(Rejected::WrongType), "{typ}");
    }
    for resource in [json!(null), json!(""), json!("iris:inference"), json!(["iris:inference"])] {
        assert_eq!(judge(&with("target_resource", resource)), Err(Rejected::WrongType));
    }
}

#[test]
fn threat_071_a_token_has_one_text() {
    for alg in Alg::ALL {
        let good = token(alg, Kind::AccessToken);
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let (header, claims) = signed.split_once('.').unwrap();
        let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let longer = [raw.clone(), vec![0]].concat();
        for bad in [
            format!("{good}="),
            format!("{signed}.{}", URL_SAFE.encode(&longer)),
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&longer)),
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(&raw[1..])),
            format!("{signed}.{}", URL_SAFE_NO_PAD.encode(vec![0; raw.len()])),
            format!("{good} "),
            format!(" {good}"),
            format!("{good}\n"),
            format!("{header} .{claims}.{signature}"),
            format!("{header}.{claims}\u{0}.{signature}"),
            format!("{good}."),
            format!(".{good}"),
            format!("{header}..{signature}"),
            format!(".{claims}.{signature}"),
            good.replace('.', ".."),
        ] {
            assert!(verify(&keys(), &bad, &expect(Kind::AccessToken)).is_err(), "{alg} {bad:?}");
        }
    }
}

#[test]
fn threat_071_trailing_bits_of_base64url_must_be_zero() {
    // 64 bytes leave four spare bits in the last character: sixteen spellings, one of them ours.
    let good = token(Alg::EdDsa, Kind::AccessToken);
    let last = good.chars().last().unwrap();
    let alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    let accepted: Vec<char> = alphabet
        .chars()
        .filter(|end| {
            let spelled = format!("{}{end}", &good[..good.len() - 1]);
            verify(&keys(), &spelled, &expect(Kind::AccessToken)).is_ok()
        })
        .collect();
    assert_eq!(accepted, [last]);
}

#[test]
fn threat_071_zero_and_mirrored_ecdsa_signatures_are_refused() {
    const ORDER: [u8; 32] = [
        0xff, 0xff, 0xff, 0xff, 0, 0, 0, 0, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xbc, 0xe6, 0xfa, 0xad,
        0xa7, 0x17, 0x9e, 0x84, 0xf3, 0xb9, 0xca, 0xc2, 0xfc, 0x63, 0x25, 0x51,
    ];
    for _ in 0..16 {
        let good = token(Alg::Es256, Kind::AccessToken);
        let (signed, signature) = good.rsplit_once('.').unwrap();
        let raw = URL_SAFE_NO_PAD.decode(signature).unwrap();
        let (r, s) = raw.split_at(32);
        let mirrored = [r, &minus(&ORDER, s)].concat();
        let pair = aws_lc_rs::signature::EcdsaKeyPair::from_pkcs8(
            &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED_SIGNING,
            key(Alg::Es256).pkcs8(),
        )
        .unwrap();
        let plain = aws_lc_rs::signature::UnparsedPublicKey::new(
            &aws_lc_rs::signature::ECDSA_P256_SHA256_FIXED,
            aws_lc_rs::signature::KeyPair::public_key(&pair),
        );
        assert!(plain.verify(signed.as_bytes(), &mirrored).is_ok(), "the mathematics holds for the mirrored one too");
        for bad in [
            mirrored,
            [[0; 32], [0; 32]].concat(),
            [r, &[0; 32]].concat(),
            [&[0; 32], s].concat(),
            [&ORDER[..], s].concat(),
        ] {
            let token = format!("{signed}.{}", URL_SAFE_NO_PAD.encode(bad));
            assert_eq!(verify(&keys(), &token, &expect(Kind::AccessToken)), Err(Rejected::BadSignature));
        }
    }
}

fn minus(from: &[u8; 32], what: &[u8]) -> [u8; 32] {
    let (mut left, mut borrow) = ([0; 32], false);
    for place in (0..32).rev() {
        let (first, one) = from[place].overflowing_sub(what[place]);
        let (second, two) = first.overflowing_sub(u8::from(borrow));
        (left[place], borrow) = (second, one || two);
    }
    left
}

#[test]
fn threat_072_times_are_integers_within_reason() {
    for name in ["exp", "iat"] {
        assert_eq!(judge(&without(name)), Err(Rejected::BadTimes));
    }
    for name in ["exp", "iat", "nbf"] {
        for value in [
            json!(null),
            json!((NOW + 60).to_string()),
            json!(1_800_000_060.0),
            json!(1_800_000_060.5),
            json!(-1),
            json!(0),
            json!([NOW]),
            json!(true),
            json!(u64::MAX),
        ] {
            assert_eq!(judge(&with(name, value.clone())), Err(Rejected::BadTimes), "{name} {value}");
        }
    }
    assert_eq!(
        judge_text(&claims_of(Kind::AccessToken).to_string().replace("1800000600", "1e400")),
        Err(Rejected::Malformed)
    );
    assert_eq!(judge(&with("exp", 253_402_300_799_i64)), Err(Rejected::BadTimes), "year 9999");
    assert_eq!(judge(&with("exp", i64::MAX)), Err(Rejected::BadTimes));
    assert_eq!(judge(&with("exp", NOW - 1)), Err(Rejected::BadTimes), "it ends before it begins");
    for name in ["iat", "nbf"] {
        assert!(judge(&with(name, NOW + SKEW_SECS)).is_ok());
        assert_eq!(judge(&with(name, NOW + SKEW_SECS + 1)), Err(Rejected::NotYetValid), "{name}");
    }
}

#[test]
fn threat_072_a_token_ends_at_exp_to_the_second() {
    let token = token(Alg::EdDsa, Kind::AccessToken);
    let at = |secs: i64| Expect { now: Time::from_ms(secs * 1000), ..expect(Kind::AccessToken) };
    assert!(verify(&keys(), &token, &at(NOW + 599)).is_ok());
    assert_eq!(verify(&keys(), &token, &at(NOW + 600)), Err(Rejected::Expired));
    assert!(verify(&keys(), &token, &Expect { allow_expired: true, ..at(NOW + 999_999) }).is_ok());
}

#[test]
fn a_signature_that_is_known_spares_nothing_else() {
    for alg in [Alg::EdDsa, Alg::Es256, Alg::Rs256] {
        let (keys, token) = (keys(), token(alg, Kind::AccessToken));
        let seen = expect(Kind::AccessToken);
        assert_eq!(verify(&keys, &token, &seen), verify(&keys, &token, &seen), "seen once and seen twice");
        let late = Expect { now: Time::from_secs(NOW + 600), ..seen };
        assert_eq!(verify(&keys, &token, &late), Err(Rejected::Expired));
        assert_eq!(verify(&keys, &token, &expect(Kind::IdToken)), Err(Rejected::WrongType));
        assert_eq!(verify(&keys, &token, &Expect { issuer: "https://x.test", ..seen }), Err(Rejected::WrongIssuer));
        assert_eq!(verify(&keys, &token, &Expect { audience: Some("app_2"), ..seen }), Err(Rejected::WrongAudience));
        let (signed, _) = token.rsplit_once('.').unwrap();
        let other = key(alg).sign(Kind::AccessToken, with("sub", "eve").to_string().as_bytes()).unwrap();
        let (_, foreign) = other.rsplit_once('.').unwrap();
        assert_eq!(verify(&keys, &format!("{signed}.{foreign}"), &seen), Err(Rejected::BadSignature));
        assert_eq!(verify(&KeySet::default(), &token, &seen), Err(Rejected::UnknownKey), "the key is withdrawn");
    }
}

#[test]
fn threat_073_a_member_named_twice_is_refused() {
    let (alg, kid) = ("EdDSA", key(Alg::EdDsa).kid());
    for header in [
        format!(r#"{{"alg":"none","alg":"{alg}","typ":"at+jwt","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"{alg}","typ":"at+jwt","kid":"{kid}","kid":"{kid}"}}"#),
        format!(r#"{{"alg":"{alg}","\u0061lg":"{alg}","typ":"at+jwt","kid":"{kid}"}}"#),
    ] {
        assert_eq!(verify(&keys(), &forged(&header), &expect(Kind::AccessToken)), Err(Rejected::Malformed), "{header}");
    }
    let good = claims_of(Kind::AccessToken).to_string();
    let open = good.strip_suffix('}').unwrap();
    for bad in [
        format!(r#"{open},"sub":"mallory"}}"#),
        format!(r#"{open},"sub":"ada"}}"#),
        format!(r#"{open},"act":{{"sub":"a","sub":"b"}}}}"#),
        format!(r#"{open},"x":[[{{"y":1,"y":1}}]]}}"#),
    ] {
        assert_eq!(judge_text(&bad), Err(Rejected::Malformed), "{bad}");
    }
    let deep = format!(r#"{open},"x":{}{}}}"#, "[".repeat(32), "]".repeat(32));
    assert_eq!(judge_text(&deep), Err(Rejected::Malformed));
}

#[test]
fn issuer_and_audience_are_compared_exactly() {
    for iss in [json!(null), json!("https://id.test/"), json!("https://ID.test"), json!([ISSUER]), json!("")] {
        assert_eq!(judge(&with("iss", iss)), Err(Rejected::WrongIssuer));
    }
    assert_eq!(judge(&without("iss")), Err(Rejected::WrongIssuer));
    for aud in [
        json!(null),
        json!("app_2"),
        json!("app_1 "),
        json!([]),
        json!(["app_2"]),
        json!(["app_1", 2]),
        json!({"app_1": 1}),
        json!(""),
    ] {
        assert_eq!(judge(&with("aud", aud.clone())), Err(Rejected::WrongAudience), "{aud}");
    }
    assert!(judge(&with("aud", json!(["app_2", "app_1"]))).is_ok());
    let token = token(Alg::EdDsa, Kind::AccessToken);
    assert!(verify(&keys(), &token, &Expect { audience: None, ..expect(Kind::AccessToken) }).is_ok());
}

#[test]
fn an_overlong_token_is_not_even_read() {
    let long = key(Alg::EdDsa).sign(Kind::AccessToken, with("x", "x".repeat(13_000)).to_string().as_bytes()).unwrap();
    assert_eq!(verify(&keys(), &long, &expect(Kind::AccessToken)), Err(Rejected::TooLong));
}

#[test]
fn a_token_of_another_server_is_refused() {
    let other = SigningKey::generate(Alg::EdDsa).unwrap();
    let token = other.sign(Kind::AccessToken, claims_of(Kind::AccessToken).to_string().as_bytes()).unwrap();
    assert_eq!(verify(&keys(), &token, &expect(Kind::AccessToken)), Err(Rejected::UnknownKey));
}

fn any_alg() -> impl Strategy<Value = Alg> {
    prop_oneof![Just(Alg::Rs256), Just(Alg::Es256), Just(Alg::EdDsa)]
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(512))]

    #[test]
    fn a_token_with_any_byte_changed_is_never_accepted(alg in any_alg(), place in any::<prop::sample::Index>(), byte in 0u8..128) {
        let good = token(alg, Kind::AccessToken);
        let mut bytes = good.clone().into_bytes();
        let place = place.index(bytes.len());
        prop_assume!(bytes[place] != byte);
        bytes[place] = byte;
        let bad = String::from_utf8(bytes).unwrap();
        prop_assert!(verify(&keys(), &bad, &expect(Kind::AccessToken)).is_err());
    }

    #[test]
    fn a_token_with_bytes_cut_out_or_put_in_is_never_accepted(
        alg in any_alg(), place in any::<prop::sample::Index>(), cut in 0usize..8, put in "[A-Za-z0-9_.=-]{0,8}",
    ) {
        let good = token(alg, Kind::AccessToken);
        let from = place.index(good.len());
        let bad = format!("{}{put}{}", &good[..from], &good[(from + cut).min(good.len())..]);
        prop_assume!(bad != good);
        prop_assert!(verify(&keys(), &bad, &expect(Kind::AccessToken)).is_err());
    }

    #[test]
    fn any_text_is_refused_without_a_panic(text in ".{0,200}") {
        prop_assert!(verify(&keys(), &text, &expect(Kind::AccessToken)).is_err());
    }

    #[test]
    fn any_three_parts_are_refused_without_a_panic(parts in prop::collection::vec(prop::collection::vec(any::<u8>(), 0..60), 3)) {
        let text = parts.iter().map(|part| URL_SAFE_NO_PAD.encode(part)).collect::<Vec<_>>().join(".");
        prop_assert!(verify(&keys(), &text, &expect(Kind::AccessToken)).is_err());
    }
}
