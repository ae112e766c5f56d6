//! One answer for requests that overlap: two tabs that refresh at the same moment must not sign anyone out.

use crate::refusal::{Error, Refusal, Result};
use crate::token::Tokens;
use base::Fault;
use parking_lot::Mutex;
use std::collections::HashMap;
use std::future::Future;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::watch;

type Outcome = std::result::Result<Tokens, Option<Refusal>>;

struct Flight {
    asker: String,
    answer: watch::Receiver<Option<Outcome>>,
    /// How many have joined it.
    joined: u32,
}

/// Once two have asked at the same moment, more may be on their way: the answer waits until nobody has joined for so long,
const QUIET: Duration = Duration::from_millis(15);
/// and not longer than this. Whoever refreshes alone waits for nothing.
const MOST_QUIETS: u32 = 8;

/// What a request is to the one that is under way.
enum Place {
    Leads(watch::Sender<Option<Outcome>>, watch::Receiver<Option<Outcome>>),
    Waits(watch::Receiver<Option<Outcome>>),
    Alone,
}

/// The refreshes that are under way on this node, by the digest of the token shown.
#[derive(Clone, Default)]
pub(crate) struct Flights(Arc<Mutex<HashMap<[u8; 32], Flight>>>);

impl Flights {
    /// Runs the work, or waits for the same work that is under way for the same asker. The work goes on when its asker leaves:
    /// a rotated token must not be lost with a connection.
    pub(crate) async fn share<W>(&self, digest: [u8; 32], asker: String, work: W) -> Result<Tokens>
    where
        W: Future<Output = Result<Tokens>> + Send + 'static,
    {
        match self.join(digest, &asker) {
            Place::Waits(answer) => land(answer).await,
            // Another client or another scope shares nothing: the transaction finds out what it is.
            Place::Alone => work.await,
            Place::Leads(tell, answer) => {
                tokio::spawn(self.clone().fly(digest, tell, work));
                land(answer).await
            }
        }
    }

    fn join(&self, digest: [u8; 32], asker: &str) -> Place {
        let mut flights = self.0.lock();
        // Work that died (a panic) has told nobody; it must not answer for this token for ever.
        if flights.get(&digest).is_some_and(|flight| flight.answer.has_changed().is_err()) {
            flights.remove(&digest);
        }
        match flights.get_mut(&digest) {
            Some(flight) if flight.asker == asker => {
                flight.joined += 1;
                Place::Waits(flight.answer.clone())
            }
            Some(_) => Place::Alone,
            None => {
                let (tell, answer) = watch::channel(None);
                flights.insert(digest, Flight { asker: asker.to_owned(), answer: answer.clone(), joined: 0 });
                Place::Leads(tell, answer)
            }
        }
    }

    fn joined(&self, digest: &[u8; 32]) -> u32 {
        self.0.lock().get(digest).map_or(0, |flight| flight.joined)
    }

    async fn fly<W>(self, digest: [u8; 32], tell: watch::Sender<Option<Outcome>>, work: W)
    where
        W: Future<Output = Result<Tokens>> + Send + 'static,
    {
        let outcome = match work.await {
            Ok(tokens) => Ok(tokens),
            Err(Error::Refused(refusal)) => Err(Some(refusal)),
            Err(Error::Fault(fault)) => {
                tracing::error!("{fault}");
                Err(None)
            }
        };
        // Requests that have arrived but were not read yet overlap too: let the runtime look at its sockets before we land.
        for _ in 0..4 {
            tokio::task::yield_now().await;
        }
        let mut joined = 0;
        for _ in 0..MOST_QUIETS {
            let now = self.joined(&digest);
            if now == joined {
                break;
            }
            joined = now;
            tokio::time::sleep(QUIET).await;
        }
        self.0.lock().remove(&digest);
        let _ = tell.send(Some(outcome));
    }
}

async fn land(mut answer: watch::Receiver<Option<Outcome>>) -> Result<Tokens> {
    let landed = answer.wait_for(Option::is_some).await;
    let outcome = landed.map_err(|_| Fault::new("refresh share: the work died"))?.clone();
    match outcome {
        Some(Ok(tokens)) => Ok(tokens),
        Some(Err(Some(refusal))) => Err(Error::Refused(refusal)),
        Some(Err(None)) | None => Err(Fault::new("refresh share: the shared work broke").into()),
    }
}
