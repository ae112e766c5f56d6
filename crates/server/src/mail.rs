//! Mail: by SMTP where a server is set up, into a mailbox page in the demo, nowhere otherwise.

use crate::config::Config;
use base::Fault;
use lettre::message::Mailbox as Address;
use lettre::message::header::ContentType;
use lettre::{AsyncSmtpTransport, AsyncTransport as _, Message, Tokio1Executor};
use parking_lot::Mutex;
use people::{Mail, Mailer};
use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;

type Sending<'a> = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send + 'a>>;

/// The mailer that the settings name.
pub fn from_config(config: &Config) -> Result<Arc<dyn Mailer>, Fault> {
    let Some(url) = &config.mail.smtp_url else {
        return Ok(if config.demo { Arc::new(Mailbox::default()) } else { Arc::new(Nowhere) });
    };
    let smtp = AsyncSmtpTransport::<Tokio1Executor>::from_url(url.reveal())
        .map_err(|_| Fault::new("mail set-up: PROCURA_SMTP_URL is not an smtp:// or smtps:// URL"))?
        .build();
    let from = config.mail.from.parse().map_err(|_| Fault::new("mail set-up: the sender is not an address"))?;
    Ok(Arc::new(Smtp { smtp, from }))
}

struct Smtp {
    smtp: AsyncSmtpTransport<Tokio1Executor>,
    from: Address,
}

impl Mailer for Smtp {
    fn is_ready(&self) -> bool {
        true
    }

    fn send(&self, mail: Mail) -> Sending<'_> {
        Box::pin(async move {
            let to = mail.to.parse().map_err(|_| Fault::new("mail send: the recipient is not an address"))?;
            let message = Message::builder()
                .from(self.from.clone())
                .to(to)
                .subject(mail.subject)
                .header(ContentType::TEXT_PLAIN)
                .body(mail.text)
                .map_err(|_| Fault::new("mail send: the message cannot be written"))?;
            self.smtp.send(message).await.map(drop).map_err(|cause| Fault::new(format!("mail send: {cause}")))
        })
    }
}

/// No mail server: whatever needs a mail says so.
struct Nowhere;

impl Mailer for Nowhere {
    fn is_ready(&self) -> bool {
        false
    }

    fn send(&self, _: Mail) -> Sending<'_> {
        Box::pin(async { Err(Fault::new("mail send: no mail server is set up")) })
    }
}

/// The demo's mails, newest first, for `/dev/mailbox`.
#[derive(Default)]
pub struct Mailbox(Mutex<VecDeque<Mail>>);

const MOST_MAILS: usize = 50;

impl Mailer for Mailbox {
    fn is_ready(&self) -> bool {
        true
    }

    fn send(&self, mail: Mail) -> Sending<'_> {
        let mut mails = self.0.lock();
        mails.push_front(mail);
        mails.truncate(MOST_MAILS);
        Box::pin(async { Ok(()) })
    }

    fn kept(&self) -> Vec<Mail> {
        self.0.lock().iter().cloned().collect()
    }
}
