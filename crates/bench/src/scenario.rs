//! What is asked of the server, one kind of request each.

use crate::answer::{Keys, member, text, tokens, words};
use crate::load::Asker;
use crate::wire::Template;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use clap::ValueEnum;
use http::header::{AUTHORIZATION, COOKIE, LOCATION};
use http::{Method, Request, Response};
use http_body_util::Full;
use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

pub const CLIENT_SECRET: &str = "bench-secret-of-more-than-22-characters";
pub const REDIRECT: &str = "https://bench.example/callback";
/// The key with which calls are made through the proxy.
pub const APP_KEY: &str = "alter_rk_abcdefghijklmnopqrstuv_iwpykn";
/// How long the long body is.
pub const LONG_BODY: u64 = 1 << 30;
/// RFC 7636, appendix B.
pub const VERIFIER: &str = "dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk";
const CHALLENGE: &str = "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM";

/// A kind of request.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Scenario {
    Signin,
    Code,
    Refresh,
    ClientCredentials,
    Exchange,
    DelegatedVerify,
    Userinfo,
    Introspection,
    Discovery,
    Jwks,
    Proxy,
    ProxyBody,
}

impl Scenario {
    /// The word in tables.
    pub fn as_str(self) -> &'static str {
        match self {
            Scenario::Signin => "silent sign-in",
            Scenario::Code => "code exchange",
            Scenario::Refresh => "refresh",
            Scenario::ClientCredentials => "client credentials",
            Scenario::Exchange => "token exchange",
            Scenario::DelegatedVerify => "delegated verify",
            Scenario::Userinfo => "userinfo",
            Scenario::Introspection => "introspection",
            Scenario::Discovery => "discovery",
            Scenario::Jwks => "JWKS",
            Scenario::Proxy => "raw proxy, 1 KB",
            Scenario::ProxyBody => "raw proxy, 1 GiB",
        }
    }
}

/// How an app's tokens are signed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub enum Alg {
    #[value(name = "EdDSA")]
    EdDsa,
    #[value(name = "ES256")]
    Es256,
    #[value(name = "RS256")]
    Rs256,
}

impl Alg {
    pub const ALL: [Alg; 3] = [Alg::EdDsa, Alg::Es256, Alg::Rs256];

    /// The name of RFC 7518 and RFC 8037.
    pub fn as_str(self) -> &'static str {
        match self {
            Alg::EdDsa => "EdDSA",
            Alg::Es256 => "ES256",
            Alg::Rs256 => "RS256",
        }
    }

    /// The app whose tokens are signed so.
    pub fn client_id(self) -> &'static str {
        match self {
            Alg::EdDsa => "app_000000000000000000000000000000ed",
            Alg::Es256 => "app_000000000000000000000000000000e5",
            Alg::Rs256 => "app_00000000000000000000000000000125",
        }
    }

    /// What that app offers, to itself: key and audience in one.
    pub fn resource(self) -> &'static str {
        match self {
            Alg::EdDsa => "bench:eddsa",
            Alg::Es256 => "bench:es256",
            Alg::Rs256 => "bench:rs256",
        }
    }

    /// The request of that app for what it offers.
    pub fn connect_path(self) -> String {
        format!(
            "/connect?client_id={}&redirect_uri=https%3A%2F%2Fbench.example%2Fcallback&resource={}&scope=work\
             &state=state&code_challenge={CHALLENGE}&code_challenge_method=S256",
            self.client_id(),
            self.resource()
        )
    }

    /// The authorization request of that app.
    pub fn signin_path(self) -> String {
        format!(
            "/signin?client_id={}&redirect_uri=https%3A%2F%2Fbench.example%2Fcallback&response_type=code\
             &scope=openid%20profile%20offline_access&state=state&nonce=nonce&code_challenge={CHALLENGE}&code_challenge_method=S256",
            self.client_id()
        )
    }

    pub fn basic(self) -> String {
        format!("Basic {}", STANDARD.encode(format!("{}:{CLIENT_SECRET}", self.client_id())))
    }
}

/// What every asker of a run needs to know.
#[derive(Clone)]
pub struct World {
    pub host: String,
    pub cookie: String,
    pub sub: String,
    pub keys: Arc<Keys>,
}

/// Things that askers take from and give to, whoever comes first.
#[derive(Clone, Default)]
pub struct Stock(Arc<Mutex<Vec<String>>>);

