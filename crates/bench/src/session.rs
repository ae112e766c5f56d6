//! One round on one engine: starts, what has to be there, then each scenario.

use crate::Plan;
use crate::answer::{Keys, member, text};
use crate::database::{Database, Engine};
use crate::load::{Asker, Outcome, Span, run as load};
use crate::person::Person;
use crate::report::{Line, Report, Starts};
use crate::scenario::{APP_KEY, Alg, CodeExchange, LONG_BODY, Refresh, Repeated, Scenario, SignIn, Stock, World};
use crate::server::{Server, Starter};
use crate::verifying;
use crate::wire::{Template, Wire};
use bytes::Bytes;
use http::Method;
use std::sync::Arc;
use std::time::{Duration, Instant};

/// So many tokens are looked at in turn by the scenarios that only read.
const TOKENS: usize = 4096;
/// More codes than this a second are not expected to be exchanged.
const CODES_A_SECOND: f64 = 14_000.0;
const CODES_A_SECOND_RSA: f64 = 3_000.0;
const STARTS: u32 = 5;

/// Measures on one engine and adds what came of it to the report.
pub async fn run(plan: &Plan, engine: &Engine, report: &mut Report) -> Result<(), String> {
    std::fs::create_dir_all(&plan.folder).map_err(|cause| format!("{}: {cause}", plan.folder.display()))?;
    let folder = plan.folder.canonicalize().map_err(|cause| format!("{}: {cause}", plan.folder.display()))?;
    let starter = Starter::new(&plan.server, &folder, crate::upstream::start()?)?;
    let starts = if plan.smoke { 1 } else { STARTS };
    let mut from_nothing = Vec::new();
    for number in 1..=starts {
        let database = Database::make(engine, &folder, number).await?;
        from_nothing.push(starter.start(&database)?.start);
        database.remove().await?;
    }
    let database = Database::make(engine, &folder, 0).await?;
    starter.apply(&database)?;
    if plan.grants + plan.apps > 0 {
        eprintln!("{}: making {} grants and {} apps", engine.as_str(), plan.grants, plan.apps);
        database.fill(plan.grants, plan.apps).await?;
    }
    let from_existing =
        (0..starts).map(|_| starter.start(&database).map(|server| server.start)).collect::<Result<Vec<_>, _>>()?;
    let server = starter.start(&database)?;
    tokio::time::sleep(Duration::from_millis(if plan.smoke { 0 } else { 1500 })).await;
    report.starts.push(Starts {
        engine: engine.as_str(),
        from_nothing_ms: median_ms(from_nothing),
        from_existing_ms: median_ms(from_existing),
        idle_resident_mb: server.usage()?.resident_bytes as f64 / 1e6,
    });
    let round = Round::prepare(plan, engine, &server).await?;
    let measured = round.measure(report).await;
    drop(round);
    drop(server);
    database.remove().await?;
    measured
}

fn median_ms(mut times: Vec<Duration>) -> f64 {
    times.sort_unstable();
    times.get(times.len() / 2).map_or(0.0, |time| time.as_secs_f64() * 1000.0)
}

struct Round<'a> {
    plan: &'a Plan,
    engine: &'static str,
    server: &'a Server,
    world: World,
    /// The subject token of each app.
    subjects: Vec<(Alg, String)>,
}

