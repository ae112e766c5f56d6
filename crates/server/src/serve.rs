//! Sockets: bind, accept, one HTTP/1.1 connection after another, and an orderly end.
//!
//! Promise: a slow or silent peer is cut off; the head of a request is bounded; once told to stop, nothing new is accepted and
//! what is in flight has ten seconds to finish.

use crate::failure::Failure;
use crate::patient::Patient;
use axum::Router;
use axum::body::{Body, Bytes};
use axum::extract::ConnectInfo;
use axum::http::Request;
use hyper::body::{Body as HttpBody, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Semaphore, mpsc, watch};
use tokio::time::Sleep;
use tower::Service as _;

/// How long peers may take, and how much they may send before the body.
#[derive(Debug, Clone, Copy)]
pub struct Patience {
    /// For the head of a request; also how long a connection may stay idle.
    pub head: Duration,
    /// For the whole body of a request.
    pub body: Duration,
    /// For a peer that asked to read some of its answer.
    pub answer: Duration,
    /// For what is in flight when the server stops.
    pub drain: Duration,
}

impl Default for Patience {
    fn default() -> Patience {
        Patience {
            head: Duration::from_secs(30),
            body: Duration::from_secs(30),
            answer: Duration::from_secs(30),
            drain: Duration::from_secs(10),
        }
    }
}

const HEAD_BYTES: usize = 32 * 1024;
const HEAD_FIELDS: usize = 64;
const CONNECTIONS: usize = 8192;

/// Binds a listener. `variable` is the setting to name when the port is taken.
pub async fn bind(address: SocketAddr, variable: &str) -> Result<(TcpListener, SocketAddr), Failure> {
    let trouble = |cause: io::Error| match cause.kind() {
        io::ErrorKind::AddrInUse => {
            Failure::new(format!("{address} is in use by another program; set {variable} to a free port"))
        }
        io::ErrorKind::PermissionDenied => {
            Failure::new(format!("{address} may not be used by this user; set {variable} to a port above 1023"))
        }
        _ => Failure::new(format!(
            "{address} cannot be listened on: {cause}; set {variable} to an address of this machine"
        )),
    };
    let listener = TcpListener::bind(address).await.map_err(trouble)?;
    let bound = listener.local_addr().map_err(trouble)?;
    Ok((listener, bound))
}

/// Serves until `stop` turns true, then lets what is in flight finish.
pub async fn serve(listener: TcpListener, router: Router, patience: Patience, mut stop: watch::Receiver<bool>) {
    // Every connection holds a clone; when the last is gone, nothing is in flight.
    let (held, mut all_gone) = mpsc::channel::<()>(1);
    let room = Arc::new(Semaphore::new(CONNECTIONS));
    loop {
        let Ok(place) = Arc::clone(&room).acquire_owned().await else { break };
        let accepted = tokio::select! {
            biased;
            () = stopped(&mut stop) => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let connection = connect(stream, peer, router.clone(), patience, stop.clone());
                let held = held.clone();
                tokio::spawn(async move {
                    connection.await;
                    drop((place, held));
                });
            }
            Err(cause) => {
                // Out of descriptors, most likely: waiting lets some connections end.
                tracing::warn!("connection accept: {cause}");
                tokio::time::sleep(Duration::from_millis(100)).await;
            }
        }
    }
    drop((listener, held));
    let _ = tokio::time::timeout(patience.drain, all_gone.recv()).await;
}

