//! `procura demo`: everything on this computer, with data that goes away at the end.

use super::Surroundings;
use super::serve::{Running, until_told};
use crate::config::{Config, Environment};
use crate::failure::Failure;
use crate::logs;
use base::digest::hex;
use base::entropy::draw;
use db::Location;
use std::path::{Path, PathBuf};

pub(super) async fn run(around: &Surroundings) -> Result<(), Failure> {
    let folder = Folder::make(around)?;
    let config = config(&around.environment, &folder.0)?;
    logs::start(&config.logs)?;
    let running = Running::start(config, around).await?;
    running.say_ready();
    until_told().await;
    running.stop().await;
    Ok(())
}

/// The settings of a demo: addresses from the environment, data in the folder, no file. On loopback only.
fn config(environment: &Environment, folder: &Path) -> Result<Config, Failure> {
    let own = ["PROCURA_DATABASE_URL", "PROCURA_MASTER_KEY_FILE"];
    let environment = own.into_iter().fold(environment.clone(), Environment::without);
    let loopback = || {
        Failure::Usage(
            "the demo listens on loopback only: leave PROCURA_LISTEN, PROCURA_OPS_LISTEN and PROCURA_ISSUER alone"
                .to_owned(),
        )
    };
    let mut config = match Config::load(&environment, None) {
        Ok(config) => config,
        // Without an issuer a public listener is refused as such; here the listener itself is what is wrong.
        Err(_)
            if environment
                .get("PROCURA_LISTEN")
                .and_then(|text| text.parse::<std::net::SocketAddr>().ok())
                .is_some_and(|address| !address.ip().is_loopback()) =>
        {
            return Err(loopback());
        }
        Err(error) => return Err(error.into()),
    };
    if !config.listen.ip().is_loopback() || !config.ops_listen.ip().is_loopback() || !config.is_loopback() {
        return Err(loopback());
    }
    config.database = Location::Sqlite(folder.join("procura.db"));
    config.master_key = crate::config::KeySource::File(folder.join("master.key"));
    config.demo = true;
    Ok(config)
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
