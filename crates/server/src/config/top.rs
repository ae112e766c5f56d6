//! The keys at the top of the file: where the server listens, what it is called, where its data and its key are.

use super::issuer::Issuer;
use super::keys::KeySource;
use super::setting::section;
use db::Location;
use std::net::SocketAddr;

section! {
    /// Where the server listens, what it is called, where its data and its key are.
    "" Top {
        /// The public origin: scheme, host and port, no trailing slash. Every URL is built from it. On a loopback listener it
        /// defaults to http://localhost with the listener's port; otherwise it is required.
        issuer: Option<Issuer> = "" like "\"https://id.example.com\"" env "PROCURA_ISSUER";
        /// Where people and apps are served. Port 0 lets the system choose.
        listen: SocketAddr = "\"127.0.0.1:8460\"" env "PROCURA_LISTEN";
        /// Where /livez, /readyz and /metrics are served. Keep it away from the public.
        ops_listen: SocketAddr = "\"127.0.0.1:8469\"" env "PROCURA_OPS_LISTEN";
        /// The database: sqlite:PATH, or postgres://USER:PASSWORD@HOST/NAME (best written as env:NAME or file:PATH).
        database: Location = "\"sqlite:data/procura.db\"" env "PROCURA_DATABASE_URL";
        /// The key that seals secrets in the database: file:PATH or env:NAME (the variable holds a path). By default master.key
        /// beside the SQLite database.
        master_key: Option<KeySource> = "" like "\"file:master.key\"" env "PROCURA_MASTER_KEY_FILE";
    }
}