async fn connect(
    stream: TcpStream,
    peer: SocketAddr,
    router: Router,
    patience: Patience,
    mut stop: watch::Receiver<bool>,
) {
    let _ = stream.set_nodelay(true);
    let service = service_fn(move |request: Request<Incoming>| {
        // What is passed on may be long: there it is the pauses that have a limit.
        let pace = if request.uri().path().starts_with("/proxy/") { Pace::Pauses } else { Pace::Whole };
        let mut request = request.map(|body| Body::new(TimedBody::new(body, patience.body, pace)));
        request.extensions_mut().insert(ConnectInfo(peer));
        let mut router = router.clone();
        router.call(request)
    });
    let mut builder = http1::Builder::new();
    builder
        .timer(TokioTimer::new())
        .header_read_timeout(patience.head)
        .max_buf_size(HEAD_BYTES)
        .max_headers(HEAD_FIELDS);
    let mut connection =
        std::pin::pin!(builder.serve_connection(TokioIo::new(Patient::new(stream, patience.answer)), service));
    let ended = tokio::select! {
        ended = connection.as_mut() => ended,
        () = stopped(&mut stop) => {
            connection.as_mut().graceful_shutdown();
            connection.await
        }
    };
    if let Err(cause) = ended {
        tracing::debug!("connection end: {cause}");
    }
}

/// Comes back once the server is told to stop, or nobody is left who could tell it.
pub async fn stopped(stop: &mut watch::Receiver<bool>) {
    let _ = stop.wait_for(|is_stopping| *is_stopping).await;
}

/// A request body that must arrive within its time.
struct TimedBody {
    inner: Incoming,
    pace: Pace,
    patience: Duration,
    // Made when the body first has to be waited for; most bodies arrive with their head.
    deadline: Option<Pin<Box<Sleep>>>,
}

/// What of a body has its time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Pace {
    Whole,
    Pauses,
}

impl TimedBody {
    fn new(inner: Incoming, patience: Duration, pace: Pace) -> TimedBody {
        TimedBody { inner, pace, patience, deadline: None }
    }
}

impl HttpBody for TimedBody {
    type Data = Bytes;
    type Error = Box<dyn std::error::Error + Send + Sync>;

    fn poll_frame(
        mut self: Pin<&mut Self>,
        context: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<Bytes>, Self::Error>>> {
        match Pin::new(&mut self.inner).poll_frame(context) {
            Poll::Ready(frame) => {
                if self.pace == Pace::Pauses {
                    self.deadline = None;
                }
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => {
                let patience = self.patience;
                let deadline = self.deadline.get_or_insert_with(|| Box::pin(tokio::time::sleep(patience)));
                match deadline.as_mut().poll(context) {
                    Poll::Ready(()) => Poll::Ready(Some(Err("the body did not arrive in time".into()))),
                    Poll::Pending => Poll::Pending,
                }
            }
        }
    }

    fn is_end_stream(&self) -> bool {
        self.inner.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.inner.size_hint()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use axum::routing::{get, post};
    use std::io::{Read as _, Write as _};

    async fn slow() -> &'static str {
        tokio::time::sleep(Duration::from_millis(400)).await;
        "done"
    }

    async fn start(patience: Patience) -> (SocketAddr, watch::Sender<bool>, tokio::task::JoinHandle<()>) {
        let router = Router::new().route("/slow", get(slow)).route("/echo", post(|body: String| async { body }));
        let (listener, address) = bind("127.0.0.1:0".parse().unwrap(), "PROCURA_LISTEN").await.unwrap();
        let (tell, stop) = watch::channel(false);
        let serving = tokio::spawn(serve(listener, router, patience, stop));
        (address, tell, serving)
    }

    /// Writes these bytes and reads until the server closes the connection.
    async fn say(address: SocketAddr, bytes: Vec<u8>) -> String {
        tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            stream.set_read_timeout(Some(Duration::from_secs(10))).unwrap();
            stream.write_all(&bytes).unwrap();
            let mut answer = Vec::new();
            // A reset after the answer is an end like another.
            let _ = stream.read_to_end(&mut answer);
            String::from_utf8_lossy(&answer).into_owned()
        })
        .await
        .unwrap()
    }

    fn hasty() -> Patience {
        Patience {
            head: Duration::from_millis(200),
            body: Duration::from_millis(200),
            answer: Duration::from_millis(200),
            drain: Duration::from_secs(10),
        }
    }

