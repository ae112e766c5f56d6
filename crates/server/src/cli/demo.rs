//! `procura demo`: everything on this computer, with data that goes away at the end.

use super::serve::{Running, Signals};
use super::{Surroundings, say};
use crate::config::{Config, Environment};
use crate::demo::{self, SampleApps};
use crate::failure::Failure;
use crate::logs;
use base::digest::hex;
use base::entropy::draw;
use db::Location;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use tokio::sync::watch;

/// Operations are nine ports after the server, as without a demo.
const OPS: u16 = 9;

pub(super) async fn run(around: &Surroundings) -> Result<(), Failure> {
    let folder = Folder::make(around)?;
    let mut config = config(&around.environment, &folder.0)?;
    logs::start(&config.logs)?;
    let apps = SampleApps::bind(config.listen).await?;
    config.tour = Some(apps.notes_origin.clone());
    config.fake_provider = Some(apps.fake_origin.clone());
    let mut signals = Signals::listen()?;
    let running = Running::start(config, around).await?;
    let (registered, text) = demo::set_up(&running.app, &apps).await?;
    let (tell, stop) = watch::channel(false);
    apps.start(&running.app.config.issuer, &registered, &stop)?;
    say(&text);
    running.say_ready();
    signals.come().await;
    let _ = tell.send(true);
    running.stop(&mut signals).await;
    Ok(())
}

/// The settings of a demo: addresses from the environment, data in the folder, no file. On loopback only.
fn config(environment: &Environment, folder: &Path) -> Result<Config, Failure> {
    let own = ["PROCURA_DATABASE_URL", "PROCURA_MASTER_KEY_FILE", "PROCURA_FAKE_PROVIDER"];
    let environment = own.into_iter().fold(environment.clone(), Environment::without);
    let mut config = match Config::load(&environment, None) {
        Ok(config) => config,
        // Without an issuer a public listener is refused as such; here the listener itself is what is wrong.
        Err(_) if listens_beyond(&environment) => return Err(loopback()),
        Err(error) => return Err(error.into()),
    };
    if environment.get("PROCURA_OPS_LISTEN").is_none() {
        config.ops_listen = SocketAddr::new(config.listen.ip(), demo::port_after(config.listen.port(), OPS)?);
    }
    if !config.listen.ip().is_loopback() || !config.ops_listen.ip().is_loopback() || !config.is_loopback() {
        return Err(loopback());
    }
    // The console is for the newcomer; who wants the log asks for it.
    if environment.get("RUST_LOG").is_none() {
        "warn".clone_into(&mut config.logs.filter);
    }
    config.database = Location::Sqlite(folder.join("procura.db"));
    config.master_key = crate::config::KeySource::File(folder.join("master.key"));
    config.demo = true;
    Ok(config)
}

fn loopback() -> Failure {
    let sentence =
        "the demo listens on loopback only: leave PROCURA_LISTEN, PROCURA_OPS_LISTEN and PROCURA_ISSUER alone";
    Failure::Usage(sentence.to_owned())
}

fn listens_beyond(environment: &Environment) -> bool {
    let address = environment.get("PROCURA_LISTEN").and_then(|text| text.parse::<SocketAddr>().ok());
    address.is_some_and(|address| !address.ip().is_loopback())
}

/// A temporary folder that goes with the demo.
struct Folder(PathBuf);

impl Folder {
    fn make(around: &Surroundings) -> Result<Folder, Failure> {
        let name: [u8; 8] = draw(&*around.entropy)?;
        let path = std::env::temp_dir().join(format!("procura-demo-{}", hex(&name)));
        let mut builder = std::fs::DirBuilder::new();
        #[cfg(unix)]
        {
            use std::os::unix::fs::DirBuilderExt as _;
            builder.mode(0o700);
        }
        builder.create(&path).map_err(|cause| Failure::new(format!("{} cannot be made: {cause}", path.display())))?;
        Ok(Folder(path))
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
