//! One keep-alive connection to the server.

use bytes::Bytes;
use http::header::{HOST, HeaderMap, HeaderName};
use http::{HeaderValue, Method, Request, Response, Uri};
use http_body_util::{BodyExt as _, Full};
use hyper::client::conn::http1::{SendRequest, handshake};
use hyper_util::rt::TokioIo;
use std::net::SocketAddr;
use tokio::net::TcpStream;

/// A request without its body.
#[derive(Clone)]
pub struct Template {
    method: Method,
    path: Uri,
    headers: HeaderMap,
}

impl Template {
    /// A request for a path of the issuer `http://host`.
    pub fn new(method: Method, host: &str, path: &str) -> Result<Template, String> {
        let path = path.parse().map_err(|_| format!("{path} is no path"))?;
        Template { method, path, headers: HeaderMap::new() }.header(HOST, host)
    }

    /// A form that is posted.
    pub fn form(host: &str, path: &str) -> Result<Template, String> {
        Template::new(Method::POST, host, path)?.header(http::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
    }

    /// Adds a header.
    pub fn header(mut self, name: HeaderName, value: &str) -> Result<Template, String> {
        self.headers.insert(name, HeaderValue::from_str(value).map_err(|_| "a header is not text".to_owned())?);
        Ok(self)
    }

    /// The request with this body.
    pub fn with(&self, body: impl Into<Bytes>) -> Request<Full<Bytes>> {
        let mut request = Request::new(Full::new(body.into()));
        *request.method_mut() = self.method.clone();
        *request.uri_mut() = self.path.clone();
        *request.headers_mut() = self.headers.clone();
        request
    }
}

/// A connection that is kept.
pub struct Wire(SendRequest<Full<Bytes>>);

impl Wire {
    /// Connects.
    pub async fn open(address: SocketAddr) -> Result<Wire, String> {
        let stream = TcpStream::connect(address).await.map_err(|cause| format!("connect: {cause}"))?;
        stream.set_nodelay(true).map_err(|cause| format!("connect: {cause}"))?;
        let (sender, connection) =
            handshake(TokioIo::new(stream)).await.map_err(|cause| format!("connect: {cause}"))?;
        tokio::spawn(connection);
        Ok(Wire(sender))
    }

    /// Sends a request and reads the whole answer.
    pub async fn send(&mut self, request: Request<Full<Bytes>>) -> Result<Response<Bytes>, String> {
        self.0.ready().await.map_err(|cause| format!("connection: {cause}"))?;
        let response = self.0.send_request(request).await.map_err(|cause| format!("request: {cause}"))?;
        let (parts, body) = response.into_parts();
        let body = body.collect().await.map_err(|cause| format!("answer: {cause}"))?;
        Ok(Response::from_parts(parts, body.to_bytes()))
    }

    /// Sends a request and counts the bytes of its answer, keeping none.
    pub async fn counts(&mut self, request: Request<Full<Bytes>>) -> Result<u64, String> {
        self.0.ready().await.map_err(|cause| format!("connection: {cause}"))?;
        let response = self.0.send_request(request).await.map_err(|cause| format!("request: {cause}"))?;
        let mut body = response.into_body();
        let mut count = 0;
        while let Some(frame) = body.frame().await {
            let frame = frame.map_err(|cause| format!("answer: {cause}"))?;
            count += frame.data_ref().map_or(0, |piece| piece.len() as u64);
        }
        Ok(count)
    }
}
