//! The signature of a delivery.

use aws_lc_rs::hmac;
use base::Secret;
use base::digest::hex;

/// `v1=` and the HMAC-SHA256 over `id.timestamp.body` under the text of the secret.
pub fn sign(secret: &Secret, id: &str, timestamp: &str, body: &str) -> String {
    let key = hmac::Key::new(hmac::HMAC_SHA256, secret.reveal().as_bytes());
    format!("v1={}", hex(hmac::sign(&key, format!("{id}.{timestamp}.{body}").as_bytes()).as_ref()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_signature_is_what_the_book_says() {
        // Also in docs/embed/webhooks.md.
        let signed =
            sign(&Secret::new("whsec_example"), "evt_0000000000000001", "1900000000", "{\"type\":\"grant.revoked\"}");
        assert_eq!(signed, EXPECTED);
    }

    const EXPECTED: &str = "v1=27b7de0aec733e85e824319b7ea0a1c2d8dba61cb325d238f1438e9c49e1e959";
}
