//! Links that a command or a mail hands out: where the pages of `people` expect their one-time secrets.

use base::Secret;

/// Signs a person in, once.
pub fn sign_in(issuer: &str, secret: &Secret) -> String {
    format!("{issuer}/login/link?token={}", secret.reveal())
}

/// Registers whoever was invited, the first operator among them.
pub fn register(issuer: &str, secret: &Secret) -> String {
    format!("{issuer}/register?invitation={}", secret.reveal())
}
