//! A `tower` layer around routes: who has no good token stays outside.

use crate::bearer;
use crate::cors::{Cors, Visit};
use crate::delegation::{Delegation, Mode};
use crate::needs::Needs;
use crate::refused::Refused;
use crate::verifier::Verifier;
use http::{HeaderMap, Request, Response};
use std::mem;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use tower_layer::Layer;
use tower_service::Service;

/// What a route needs, as a layer. Begin with [`Verifier::layer`]; [`Delegation`] is in the extensions of what comes through.
#[derive(Debug, Clone)]
#[must_use]
pub struct Guard {
    verifier: Verifier,
    scopes: Vec<String>,
    mode: Option<Mode>,
    cors: Option<Cors>,
}

/// A service behind a [`Guard`].
#[derive(Debug, Clone)]
pub struct Guarded<S> {
    inner: S,
    guard: Arc<Guard>,
}

impl Guard {
    pub(crate) fn new(verifier: Verifier) -> Guard {
        Guard { verifier, scopes: Vec::new(), mode: None, cors: None }
    }

    /// Needs this scope, besides those named before.
    pub fn scope(mut self, word: impl Into<String>) -> Guard {
        self.scopes.push(word.into());
        self
    }

    /// Needs this mode: `Mode::UserPresent` refuses what happens in the background.
    pub fn mode(mut self, mode: Mode) -> Guard {
        self.mode = Some(mode);
        self
    }

    /// Lets the connector's runtime, a page on the issuer's origin, send its POST from a browser and read the answer.
    pub fn runtime_cors(mut self) -> Guard {
        self.cors = Some(Cors::of(self.verifier.issuer()));
        self
    }

    async fn admit(&self, headers: &mut HeaderMap) -> Result<Delegation, Refused> {
        let token = bearer::token(headers)?;
        let scopes: Vec<&str> = self.scopes.iter().map(String::as_str).collect();
        self.verifier.verify(&token, Needs { scopes: &scopes, mode: self.mode }).await
    }
}

impl<S> Layer<S> for Guard {
    type Service = Guarded<S>;

    fn layer(&self, inner: S) -> Guarded<S> {
        Guarded { inner, guard: Arc::new(self.clone()) }
    }
}

impl<S, A, B> Service<Request<A>> for Guarded<S>
where
    S: Service<Request<A>, Response = Response<B>> + Clone + Send + 'static,
    S::Future: Send,
    A: Send + 'static,
    B: From<String>,
{
    type Response = Response<B>;
    type Error = S::Error;
    type Future = Pin<Box<dyn Future<Output = Result<Response<B>, S::Error>> + Send>>;

    fn poll_ready(&mut self, context: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(context)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        // The one that is ready goes along; its clone has yet to become ready.
        let clone = self.inner.clone();
        let mut inner = mem::replace(&mut self.inner, clone);
        let guard = Arc::clone(&self.guard);
        Box::pin(async move {
            let visit = guard.cors.as_ref().map(|cors| (cors, cors.visit(request.method(), request.headers())));
            if let Some((cors, Visit::Preflight)) = visit {
                return Ok(cors.preflight());
            }
            let mut response = match guard.admit(request.headers_mut()).await {
                Ok(delegation) => {
                    request.extensions_mut().insert(delegation);
                    inner.call(request).await?
                }
                Err(refused) => refused.answer(),
            };
            if let Some((cors, visit)) = visit {
                cors.mark(visit, response.headers_mut());
            }
            Ok(response)
        })
    }
}
