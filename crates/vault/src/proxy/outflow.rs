//! The body of an answer on its way to the caller.

use super::busy::Place;
use super::inside::Inspecting;
use super::redact::Redacting;
use crate::acts;
use base::{Fault, Seams};
use bytes::Bytes;
use db::Store;
use futures_util::Stream;
use futures_util::stream::unfold;
use ledger::journal::{self, Entry};
use net::Incoming;
use serde_json::{Value, json};
use std::fmt;
use tokio::time::{Duration, Instant};

/// No answer is longer, in bytes, or takes longer (threat 152).
const MOST_BYTES: u64 = 4 << 30;
const LONGEST: Duration = Duration::from_hours(1);

/// Why a body broke off. What was passed on so far is not the whole.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Broken(pub(crate) &'static str);

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.0)
    }
}

impl std::error::Error for Broken {}

/// How a body is kept free of the credential.
pub(super) enum Filter {
    Covering(Redacting),
    Inspecting(Box<Inspecting>),
}

impl Filter {
    fn piece(&mut self, piece: Bytes) -> Result<Bytes, Broken> {
        match self {
            Filter::Covering(redacting) => Ok(redacting.piece(piece)),
            Filter::Inspecting(inspecting) => inspecting.piece(&piece),
        }
    }

    fn rest(&mut self) -> Bytes {
        match self {
            Filter::Covering(redacting) => redacting.rest(),
            Filter::Inspecting(inspecting) => inspecting.rest(),
        }
    }
}

/// A body that is still arriving, without the credential. Only as much is held as is on its way.
pub struct Outflow {
    incoming: Option<Incoming>,
    filter: Filter,
    passed: u64,
    until: Instant,
    after: After,
    _place: Place,
}

impl fmt::Debug for Outflow {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Outflow")
    }
}

impl Outflow {
    pub(super) fn new(incoming: Incoming, filter: Filter, after: After, place: Place) -> Outflow {
        Outflow { incoming: Some(incoming), filter, passed: 0, until: Instant::now() + LONGEST, after, _place: place }
    }

    /// The next piece; nothing at the end.
    pub async fn next(&mut self) -> Option<Result<Bytes, Broken>> {
        loop {
            let incoming = self.incoming.as_mut()?;
            let piece = match tokio::time::timeout_at(self.until, incoming.next()).await {
                Ok(Ok(Some(piece))) => piece,
                Ok(Ok(None)) => {
                    self.incoming = None;
                    self.after.is_whole = true;
                    let rest = self.filter.rest();
                    return if rest.is_empty() { None } else { Some(Ok(self.counted(rest))) };
                }
                Ok(Err(trouble)) => return Some(Err(self.broken(trouble.sentence()))),
                Err(_) => return Some(Err(self.broken("the answer takes too long"))),
            };
            if self.passed + piece.len() as u64 > MOST_BYTES {
                return Some(Err(self.broken("the answer is too long")));
            }
            let piece = match self.filter.piece(piece) {
                Ok(piece) => piece,
                Err(Broken(sentence)) => return Some(Err(self.broken(sentence))),
            };
            if !piece.is_empty() {
                return Some(Ok(self.counted(piece)));
            }
        }
    }

    /// As a stream, for whoever renders it.
    pub fn into_stream(self) -> impl Stream<Item = Result<Bytes, Broken>> + Send + 'static {
        unfold(self, |mut outflow| async move { outflow.next().await.map(|piece| (piece, outflow)) })
    }

    /// At most so many bytes, and whether there were more.
    pub async fn whole(mut self, most: usize) -> Result<(Vec<u8>, bool), Broken> {
        let mut all = Vec::new();
        while let Some(piece) = self.next().await {
            let piece = piece?;
            let room = most - all.len();
            all.extend_from_slice(piece.get(..room.min(piece.len())).unwrap_or_default());
            if piece.len() > room {
                self.after.is_whole = true;
                return Ok((all, true));
            }
        }
        Ok((all, false))
    }

    fn counted(&mut self, piece: Bytes) -> Bytes {
        self.passed += piece.len() as u64;
        self.after.passed = self.passed;
        piece
    }

    fn broken(&mut self, sentence: &'static str) -> Broken {
        self.incoming = None;
        self.after.trouble = Some(sentence);
        Broken(sentence)
    }
}

/// The second row: what came of a call. It is written when this goes, however it ended.
pub(super) struct After {
    pub store: Store,
    pub seams: Seams,
    /// The row that it follows, without its number.
    pub like: Box<dyn Fn(Entry) -> Entry + Send + Sync>,
    pub call: String,
    pub status: Option<u16>,
    pub began: Instant,
    pub passed: u64,
    pub is_whole: bool,
    pub trouble: Option<&'static str>,
}

impl After {
    fn entry(&self) -> Result<Entry, Fault> {
        let outcome = match (self.status, self.trouble, self.is_whole) {
            (_, Some(_), _) | (None, ..) => "network_error",
            (Some(400..), None, true) => "provider_error",
            (Some(_), None, true) => "success",
            (Some(_), None, false) => "left",
        };
        let mut detail = json!({
            "call": self.call, "status": self.status, "bytes": self.passed, "outcome": outcome,
            "ms": u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX),
        });
        if let (Some(trouble), Some(fields)) = (self.trouble, detail.as_object_mut()) {
            fields.insert("trouble".to_owned(), Value::from(trouble));
        }
        Ok((self.like)(Entry::new(acts::CALL_ANSWERED, &self.seams)?).detail(detail))
    }
}

impl Drop for After {
    fn drop(&mut self) {
        let entry = self.entry();
        let (store, call) = (self.store.clone(), self.call.clone());
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        runtime.spawn(async move {
            let written = match entry {
                Ok(entry) => store.write(move |tx| journal::write(tx, &entry)).await,
                Err(fault) => Err(fault),
            };
            if let Err(fault) = written {
                tracing::error!("call {call}: what came of it is not written: {fault}");
            }
        });
    }
}
