//! The thinking of Iris: no model, one answer, told word by word as a model would.

use axum::body::Bytes;
use hyper::body::{Body, Frame};
use serde_json::json;
use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::sync::mpsc;

/// Slow enough to be seen coming.
const PAUSE: Duration = Duration::from_millis(30);

/// The answer to a question: the same to the same.
pub(super) fn answer(prompt: &str) -> String {
    let count = prompt.split_whitespace().count();
    format!(
        "Thank you for asking: “{prompt}” I have turned over every word of it ({count}). I am a sample without a model, so this \
         is all I think. Another app asked me in your name, and I answered because you allowed it."
    )
}

/// Words on their way, as server-sent events (HTML Living Standard §9.2.5).
pub(super) struct Words(mpsc::Receiver<Bytes>);

impl Words {
    /// Begins to say them. When nobody listens any more, it stops.
    pub(super) fn say(text: String) -> Words {
        let (sender, receiver) = mpsc::channel(4);
        tokio::spawn(async move {
            for word in text.split_whitespace() {
                let event = format!("data: {}\n\n", json!({ "word": word }));
                if sender.send(Bytes::from(event)).await.is_err() {
                    return;
                }
                tokio::time::sleep(PAUSE).await;
            }
        });
        Words(receiver)
    }
}

impl Body for Words {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        self.0.poll_recv(context).map(|event| event.map(|event| Ok(Frame::data(event))))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use http_body_util::BodyExt as _;

    #[tokio::test]
    async fn an_answer_comes_word_by_word_and_is_the_same_each_time() {
        assert_eq!(answer("Why is the sky blue?"), answer("Why is the sky blue?"));
        assert!(answer("Why not?").contains("“Why not?” I have turned over every word of it (2)."));
        let told = Words::say("two \"words\"".to_owned()).collect().await.unwrap().to_bytes();
        assert_eq!(told, "data: {\"word\":\"two\"}\n\ndata: {\"word\":\"\\\"words\\\"\"}\n\n");
    }
}
