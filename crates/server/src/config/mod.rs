//! Settings: `procura.toml`, overridden by the environment. No file at all is a working development server.
//!
//! Promise: an unknown, malformed or unfitting setting stops the start with one sentence that names the place.

mod database;
mod developers;
mod egress;
mod fake;
pub mod issuer;
mod keys;
mod lifetimes;
mod limits;
mod logs;
mod mail;
mod people;
pub mod reference;
mod setting;
mod source;
mod top;

pub use developers::Developers;
pub use egress::Egress;
pub use fake::{Fake, FakeOrigin};
pub use issuer::Issuer;
pub use keys::KeySource;
pub use lifetimes::Lifetimes;
pub use limits::{Limits, Network};
pub use logs::{LogFormat, Logs};
pub use mail::Mail;
pub use people::{People, Registration};
pub use source::{ConfigError, Environment};

use db::Location;
use setting::Section;
use source::{File, Sources};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use top::Top;

/// The file that is read when none is named and it exists.
pub const FILE: &str = "procura.toml";

const SECTIONS: &[Section] = &[
    Top::SECTION,
    Lifetimes::SECTION,
    People::SECTION,
    Developers::SECTION,
    Mail::SECTION,
    Limits::SECTION,
    Egress::SECTION,
    Fake::SECTION,
    Logs::SECTION,
];

/// Every setting, read and checked.
#[derive(Debug, Clone)]
pub struct Config {
    /// The public origin. Before [`Config::bound_to`] it may still name port 0.
    pub issuer: String,
    pub listen: SocketAddr,
    pub ops_listen: SocketAddr,
    pub database: Location,
    pub master_key: KeySource,
    pub lifetimes: Lifetimes,
    pub people: People,
    pub developers: Developers,
    pub mail: Mail,
    pub limits: Limits,
    pub egress: Egress,
    /// Where the fake provider is: an http origin on this computer.
    pub fake_provider: Option<String>,
    pub logs: Logs,
    /// `procura demo`: everything on loopback, data in a temporary folder, a mailbox page.
    pub demo: bool,
    /// Where the demo's tour is: the origin of its app Notes.
    pub tour: Option<String>,
    issuer_is_given: bool,
}

impl Config {
    /// Reads the environment and the file, where there is one.
    pub fn load(environment: &Environment, file: Option<&Path>) -> Result<Config, ConfigError> {
        let file = file.map(File::read).transpose()?;
        let from = Sources::new(environment, file.as_ref())?;
        from.check_names(SECTIONS)?;
        let top = Top::read(&from)?;
        let mut mail = Mail::read(&from)?;
        mail.check().map_err(|why| ConfigError::new(from.place(&Mail::SECTION, "smtp_url"), why))?;
        let issuer_is_given = top.issuer.is_some();
        let issuer = match top.issuer {
            Some(issuer) => issuer,
            None if top.listen.ip().is_loopback() => Issuer::on_loopback(top.listen.port()),
            None => {
                let why = "is required because the server does not listen on loopback: set PROCURA_ISSUER to its public origin";
                return Err(ConfigError::new("issuer", why));
            }
        };
        if mail.from.is_empty() {
            mail.from = format!("no-reply@{}", issuer::host(issuer.as_str()));
        }
        if !mail.from.contains('@') {
            return Err(ConfigError::new(from.place(&Mail::SECTION, "from"), "expected an e-mail address"));
        }
        let fake = Fake::read(&from)?;
        if fake.provider.is_some() && !issuer::is_loopback(issuer.as_str()) {
            let why = "is for an issuer on this computer alone: people must not be sent to a service that anybody can be anybody at";
            return Err(ConfigError::new(from.place(&Fake::SECTION, "provider"), why));
        }
        let master_key = top.master_key.unwrap_or_else(|| KeySource::File(beside(&top.database)));
        Ok(Config {
            issuer: issuer.as_str().to_owned(),
            listen: top.listen,
            ops_listen: top.ops_listen,
            database: top.database,
            master_key,
            lifetimes: Lifetimes::read(&from)?,
            people: People::read(&from)?,
            developers: Developers::read(&from)?,
            mail,
            limits: Limits::read(&from)?,
            egress: Egress::read(&from)?,
            fake_provider: fake.provider.map(|origin| origin.as_str().to_owned()),
            logs: Logs::read(&from)?,
            demo: false,
            tour: None,
            issuer_is_given,
        })
    }

    /// What a server without file and variables has.
    pub fn standard() -> Result<Config, ConfigError> {
        Config::load(&Environment::empty(), None)
    }

    /// Takes note of the address that was really bound: an issuer that nobody gave follows its port.
    pub fn bound_to(&mut self, address: SocketAddr) {
        self.listen = address;
        if !self.issuer_is_given {
            Issuer::on_loopback(address.port()).as_str().clone_into(&mut self.issuer);
        }
    }

    /// False when the issuer only follows from the listener.
    pub fn is_issuer_given(&self) -> bool {
        self.issuer_is_given
    }

    /// True when the issuer is this machine's own.
    pub fn is_loopback(&self) -> bool {
        issuer::is_loopback(&self.issuer)
    }
}

/// Variables that begin like ours and are none of ours: most likely a slip.
pub fn unknown_variables(environment: &Environment) -> Vec<String> {
    let known =
        |name: &str| SECTIONS.iter().flat_map(|section| section.settings).any(|setting| setting.env.contains(&name));
    environment.names().filter(|name| !known(name)).map(str::to_owned).collect()
}

fn beside(database: &Location) -> PathBuf {
    match database.file().and_then(Path::parent) {
        Some(folder) => folder.join("master.key"),
        None => PathBuf::from("data/master.key"),
    }
}

#[cfg(test)]
mod tests;
