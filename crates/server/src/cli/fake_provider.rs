//! `procura fake-provider`: two services whose accounts can be linked, alone and without a server.

use super::say;
use super::serve::Signals;
use crate::failure::Failure;
use crate::serve::bind;
use playground::fake::{self, Settings};
use std::net::SocketAddr;

/// Serves until it is told to stop. On loopback only: there is no password in it.
pub(super) async fn run(listen: SocketAddr, settings: Settings) -> Result<(), Failure> {
    if !listen.ip().is_loopback() {
        let sentence = "the fake provider listens on loopback only: choose an address such as 127.0.0.1:8463";
        return Err(Failure::Usage(sentence.to_owned()));
    }
    let (listener, bound) = bind(listen, "--listen").await?;
    let mut signals = Signals::listen()?;
    say(&format!("ready fake-provider=http://{bound}"));
    tokio::select! {
        served = fake::serve(listener, fake::router(settings)) => {
            served.map_err(|cause| Failure::new(format!("fake provider: {cause}")))
        }
        () = signals.come() => Ok(()),
    }
}