    #[tokio::test]
    async fn threat_184_a_peer_that_dawdles_over_head_or_body_is_cut_off() {
        let (address, _tell, _serving) = start(hasty()).await;
        let started = std::time::Instant::now();
        let head = say(address, b"POST /echo HTTP/1.1\r\nHost: localhost\r\n".to_vec()).await;
        assert!(!head.contains("200 OK"), "{head}");
        let body =
            say(address, b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 10\r\n\r\nab".to_vec()).await;
        assert!(!body.contains("200 OK"), "{body}");
        assert!(started.elapsed() < Duration::from_secs(5));
        let whole =
            say(address, b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\nab".to_vec()).await;
        assert!(whole.contains("200 OK") && whole.ends_with("ab"), "{whole}");
    }

    #[tokio::test]
    async fn threat_184_a_peer_that_asks_and_never_reads_is_cut_off() {
        let (address, _tell, _serving) = start(hasty()).await;
        let body = vec![b'a'; 1 << 20];
        let mut request = b"POST /echo HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048576\r\n\r\n".to_vec();
        request.extend_from_slice(&body);
        let ended = tokio::task::spawn_blocking(move || {
            let mut stream = std::net::TcpStream::connect(address).unwrap();
            stream.set_write_timeout(Some(Duration::from_secs(10))).unwrap();
            // Until the server's patience ends, its own buffers and ours take some of it.
            (0..64).find_map(|_| stream.write_all(&request).err()).map(|error| error.kind())
        });
        let ended = ended.await.unwrap();
        assert!(
            matches!(ended, Some(io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe)),
            "the server still waits: {ended:?}"
        );
    }

    #[tokio::test]
    async fn threat_183_a_head_beyond_its_bounds_is_refused() {
        let (address, _tell, _serving) = start(hasty()).await;
        let mut long = b"GET /slow HTTP/1.1\r\nHost: localhost\r\nX-Long: ".to_vec();
        long.resize(HEAD_BYTES * 2, b'a');
        let mut many = b"GET /slow HTTP/1.1\r\nHost: localhost\r\n".to_vec();
        (0..=HEAD_FIELDS).for_each(|number| many.extend_from_slice(format!("X-{number}: 1\r\n").as_bytes()));
        many.extend_from_slice(b"\r\n");
        for request in [long, many] {
            let answer = say(address, request).await;
            assert!(answer.starts_with("HTTP/1.1 431"), "{answer}");
        }
    }

    #[tokio::test]
    async fn threat_184_a_request_with_two_lengths_is_refused() {
        let (address, _tell, _serving) = start(hasty()).await;
        for fields in [
            "Content-Length: 2\r\nContent-Length: 3",
            "Content-Length: 2\r\nTransfer-Encoding: chunked",
            "Transfer-Encoding: chunked, identity",
            "Content-Length: +2",
            "Content-Length : 2",
            "X-Folded: a\r\n b",
        ] {
            let answer =
                say(address, format!("POST /echo HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n\r\nab").into_bytes())
                    .await;
            assert!(!answer.contains("200 OK"), "{fields}: {answer}");
        }
    }

    #[tokio::test]
    async fn what_is_in_flight_finishes_and_nothing_new_begins() {
        let (address, tell, serving) = start(Patience::default()).await;
        let asked = tokio::spawn(say(address, b"GET /slow HTTP/1.1\r\nHost: localhost\r\n\r\n".to_vec()));
        tokio::time::sleep(Duration::from_millis(100)).await;
        tell.send(true).unwrap();
        assert!(asked.await.unwrap().ends_with("done"));
        serving.await.unwrap();
        assert!(std::net::TcpStream::connect(address).is_err());
    }

    #[tokio::test]
    async fn a_taken_port_is_one_sentence() {
        let (_listener, address) = bind("127.0.0.1:0".parse().unwrap(), "PROCURA_LISTEN").await.unwrap();
        let refused = bind(address, "PROCURA_LISTEN").await.unwrap_err();
        assert_eq!(
            refused.to_string(),
            format!("{address} is in use by another program; set PROCURA_LISTEN to a free port")
        );
    }
}