impl Stock {
    fn take(&self) -> Option<String> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    fn give(&self, thing: &str) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(thing.to_owned());
    }

    /// Takes everything out.
    pub fn empty(&self) -> Vec<String> {
        std::mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// How many things there are.
    pub fn len(&self) -> usize {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).len()
    }
}

/// Asks for codes that the person has allowed before, until there are enough.
pub struct SignIn {
    template: Template,
    codes: Stock,
    enough: usize,
}

impl SignIn {
    pub fn new(world: &World, alg: Alg, codes: Stock, enough: usize) -> Result<SignIn, String> {
        let template = Template::new(Method::GET, &world.host, &alg.signin_path())?.header(COOKIE, &world.cookie)?;
        Ok(SignIn { template, codes, enough })
    }
}

impl Asker for SignIn {
    fn next(&mut self) -> Option<Request<Full<Bytes>>> {
        (self.codes.len() < self.enough).then(|| self.template.with(Bytes::new()))
    }

    fn check(&mut self, answer: &Response<Bytes>) -> Result<(), String> {
        let location = answer.headers().get(LOCATION).and_then(|place| place.to_str().ok()).unwrap_or_default();
        let query = location.strip_prefix(REDIRECT).and_then(|rest| rest.strip_prefix('?')).unwrap_or_default();
        let code = query.split('&').find_map(|pair| pair.strip_prefix("code=")).filter(|code| code.starts_with("pac_"));
        self.codes.give(code.ok_or_else(|| format!("{}: no code in {location:?}", answer.status()))?);
        Ok(())
    }
}

/// Turns codes into tokens until there are no more.
pub struct CodeExchange {
    template: Template,
    world: World,
    codes: Stock,
    pub tokens: Option<(Stock, Stock)>,
    has_proof: bool,
}

impl CodeExchange {
    /// With `tokens`, keeps access and refresh tokens there.
    pub fn new(world: &World, alg: Alg, codes: Stock, tokens: Option<(Stock, Stock)>) -> Result<CodeExchange, String> {
        let template = Template::form(&world.host, "/api/oauth/token")?.header(AUTHORIZATION, &alg.basic())?;
        Ok(CodeExchange { template, world: world.clone(), codes, tokens, has_proof: false })
    }
}

impl Asker for CodeExchange {
    fn next(&mut self) -> Option<Request<Full<Bytes>>> {
        let code = self.codes.take()?;
        let body = format!(
            "grant_type=authorization_code&code={code}&redirect_uri=https%3A%2F%2Fbench.example%2Fcallback&code_verifier={VERIFIER}"
        );
        Some(self.template.with(body))
    }

    fn check(&mut self, answer: &Response<Bytes>) -> Result<(), String> {
        let text = text(answer)?;
        let found = tokens(text)?;
        let refresh = found.refresh.ok_or("there is no refresh token")?;
        let id_token = member(text, "\"id_token\"").ok_or("there is no ID token")?;
        if !std::mem::replace(&mut self.has_proof, true) {
            prove(&self.world, text, id_token)?;
        }
        if let Some((accesses, refreshes)) = &self.tokens {
            accesses.give(&found.access);
            refreshes.give(&refresh);
        }
        Ok(())
    }
}

/// Verifies both signatures and that the tokens speak of the person.
fn prove(world: &World, text: &str, id_token: &str) -> Result<(), String> {
    let access = member(text, "\"access_token_jwt\"").unwrap_or_default();
    for token in [access, id_token] {
        if words(&world.keys.claims(token)?, "/sub") != Some(&world.sub) {
            return Err("a token speaks of somebody else".to_owned());
        }
    }
    Ok(())
}

/// Rotates refresh tokens, each connection its own, one after the other.
pub struct Refresh {
    template: Template,
    world: World,
    waiting: VecDeque<String>,
    has_proof: bool,
}

impl Refresh {
    pub fn new(world: &World, alg: Alg, tokens: Vec<String>) -> Result<Refresh, String> {
        let template = Template::form(&world.host, "/api/oauth/token")?.header(AUTHORIZATION, &alg.basic())?;
        Ok(Refresh { template, world: world.clone(), waiting: tokens.into(), has_proof: false })
    }
}

impl Asker for Refresh {
    fn next(&mut self) -> Option<Request<Full<Bytes>>> {
        let token = self.waiting.pop_front()?;
        Some(self.template.with(format!("grant_type=refresh_token&refresh_token={token}")))
    }