impl<'a> Round<'a> {
    /// Registers the person, who allows every app what it will ask.
    async fn prepare(plan: &'a Plan, engine: &Engine, server: &'a Server) -> Result<Round<'a>, String> {
        let mut wire = Wire::open(server.address()).await?;
        let keys =
            wire.send(Template::new(Method::GET, &server.host(), "/.well-known/jwks.json")?.with(Bytes::new())).await?;
        let mut person = Person::register(server).await?;
        let mut subjects = Vec::new();
        for alg in Alg::ALL {
            person.allow(alg).await?;
            subjects.push((alg, person.connect(alg).await?));
        }
        let keys = Arc::new(Keys::read(keys.body())?);
        let world = World { host: server.host(), cookie: person.cookie(), sub: person.sub, keys };
        Ok(Round { plan, engine: engine.as_str(), server, world, subjects })
    }

    async fn measure(&self, report: &mut Report) -> Result<(), String> {
        let algs = self.plan.algs();
        for alg in &algs {
            self.measure_signing(*alg, report).await?;
        }
        let Some(alg) = algs.first().copied() else { return Ok(()) };
        if self.plan.wants(Scenario::Userinfo) || self.plan.wants(Scenario::Introspection) {
            let (tokens, _) = self.tokens(alg, TOKENS).await?;
            self.measure_repeated(Scenario::Userinfo, None, &Repeated::userinfo(&self.world, &tokens)?, report).await?;
            let introspection = Repeated::introspection(&self.world, alg, &tokens)?;
            self.measure_repeated(Scenario::Introspection, None, &introspection, report).await?;
        }
        let issuer = format!("\"issuer\":\"http://{}\"", self.world.host);
        let discovery = Repeated::document(&self.world, "/.well-known/openid-configuration", &issuer)?;
        self.measure_repeated(Scenario::Discovery, None, &discovery, report).await?;
        let jwks = Repeated::document(&self.world, "/.well-known/jwks.json", "{\"keys\":[{")?;
        self.measure_repeated(Scenario::Jwks, None, &jwks, report).await?;
        self.measure_repeated(Scenario::Proxy, None, &Repeated::proxy(&self.world)?, report).await?;
        self.measure_long_body(report).await
    }

    /// One long body after another through the proxy, on one connection: each must be whole.
    async fn measure_long_body(&self, report: &mut Report) -> Result<(), String> {
        if !self.plan.wants(Scenario::ProxyBody) {
            return Ok(());
        }
        let length = if self.plan.smoke { 16 << 20 } else { LONG_BODY };
        let template = Template::new(Method::GET, &self.world.host, &format!("/proxy/bench/body?n={length}"))?;
        let template = template.header(http::header::AUTHORIZATION, &format!("Bearer {APP_KEY}"))?;
        let mut wire = Wire::open(self.server.address()).await?;
        let (mut outcome, before, began) = (Outcome::default(), self.server.usage()?, Instant::now());
        while outcome.latencies.count() == 0 || began.elapsed().as_secs_f64() < self.plan.seconds {
            let asked = Instant::now();
            let count = wire.counts(template.with(Bytes::new())).await?;
            if count != length {
                return Err(format!("a body of {length} bytes arrived with {count}"));
            }
            outcome.latencies.note(asked.elapsed());
        }
        let after = self.server.usage()?;
        outcome.took = began.elapsed();
        outcome.cpu = after.cpu.saturating_sub(before.cpu);
        outcome.most_resident_bytes = after.resident_bytes;
        self.note(Scenario::ProxyBody, None, outcome, report);
        Ok(())
    }

    /// The scenarios whose cost depends on the signature.
    async fn measure_signing(&self, alg: Alg, report: &mut Report) -> Result<(), String> {
        let wants = |scenario| self.plan.wants(scenario);
        if wants(Scenario::Signin) || wants(Scenario::Code) {
            let codes = Stock::default();
            let minted = self.codes(alg, &codes, self.stock(alg)).await?;
            if wants(Scenario::Signin) {
                self.note(Scenario::Signin, None, minted, report);
            }
            if wants(Scenario::Code) {
                let asker = || CodeExchange::new(&self.world, alg, codes.clone(), None).map(boxed);
                let outcome = load(self.server, self.each(asker)?, self.span()).await?;
                self.note(Scenario::Code, Some(alg), outcome, report);
            }
        }
        if wants(Scenario::Refresh) {
            let (_, tokens) = self.tokens(alg, self.plan.connections * 64).await?;
            let mut shares = tokens.chunks(64);
            let asker = || Refresh::new(&self.world, alg, shares.next().unwrap_or_default().to_vec()).map(boxed);
            let outcome = load(self.server, self.each(asker)?, self.span()).await?;
            self.note(Scenario::Refresh, Some(alg), outcome, report);
        }
        self.measure_delegated(alg, report).await?;
        let credentials = Repeated::client_credentials(&self.world, alg)?;
        self.measure_repeated(Scenario::ClientCredentials, Some(alg), &credentials, report).await
    }

    /// Getting delegated tokens, and checking them as the other app does.
    async fn measure_delegated(&self, alg: Alg, report: &mut Report) -> Result<(), String> {
        let found = self.subjects.iter().find(|(own, _)| *own == alg);
        let (_, subject) = found.ok_or_else(|| format!("{}: no subject token", alg.as_str()))?;
        let exchange = Repeated::exchange(&self.world, alg, subject)?;
        self.measure_repeated(Scenario::Exchange, Some(alg), &exchange, report).await?;
        if !self.plan.wants(Scenario::DelegatedVerify) {
            return Ok(());
        }
        let mut wire = Wire::open(self.server.address()).await?;
        let mut tokens = Vec::new();
        for (template, body) in exchange.requests().iter().cycle().take(64) {
            let answer = wire.send(template.with(body.clone())).await?;
            let token = member(text(&answer)?, "\"access_token\"").ok_or("exchanging: there is no token")?;
            tokens.push(token.to_owned());
        }
        let outcome = verifying::run(&self.world.host, alg, &tokens, self.span()).await?;
        self.note(Scenario::DelegatedVerify, Some(alg), outcome, report);
        Ok(())
    }

    async fn measure_repeated(
        &self,
        scenario: Scenario,
        alg: Option<Alg>,
        repeated: &Repeated,
        report: &mut Report,
    ) -> Result<(), String> {
        if !self.plan.wants(scenario) {
            return Ok(());
        }
        let mut places = (0..).step_by(97);
        let asker = || Ok(boxed(repeated.beginning_at(places.next().unwrap_or_default())));
        let outcome = load(self.server, self.each(asker)?, self.span()).await?;
        self.note(scenario, alg, outcome, report);
        Ok(())
    }

    /// One asker for every connection.
    fn each(&self, mut asker: impl FnMut() -> Result<Box<dyn Asker>, String>) -> Result<Vec<Box<dyn Asker>>, String> {
        (0..self.plan.connections).map(|_| asker()).collect()
    }

    fn span(&self) -> Span {
        let measured = Duration::from_secs_f64(self.plan.seconds);
        Span { warm_up: measured / 5, measured }
    }

    fn stock(&self, alg: Alg) -> usize {
        let a_second = if alg == Alg::Rs256 { CODES_A_SECOND_RSA } else { CODES_A_SECOND };
        let is_for_signing_in_alone = !self.plan.wants(Scenario::Code);
        let seconds = if is_for_signing_in_alone { self.plan.seconds } else { self.plan.seconds * 1.2 };
        (seconds * a_second) as usize
    }

    /// Fills the stock with codes through the front door.
    async fn codes(&self, alg: Alg, codes: &Stock, enough: usize) -> Result<Outcome, String> {
        let asker = || SignIn::new(&self.world, alg, codes.clone(), enough).map(boxed);
        let span = Span { warm_up: Duration::ZERO, measured: Duration::from_mins(5) };
        load(self.server, self.each(asker)?, span).await
    }

    /// So many access and refresh tokens, through the front door.
    async fn tokens(&self, alg: Alg, count: usize) -> Result<(Vec<String>, Vec<String>), String> {
        let (codes, access, refresh) = (Stock::default(), Stock::default(), Stock::default());
        self.codes(alg, &codes, count).await?;
        let asker =
            || CodeExchange::new(&self.world, alg, codes.clone(), Some((access.clone(), refresh.clone()))).map(boxed);
        let span = Span { warm_up: Duration::ZERO, measured: Duration::from_mins(5) };
        let outcome = load(self.server, self.each(asker)?, span).await?;
        match outcome.first_error {
            Some(why) => Err(format!("minting tokens: {why}")),
            None => Ok((access.empty(), refresh.empty())),
        }
    }

    fn note(&self, scenario: Scenario, alg: Option<Alg>, outcome: Outcome, report: &mut Report) {
        let line = Line::of(scenario.as_str(), self.engine, alg.map(Alg::as_str), outcome);
        eprintln!("{line}");
        report.lines.push(line);
    }
}

fn boxed<A: Asker + 'static>(asker: A) -> Box<dyn Asker> {
    Box::new(asker)
}
