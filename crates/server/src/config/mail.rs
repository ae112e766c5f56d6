//! Outgoing mail.

use super::setting::section;
use base::Secret;

section! {
    /// Outgoing mail. Without a server no mail is sent, and whatever needs one says so.
    "mail" Mail {
        /// The mail server: smtps://USER:PASSWORD@HOST, or smtp://HOST:PORT. Best written as env:NAME or file:PATH.
        smtp_url: Option<Secret> = "" like "\"env:SMTP_URL\"" env "PROCURA_SMTP_URL";
        /// The sender. By default no-reply at the issuer's host.
        from: String = "\"\"";
    }
}

impl Mail {
    /// What is wrong with the server's address, in words that do not repeat it.
    pub(crate) fn check(&self) -> Result<(), String> {
        let Some(secret) = &self.smtp_url else { return Ok(()) };
        let url = url::Url::parse(secret.reveal())
            .map_err(|_| "expected smtps://USER:PASSWORD@HOST or smtp://HOST:PORT".to_owned())?;
        match url.scheme() {
            "smtp" | "smtps" if url.host_str().is_some_and(|host| !host.is_empty()) => Ok(()),
            "smtp" | "smtps" => Err("the mail server has no host".to_owned()),
            _ => Err("begin with smtps:// or smtp://".to_owned()),
        }
    }
}