    fn check(&mut self, answer: &Response<Bytes>) -> Result<(), String> {
        let text = text(answer)?;
        let next = tokens(text)?.refresh.ok_or("there is no refresh token")?;
        let id_token = member(text, "\"id_token\"").ok_or("there is no ID token")?;
        if !std::mem::replace(&mut self.has_proof, true) {
            prove(&self.world, text, id_token)?;
        }
        self.waiting.push_back(next);
        Ok(())
    }
}

/// The same request again and again, for an answer that holds certain words.
pub struct Repeated {
    requests: Arc<Vec<(Template, Bytes)>>,
    place: usize,
    holds: String,
}

impl Repeated {
    /// Tokens of an app itself.
    pub fn client_credentials(world: &World, alg: Alg) -> Result<Repeated, String> {
        let template = Template::form(&world.host, "/api/oauth/token")?.header(AUTHORIZATION, &alg.basic())?;
        let request = (template, Bytes::from_static(b"grant_type=client_credentials"));
        Ok(Repeated { requests: Arc::new(vec![request]), place: 0, holds: "{\"access_token\":\"pat_".to_owned() })
    }

    /// Delegated tokens for one subject token.
    pub fn exchange(world: &World, alg: Alg, subject: &str) -> Result<Repeated, String> {
        let template = Template::form(&world.host, "/api/oauth/token")?.header(AUTHORIZATION, &alg.basic())?;
        let body = format!(
            "grant_type=urn%3Aietf%3Aparams%3Aoauth%3Agrant-type%3Atoken-exchange&subject_token={subject}&resource={}",
            alg.resource()
        );
        let holds = format!("\"target_resource\":\"{}\"", alg.resource());
        Ok(Repeated { requests: Arc::new(vec![(template, Bytes::from(body))]), place: 0, holds })
    }

    /// Who the bearers of these tokens are.
    pub fn userinfo(world: &World, tokens: &[String]) -> Result<Repeated, String> {
        let request = |token: &String| {
            let template = Template::new(Method::GET, &world.host, "/api/oauth/userinfo")?;
            Ok::<_, String>((template.header(AUTHORIZATION, &format!("Bearer {token}"))?, Bytes::new()))
        };
        let requests = tokens.iter().map(request).collect::<Result<_, _>>()?;
        Ok(Repeated { requests: Arc::new(requests), place: 0, holds: format!("\"sub\":\"{}\"", world.sub) })
    }

    /// What these tokens are.
    pub fn introspection(world: &World, alg: Alg, tokens: &[String]) -> Result<Repeated, String> {
        let template = Template::form(&world.host, "/api/oauth/introspect")?.header(AUTHORIZATION, &alg.basic())?;
        let request = |token: &String| (template.clone(), Bytes::from(format!("token={token}")));
        Ok(Repeated {
            requests: Arc::new(tokens.iter().map(request).collect()),
            place: 0,
            holds: "{\"active\":true,".to_owned(),
        })
    }

    /// Calls through the proxy, each with a credential of the vault and two rows in the journal.
    pub fn proxy(world: &World) -> Result<Repeated, String> {
        let template = Template::new(Method::GET, &world.host, "/proxy/bench/1k")?;
        let template = template.header(AUTHORIZATION, &format!("Bearer {APP_KEY}"))?;
        Ok(Repeated { requests: Arc::new(vec![(template, Bytes::new())]), place: 0, holds: "xxxxxxxx".to_owned() })
    }

    /// A public document.
    pub fn document(world: &World, path: &str, holds: &str) -> Result<Repeated, String> {
        let template = Template::new(Method::GET, &world.host, path)?;
        Ok(Repeated { requests: Arc::new(vec![(template, Bytes::new())]), place: 0, holds: holds.to_owned() })
    }

    /// The requests, in turn.
    pub fn requests(&self) -> &[(Template, Bytes)] {
        &self.requests
    }

    /// The same for another connection, which begins elsewhere in the list.
    pub fn beginning_at(&self, place: usize) -> Repeated {
        Repeated { requests: Arc::clone(&self.requests), place, holds: self.holds.clone() }
    }
}

impl Asker for Repeated {
    fn next(&mut self) -> Option<Request<Full<Bytes>>> {
        let (template, body) = self.requests.get(self.place % self.requests.len().max(1))?;
        self.place += 1;
        Some(template.with(body.clone()))
    }

    fn check(&mut self, answer: &Response<Bytes>) -> Result<(), String> {
        let text = text(answer)?;
        if text.contains(&self.holds) { Ok(()) } else { Err(format!("an answer does not hold {}: {text}", self.holds)) }
    }
}
