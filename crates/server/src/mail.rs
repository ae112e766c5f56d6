//! Outgoing mail: through a mail server, or into the demo's mailbox, or not at all.

use crate::config::Config;
use base::{Fault, Seams, Time};
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport, Message, Tokio1Executor};
use parking_lot::Mutex;
use people::{Mail, Mailer};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

const PATIENCE: Duration = Duration::from_secs(15);
const MAILBOX: usize = 100;

type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// The mailer that the settings ask for.
pub fn from_config(config: &Config, seams: &Seams) -> Result<Arc<dyn Mailer>, Fault> {
    match &config.mail.smtp_url {
        Some(url) => Ok(Arc::new(Smtp::at(url.reveal(), &config.people.name, &config.mail.from)?)),
        None if config.demo => Ok(Arc::new(Mailbox { seams: seams.clone(), kept: Mutex::default() })),
        None => Ok(Arc::new(Nobody)),
    }
}

/// Hands mail to a mail server.
struct Smtp {
    transport: AsyncSmtpTransport<Tokio1Executor>,
    from: String,
}

impl Smtp {
    fn at(url: &str, name: &str, from: &str) -> Result<Smtp, Fault> {
        // The cause may repeat the URL, which holds a password.
        let builder = AsyncSmtpTransport::<Tokio1Executor>::from_url(url)
            .map_err(|_| Fault::new("mail set up: the server's address was refused"))?;
        let plain: String = name.chars().filter(|letter| letter.is_alphanumeric() || *letter == ' ').collect();
        Ok(Smtp { transport: builder.timeout(Some(PATIENCE)).build(), from: format!("\"{plain}\" <{from}>") })
    }

    fn message(&self, mail: Mail) -> Result<Message, Fault> {
        let broken = |_| Fault::new("mail write: an address is malformed");
        Message::builder()
            .from(self.from.parse().map_err(broken)?)
            .to(mail.to.parse().map_err(broken)?)
            .subject(mail.subject)
            .header(ContentType::TEXT_PLAIN)
            .body(mail.text)
            .map_err(|_| Fault::new("mail write: not a message"))
    }
}

impl Mailer for Smtp {
    fn is_ready(&self) -> bool {
        true
    }

    fn send(&self, mail: Mail) -> Sending<'_> {
        Box::pin(async move {
            let message = self.message(mail)?;
            // The cause may repeat the recipient.
            self.transport.send(message).await.map(drop).map_err(|cause| match cause.status() {
                Some(code) => Fault::new(format!("mail send: the server answered {code}")),
                None => Fault::new("mail send: the server did not take it"),
            })
        })
    }
}

/// Keeps the last mails for the demo's `/dev/mailbox`.
struct Mailbox {
    seams: Seams,
    kept: Mutex<VecDeque<(Time, Mail)>>,
}

impl Mailer for Mailbox {
    fn is_ready(&self) -> bool {
        true
    }

    fn send(&self, mail: Mail) -> Sending<'_> {
        let mut kept = self.kept.lock();
        kept.push_front((self.seams.now(), mail));
        kept.truncate(MAILBOX);
        Box::pin(async { Ok(()) })
    }

    fn kept(&self) -> Vec<(Time, Mail)> {
        self.kept.lock().iter().cloned().collect()
    }
}

/// No mail server is set up.
struct Nobody;

impl Mailer for Nobody {
    fn is_ready(&self) -> bool {
        false
    }

    fn send(&self, _: Mail) -> Sending<'_> {
        Box::pin(async { Err(Fault::new("mail send: no mail server is set up")) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn written(name: &str, to: &str, subject: &str) -> Result<String, Fault> {
        let smtp = Smtp::at("smtp://127.0.0.1:1", name, "no-reply@id.test")?;
        let mail = Mail { to: to.to_owned(), subject: subject.to_owned(), text: "Text".to_owned() };
        smtp.message(mail).map(|message| String::from_utf8_lossy(&message.formatted()).into_owned())
    }

    #[tokio::test]
    async fn nothing_that_is_written_into_a_mail_becomes_a_header() {
        let mail = written("Pro\"cura\r\nBcc: b@c.test", "ada@example.org", "Hello\r\nBcc: b@c.test").unwrap();
        assert!(!mail.lines().any(|line| line.to_ascii_lowercase().starts_with("bcc")), "{mail}");
        assert!(mail.contains("To: ada@example.org"));
        assert!(written("Procura", "ada@example.org\r\nBcc: b@c.test", "Hello").is_err());
    }
}
