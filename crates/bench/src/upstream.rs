//! A service elsewhere, for calls through the proxy: it answers 1 KB, or as many bytes as are asked, from a thread of its own.

use bytes::Bytes;
use http::{Request, Response};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::{Body, Frame, Incoming, SizeHint};
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use std::convert::Infallible;
use std::net::{Ipv4Addr, SocketAddr};
use std::pin::Pin;
use std::task::{Context, Poll};
use tokio::net::TcpListener;

const CHUNK: usize = 64 << 10;

/// Starts it and gives where it is. It lasts as long as the process.
pub fn start() -> Result<SocketAddr, String> {
    let (tell, told) = std::sync::mpsc::channel();
    std::thread::spawn(move || {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        if let Ok(runtime) = runtime {
            runtime.block_on(async move {
                let Ok(listener) = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).await else { return };
                let _ = tell.send(listener.local_addr());
                serve(listener).await;
            });
        }
    });
    let address = told.recv().map_err(|_| "the service elsewhere did not start".to_owned())?;
    address.map_err(|cause| format!("the service elsewhere: {cause}"))
}

async fn serve(listener: TcpListener) {
    while let Ok((stream, _)) = listener.accept().await {
        let _ = stream.set_nodelay(true);
        let answering = http1::Builder::new().serve_connection(TokioIo::new(stream), service_fn(answer));
        tokio::spawn(answering);
    }
}

async fn answer(request: Request<Incoming>) -> Result<Response<BoxBody<Bytes, Infallible>>, Infallible> {
    let asked = request.uri().query().and_then(|query| query.strip_prefix("n=")).and_then(|count| count.parse().ok());
    let body = match asked {
        Some(left) => Zeros { left }.boxed(),
        None => Full::new(Bytes::from_static(&[b'x'; 1024])).boxed(),
    };
    Ok(Response::new(body))
}

/// So many bytes.
struct Zeros {
    left: u64,
}

impl Body for Zeros {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        static ZEROS: [u8; CHUNK] = [0; CHUNK];
        let count = self.left.min(CHUNK as u64);
        self.left -= count;
        let piece = Bytes::from_static(ZEROS.get(..count as usize).unwrap_or_default());
        Poll::Ready(Some(piece).filter(|piece| !piece.is_empty()).map(|piece| Ok(Frame::data(piece))))
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left)
    }
}
