//! `procura demo`: what stands beside the server, so that a newcomer has something to sign in to, and somebody to be.
//!
//! Promise: the sample apps are registered by the verbs that `procura apply` uses and talk to the server as anybody's would; they and
//! the fake provider listen where the server does, on the ports after its own.

mod apps;
mod people;
mod words;

pub use apps::SampleApps;

use crate::app::App;
use crate::edge::page;
use crate::edge::session::MaybeSigned;
use crate::failure::Failure;
use axum::extract::State;
use axum::response::{IntoResponse, Response};

/// Registers the apps and makes Ada. Gives what the console shows.
pub async fn set_up(app: &App, apps: &SampleApps) -> Result<(apps::Registered, String), Failure> {
    let registered = apps.register(app).await?;
    let ada = people::make_ada(app).await?;
    let text = words::console(app, apps, &ada);
    Ok((registered, text))
}

/// `GET /demo`: to the tour, and with the first step done where there is somebody signed in. Only the demo has a tour.
pub async fn tour(State(app): State<App>, MaybeSigned(signed): MaybeSigned) -> Response {
    match (&app.config.tour, signed) {
        (Some(tour), Some(_)) => page::go(&format!("{tour}/done/identity")),
        (Some(tour), None) => page::go(&format!("{tour}/")),
        (None, _) => crate::edge::faults::PageError::not_found().into_response(),
    }
}

/// The port so many places after the server's: an ephemeral server has ephemeral neighbours.
pub fn port_after(port: u16, places: u16) -> Result<u16, Failure> {
    match port {
        0 => Ok(0),
        port => port.checked_add(places).ok_or_else(|| {
            Failure::Usage("the demo needs the ten ports from PROCURA_LISTEN on; choose a lower one".to_owned())
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn neighbours_follow_the_server_or_are_ephemeral_too() {
        assert_eq!(port_after(8460, 1), Ok(8461));
        assert_eq!(port_after(0, 9), Ok(0));
        assert!(matches!(port_after(65_530, 9), Err(Failure::Usage(_))));
    }
}
