//! `procura serve`: from settings to the line `ready`, and to an orderly end.

use super::{Surroundings, say};
use crate::app::App;
use crate::config::{Config, unknown_variables};
use crate::failure::Failure;
use crate::metrics::{Metrics, measure};
use crate::ops::{self, Ops};
use crate::serve::{Patience, bind, serve};
use crate::{chores, links, logs, opening, router};
use axum::middleware::from_fn_with_state;
use db::hold::Hold;
use std::io::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Instant;
use tokio::sync::watch;
use tokio::task::JoinHandle;

pub(super) async fn run(config: Config, around: &Surroundings) -> Result<(), Failure> {
    logs::start(&config.logs)?;
    for name in unknown_variables(&around.environment) {
        tracing::warn!("the variable {name} is no setting of this program");
    }
    let mut signals = Signals::listen()?;
    let running = Running::start(config, around).await?;
    running.invite_operator().await?;
    running.say_ready();
    signals.come().await;
    running.stop(&mut signals).await;
    Ok(())
}

/// A server that serves.
pub struct Running {
    pub app: App,
    pub listen: SocketAddr,
    pub ops: SocketAddr,
    tell: watch::Sender<bool>,
    serving: JoinHandle<()>,
    _held: Hold,
}

impl Running {
    /// Binds, opens, wires and serves.
    pub async fn start(mut config: Config, around: &Surroundings) -> Result<Running, Failure> {
        let (started, seams) = (Instant::now(), around.seams());
        let (listener, listen) = bind(config.listen, "PROCURA_LISTEN").await?;
        let (ops_listener, ops) = bind(config.ops_listen, "PROCURA_OPS_LISTEN").await?;
        config.bound_to(listen);
        config.ops_listen = ops;
        let location = config.database.clone();
        let held = opening::hold_to_serve(&location).await?;
        let opened = opening::open_or_make(&config, &seams).await?;
        for step in &opened.steps {
            tracing::info!("took schema step {step}");
        }
        opening::note_served_keys(&opened).await?;
        let before = opening::note_issuer(&opened.store, &config.issuer).await?;
        if let Some(before) = before.filter(|before| *before != config.issuer && config.is_issuer_given()) {
            tracing::warn!("the issuer was {before} before: tokens and passkeys of that time do not fit the new one");
        }
        let store = opened.store.clone();
        let app = App::build(config, seams, opened.store, opened.sealer).await?;
        let (tell, stop) = watch::channel(false);
        let metrics = Arc::new(Metrics::default());
        let own = Ops { store, location, metrics: Arc::clone(&metrics), stop: stop.clone(), started };
        tokio::spawn(serve(ops_listener, ops::router(own), Patience::default(), stop.clone()));
        let routes = router::router(app.clone()).layer(from_fn_with_state(metrics, measure));
        let serving = tokio::spawn(serve(listener, routes, Patience::default(), stop.clone()));
        chores::start(&app, &stop);
        Ok(Running { app, listen, ops, tell, serving, _held: held })
    }

    /// On the local console alone: the link that makes the first operator, while there is none (threat 187).
    async fn invite_operator(&self) -> Result<(), Failure> {
        let link = self.app.people.bootstrap_link().await.map_err(|error| Failure::new(error.to_string()))?;
        if let Some(secret) = link {
            let link = links::register(&self.app.config.issuer, &secret);
            let _ = writeln!(
                std::io::stderr(),
                "there is no operator yet; whoever registers here within a week becomes one:\n{link}"
            );
        }
        Ok(())
    }

    /// Prints the one line that scripts wait for.
    pub fn say_ready(&self) {
        say(&format!("ready issuer={} listen={} ops={}", self.app.config.issuer, self.listen, self.ops));
    }

    /// Stops accepting, lets what is in flight finish, and gives the database up. A second signal does not wait.
    pub async fn stop(self, signals: &mut Signals) {
        tracing::info!("stopping: what is in flight has ten seconds");
        let _ = self.tell.send(true);
        tokio::select! {
            _ = self.serving => {}
            () = signals.come() => {}
        }
    }
}

/// The signals that end a server. Listened for before anybody is told that it is ready.
pub struct Signals {
    #[cfg(unix)]
    interrupt: tokio::signal::unix::Signal,
    #[cfg(unix)]
    terminate: tokio::signal::unix::Signal,
}

impl Signals {
    /// From now on SIGINT and SIGTERM no longer kill.
    #[cfg(unix)]
    pub fn listen() -> Result<Signals, Failure> {
        use tokio::signal::unix::{SignalKind, signal};
        let failed = |cause: std::io::Error| Failure::new(format!("signals: {cause}"));
        let interrupt = signal(SignalKind::interrupt()).map_err(failed)?;
        Ok(Signals { interrupt, terminate: signal(SignalKind::terminate()).map_err(failed)? })
    }

    /// Comes back when one of them has come.
    #[cfg(unix)]
    pub async fn come(&mut self) {
        tokio::select! {
            _ = self.interrupt.recv() => {}
            _ = self.terminate.recv() => {}
        }
    }

    /// Ctrl-C is all there is.
    #[cfg(not(unix))]
    pub fn listen() -> Result<Signals, Failure> {
        Ok(Signals {})
    }

    /// Comes back at Ctrl-C.
    #[cfg(not(unix))]
    pub async fn come(&mut self) {
        let _ = tokio::signal::ctrl_c().await;
    }
}
