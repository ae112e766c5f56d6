//! A body that comes in pieces, with a pause between them.

use axum::body::Bytes;
use hyper::body::{Body, Frame};
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;

pub(super) struct Pieces(mpsc::Receiver<Bytes>);

impl Pieces {
    /// Begins to say them. When nobody listens any more, it stops.
    pub(super) fn say(pieces: impl Iterator<Item = Bytes> + Send + 'static, pause: Duration) -> Pieces {
        let (sender, receiver) = mpsc::channel(1);
        tokio::spawn(async move {
            for (number, piece) in pieces.enumerate() {
                if number > 0 {
                    tokio::time::sleep(pause).await;
                }
                if sender.send(piece).await.is_err() {
                    return;
                }
            }
        });
        Pieces(receiver)
    }
}

impl Body for Pieces {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|piece| piece.map(|piece| Ok(Frame::data(piece))))
    }
}
