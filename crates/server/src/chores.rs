//! What the server does by itself: a table of chores, each with its period.
//!
//! To add one, write its function and its row. A chore that fails is told in the log and tried again at its next turn.

use crate::app::App;
use base::digest::hex;
use base::entropy::draw;
use base::{Fault, Time};
use db::lease;
use oauth::keyring::Rotation;
use std::future::Future;
use std::pin::Pin;
use std::time::Duration;
use tokio::sync::watch;

/// Who does it when several nodes serve from one database.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum By {
    /// Each for itself: what it keeps in memory.
    EveryNode,
    /// One of them at a time, under a lease.
    OneNode,
}

/// A running chore.
pub type Doing = Pin<Box<dyn Future<Output = Result<(), Fault>> + Send>>;

/// One row of the schedule.
pub struct Chore {
    pub name: &'static str,
    pub every: Duration,
    pub by: By,
    pub run: fn(App) -> Doing,
}

/// Everything that is done by itself.
pub const SCHEDULE: &[Chore] = &[
    Chore { name: "keys.refresh", every: Duration::from_secs(1), by: By::EveryNode, run: refresh_keys },
    Chore { name: "keys.rotate", every: Duration::from_mins(1), by: By::EveryNode, run: rotate_keys },
    Chore { name: "limits.sweep", every: Duration::from_mins(1), by: By::EveryNode, run: sweep_limits },
    Chore { name: "oauth.sweep", every: Duration::from_secs(30), by: By::OneNode, run: sweep_oauth },
    Chore { name: "nonces.sweep", every: Duration::from_secs(30), by: By::OneNode, run: sweep_keys },
    Chore { name: "approvals.tend", every: Duration::from_secs(5), by: By::OneNode, run: tend_approvals },
    Chore { name: "connections.tend", every: Duration::from_mins(1), by: By::OneNode, run: tend_connections },
    Chore { name: "connections.keep_alive", every: Duration::from_mins(10), by: By::OneNode, run: keep_alive },
    Chore { name: "webhooks.deliver", every: Duration::from_secs(2), by: By::OneNode, run: deliver_webhooks },
    Chore { name: "people.sweep", every: Duration::from_secs(30), by: By::OneNode, run: sweep_people },
    Chore { name: "app_secrets.sweep", every: Duration::from_hours(1), by: By::OneNode, run: sweep_app_secrets },
    Chore {
        name: "operator_tokens.sweep",
        every: Duration::from_hours(1),
        by: By::OneNode,
        run: sweep_operator_tokens,
    },
];

/// How many credentials one turn renews, so that a service sees no herd.
const KEEP_ALIVE: u32 = 50;

/// How many rows one transaction of a sweep removes, so that nobody waits long behind it.
const SWEEP: u32 = 500;

/// So many rounds of deliveries in a turn: each may wait ten seconds for the slowest, and the lease is five minutes.
const TURNS: u32 = 20;

/// Another node, or `procura keys rotate`, may have changed the ring.
fn refresh_keys(app: App) -> Doing {
    Box::pin(async move { app.oauth.keys.refresh(&app.store).await.map(drop) })
}

/// Nodes agree among themselves, so each asks.
fn rotate_keys(app: App) -> Doing {
    let (clock, source) = (app.seams.clock(), app.seams.source());
    let rotation = Rotation::new(app.store.clone(), app.sealer.clone(), clock, source);
    Box::pin(async move { rotation.rotate_due().await.map(drop) })
}

/// Sources that have gone quiet are forgotten, or a scan of the whole internet would stay in memory.
fn sweep_limits(app: App) -> Doing {
    Box::pin(async move {
        app.limits.sweep();
        app.rates.sweep(app.seams.now());
        Ok(())
    })
}

fn sweep_oauth(app: App) -> Doing {
    Box::pin(async move {
        while app.oauth.sweep(SWEEP).await? >= u64::from(SWEEP) {}
        Ok(())
    })
}

