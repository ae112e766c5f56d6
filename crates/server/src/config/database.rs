//! Where the data lives.

use super::setting::Value;
use super::source::Around;
use base::Secret;
use db::Location;

impl Value for Location {
    const KIND: &'static str = "sqlite:PATH or postgres://USER:PASSWORD@HOST/NAME (also env:NAME or file:PATH)";

    fn from_text(text: &str, around: &Around<'_>) -> Result<Location, String> {
        let url = Secret::from_text(text, around)?;
        Ok(match Location::parse(url.reveal())? {
            Location::Sqlite(path) => Location::Sqlite(around.folder.join(path)),
            postgres @ Location::Postgres(_) => postgres,
        })
    }
}
