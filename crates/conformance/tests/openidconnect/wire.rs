//! HTTP/1.1 to the binary, as the TLS proxy in front of it would speak it.

use http_body_util::{BodyExt, Full};
use hyper::body::Bytes;
use hyper_util::rt::TokioIo;
use openidconnect::{HttpRequest, HttpResponse};
use url::Url;

use crate::server::ISSUER;

#[derive(Clone)]
pub struct Wire {
    pub address: String,
}

impl Wire {
    /// One request. Redirects are not followed, as `openidconnect` demands of its HTTP client.
    pub async fn send(&self, request: HttpRequest) -> Result<HttpResponse, std::io::Error> {
        let (parts, body) = request.into_parts();
        let url = Url::parse(&parts.uri.to_string()).map_err(std::io::Error::other)?;
        assert_eq!(url.origin().ascii_serialization(), ISSUER, "the client was sent elsewhere");

        let stream = tokio::net::TcpStream::connect(&self.address).await?;
        let (mut sender, connection) =
            hyper::client::conn::http1::handshake(TokioIo::new(stream)).await.map_err(std::io::Error::other)?;
        tokio::spawn(connection);
        let path = parts.uri.path_and_query().map_or("/", |path| path.as_str()).to_owned();
        let mut request = http::Request::builder().method(parts.method).uri(path);
        for (name, value) in &parts.headers {
            request = request.header(name, value);
        }
        let request = request
            .header("host", url.host_str().unwrap_or_default())
            .body(Full::new(Bytes::from(body)))
            .map_err(std::io::Error::other)?;

        let (parts, body) = sender.send_request(request).await.map_err(std::io::Error::other)?.into_parts();
        let body = body.collect().await.map_err(std::io::Error::other)?.to_bytes().to_vec();
        Ok(http::Response::from_parts(parts, body))
    }
}
