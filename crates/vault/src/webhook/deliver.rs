//! Delivering: what is due goes out, a few at a time; what fails is tried again for a day, ever more seldom.

use super::{Delivery, rows, sign};
use crate::Vault;
use base::{Fault, Secret};
use net::{Ask, Trouble};
use tokio::task::JoinSet;

/// So many are on their way at once.
const AT_ONCE: u32 = 8;
/// How long one may take before another node may take it over, in seconds.
const LEASE_SECS: i64 = 60;
/// An answer is not read beyond this.
const MOST_ANSWER: usize = 64 << 10;
const FIRST_DELAY_SECS: i64 = 15;
const LONGEST_DELAY_SECS: i64 = 4 * 3_600;
const DAY_SECS: i64 = 86_400;

/// How long to wait after so many attempts; nothing when a day of them is over.
fn delay_after(attempts: i64) -> Option<i64> {
    let delay = |attempt: i64| {
        let doubled = FIRST_DELAY_SECS.saturating_mul(1_i64 << (attempt - 1).clamp(0, 20));
        doubled.min(LONGEST_DELAY_SECS)
    };
    let waited: i64 = (1..attempts).map(delay).sum();
    // The last wait is cut so that the last attempt comes when the day is over.
    (waited < DAY_SECS).then(|| delay(attempts).min(DAY_SECS - waited))
}

impl Vault {
    /// Sends what is due, so many at once. Gives how many there were.
    pub async fn deliver_webhooks(&self) -> Result<u32, Fault> {
        let (seams, sealer) = (self.seams.clone(), self.sealer.clone());
        let due = self
            .store
            .write_again(move |tx| {
                let now = seams.now();
                let mut taken = Vec::new();
                for (delivery, url, sealed) in rows::due(tx, now, AT_ONCE)? {
                    if rows::take_attempt(tx, &delivery, now.plus_secs(LEASE_SECS))? {
                        let plain = sealer.open(super::change::place(&delivery.webhook), &sealed)?;
                        let secret = String::from_utf8(plain).map_err(|_| Fault::new("webhooks: secret is no text"))?;
                        taken.push((delivery, url, Secret::new(secret)));
                    }
                }
                Ok::<_, Fault>(taken)
            })
            .await?;
        let count = u32::try_from(due.len()).unwrap_or(u32::MAX);
        let mut running = JoinSet::new();
        for (delivery, url, secret) in due {
            let vault = self.clone();
            running.spawn(async move { vault.deliver(delivery, &url, &secret).await });
        }
        let mut outcome = Ok(count);
        while let Some(done) = running.join_next().await {
            match done {
                Ok(Ok(())) => {}
                Ok(Err(fault)) => outcome = Err(fault),
                Err(_) => outcome = Err(Fault::new("webhook deliver: the task broke")),
            }
        }
        outcome
    }

    async fn deliver(&self, delivery: Delivery, url: &str, secret: &Secret) -> Result<(), Fault> {
        let id = delivery.id();
        let timestamp = self.seams.now().secs().to_string();
        let signature = sign(secret, &id, &timestamp, &delivery.body);
        let headers = [
            ("Content-Type", "application/json"),
            ("Procura-Webhook-Id", id.as_str()),
            ("Procura-Webhook-Timestamp", timestamp.as_str()),
            ("Procura-Webhook-Signature", signature.as_str()),
        ];
        let ask = Ask { method: "POST", url, headers: &headers, body: Some(delivery.body.as_bytes()) };
        let (status, error) = match self.egress.send(ask, MOST_ANSWER).await {
            Ok(answer) if (200..300).contains(&answer.status) => (Some(answer.status), None),
            Ok(answer) if (300..400).contains(&answer.status) => {
                (Some(answer.status), Some("it redirects, and deliveries do not follow"))
            }
            Ok(answer) => (Some(answer.status), Some("it was not accepted")),
            Err(trouble) => (None, Some(told(trouble))),
        };
        let attempts = delivery.attempts + 1;
        let seams = self.seams.clone();
        self.store
            .write_again(move |tx| {
                let now = seams.now();
                let status = status.map(i64::from);
                match error {
                    None => rows::note_delivered(tx, delivery.number, attempts, status, now),
                    Some(error) => {
                        let next = delay_after(attempts).map(|secs| now.plus_secs(secs));
                        rows::note_failed(tx, delivery.number, attempts, status, error, next)
                    }
                }
            })
            .await
    }
}

fn told(trouble: Trouble) -> &'static str {
    trouble.sentence()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn attempts_come_ever_more_seldom_for_a_day() {
        let delays: Vec<i64> = (1..).map_while(delay_after).collect();
        assert_eq!(delays.iter().take(4).copied().collect::<Vec<_>>(), [15, 30, 60, 120]);
        assert_eq!(delays.iter().sum::<i64>(), DAY_SECS);
        assert!(delays.iter().all(|delay| (1..=LONGEST_DELAY_SECS).contains(delay)));
        assert_eq!(delay_after(i64::from(u16::MAX)), None);
    }
}
