//! Requests whose bodies are passed on as they come, both ways.
//!
//! Promise: the guard is the same as for small requests, and no redirect is followed. Bytes pass as they are: nothing is decompressed.
//! Nobody is waited for without end (a connection, the head of an answer, the next piece of it), a head has a size, and only as much
//! of a body is held as is on its way: who reads slowly slows the other side down.

use crate::client::{Egress, told};
use crate::trouble::Trouble;
use bytes::Bytes;
use futures_util::Stream;
use http::{HeaderMap, Method};
use std::pin::Pin;
use std::time::Duration;

/// More than any honest service sends.
const MOST_HEADERS: usize = 100;
const LONGEST_HEAD: usize = 64 << 10;

/// Pieces of a body that is still arriving.
pub type Course = Pin<Box<dyn Stream<Item = Result<Bytes, std::io::Error>> + Send>>;

/// What is sent along.
pub enum Upload {
    Nothing,
    Whole(Bytes),
    /// Its length is told by a `Content-Length` among the headers, or not at all.
    Course(Course),
}

/// How long is waited.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the head of the answer, the upload included.
    pub head: Duration,
    /// For the next piece of its body.
    pub pause: Duration,
}

/// The head of an answer, and its body on the way.
#[derive(Debug)]
pub struct Streamed {
    pub status: u16,
    pub headers: HeaderMap,
    pub body: Incoming,
}

/// The body of an answer.
#[derive(Debug)]
pub struct Incoming {
    response: reqwest::Response,
    pause: Duration,
}

impl Egress {
    /// Sends a request and gives the answer as soon as its head is there. Whatever the headers carry is the caller's word.
    pub async fn stream(
        &self,
        method: Method,
        url: &str,
        headers: HeaderMap,
        body: Upload,
        patience: Patience,
    ) -> Result<Streamed, Trouble> {
        let (client, url) = self.check(url)?;
        let mut request = client.request(method, url).headers(headers);
        request = match body {
            Upload::Nothing => request,
            Upload::Whole(bytes) => request.body(bytes),
            Upload::Course(course) => request.body(reqwest::Body::wrap_stream(course)),
        };
        let asked = async { request.send().await.map_err(|error| told(&error)) };
        let mut response = tokio::time::timeout(patience.head, asked).await.unwrap_or(Err(Trouble::TooSlow))?;
        let headers = std::mem::take(response.headers_mut());
        let size: usize = headers.iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        if headers.len() > MOST_HEADERS || size > LONGEST_HEAD {
            return Err(Trouble::TooLarge);
        }
        let status = response.status().as_u16();
        Ok(Streamed { status, headers, body: Incoming { response, pause: patience.pause } })
    }
}

impl Incoming {
    /// The next piece; nothing at the end.
    pub async fn next(&mut self) -> Result<Option<Bytes>, Trouble> {
        match tokio::time::timeout(self.pause, self.response.chunk()).await {
            Ok(piece) => piece.map_err(|error| told(&error)),
            Err(_) => Err(Trouble::TooSlow),
        }
    }
}