fn sweep_keys(app: App) -> Doing {
    Box::pin(async move {
        while app.vault.sweep(SWEEP).await? >= u64::from(SWEEP) {}
        Ok(())
    })
}

/// What nobody decided in time is over; what was approved just before the server went away runs now.
fn tend_approvals(app: App) -> Doing {
    Box::pin(async move { app.vault.tend_approvals(SWEEP).await.map(drop) })
}

/// A credential that nobody may use any more is not kept.
fn tend_connections(app: App) -> Doing {
    Box::pin(async move { app.vault.tend_connections().await.map(drop) })
}

/// What would die of idleness is renewed, a few at a time.
fn keep_alive(app: App) -> Doing {
    Box::pin(async move { app.vault.keep_alive(KEEP_ALIVE).await.map(drop) })
}

/// Until nothing is due, or a turn's time is over: the others of the schedule have leases of their own.
fn deliver_webhooks(app: App) -> Doing {
    Box::pin(async move {
        for _ in 0..TURNS {
            if app.vault.deliver_webhooks().await? == 0 {
                break;
            }
        }
        Ok(())
    })
}

fn sweep_people(app: App) -> Doing {
    Box::pin(async move {
        while people::sweep(&app.people, SWEEP).await? >= u64::from(SWEEP) {}
        Ok(())
    })
}

/// A secret whose overlap is over is kept for a day, for whoever asks why it stopped working.
fn sweep_app_secrets(app: App) -> Doing {
    let before = app.seams.now().plus_secs(-86_400);
    Box::pin(async move { app.store.write(move |tx| oauth::app::sweep_secrets(tx, before)).await.map(drop) })
}

/// An ended token is kept for a day, for whoever asks why it stopped working.
fn sweep_operator_tokens(app: App) -> Doing {
    let before = app.seams.now().plus_secs(-86_400);
    Box::pin(async move { app.store.write(move |tx| oauth::operator::sweep(tx, before)).await.map(drop) })
}

/// Starts every chore; they end when the server stops.
pub fn start(app: &App, stop: &watch::Receiver<bool>) {
    for chore in SCHEDULE {
        tokio::spawn(repeat(chore, app.clone(), stop.clone()));
    }
}

async fn repeat(chore: &'static Chore, app: App, mut stop: watch::Receiver<bool>) {
    let mut turns = tokio::time::interval(chore.every);
    turns.set_missed_tick_behavior(tokio::time::MissedTickBehavior::Delay);
    // The first turn comes at once, when the server has just done what is due.
    turns.tick().await;
    let mut was_well = true;
    loop {
        tokio::select! {
            () = crate::serve::stopped(&mut stop) => return,
            _ = turns.tick() => {}
        }
        let outcome = once(chore, &app).await;
        // A failure that lasts is told once, not at every turn.
        match (&outcome, was_well) {
            (Err(fault), true) => tracing::error!("chore {}: {fault}", chore.name),
            (Ok(()), false) => tracing::info!("chore {}: well again", chore.name),
            _ => {}
        }
        was_well = outcome.is_ok();
    }
}

/// One turn of a chore.
pub async fn once(chore: &Chore, app: &App) -> Result<(), Fault> {
    match chore.by {
        By::EveryNode => (chore.run)(app.clone()).await,
        By::OneNode => under_lease(chore, app).await,
    }
}

async fn under_lease(chore: &Chore, app: &App) -> Result<(), Fault> {
    let (name, holder) = (format!("chore.{}", chore.name), hex(&draw::<16>(app.seams.entropy())?));
    let now: Time = app.seams.now();
    // Long enough for the slowest turn; given back as soon as the turn is over.
    let until = now.plus_secs(300.max(chore.every.as_secs() as i64));
    let taking = (name.clone(), holder.clone());
    let taken = app.store.write_again(move |tx| lease::take(tx, &taking.0, &taking.1, until, now)).await?;
    if taken.is_none() {
        return Ok(());
    }
    let outcome = (chore.run)(app.clone()).await;
    app.store.write(move |tx| lease::release(tx, &name, &holder)).await?;
    outcome
}
