use std::{fmt, net::SocketAddr};

use clap::{
    Args,
    builder::{PathBufValueParser, TypedValueParser},
};

use crate::{Location, Tls};

/// The flags of every application.
#[derive(Args)]
#[group(id = "site")]
pub struct Flags {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8000")]
    pub listen: SocketAddr,

    /// The SQLite file, created if it is not there; `:memory:` keeps nothing. By default it has the program's name.
    #[arg(long, value_name = "PATH", value_parser = a_location())]
    pub database: Option<Location>,

    /// The Redis server that several processes share, on the same database. Without one, this process is alone.
    #[arg(long, value_name = "URL")]
    pub redis: Option<String>,

    /// A certificate and its key, for `https` and `wss`.
    #[command(flatten)]
    pub tls: Tls,
}

/// Without the URL of Redis, which may have a password in it.
impl fmt::Debug for Flags {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Flags")
            .field("listen", &self.listen)
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}

fn a_location() -> impl TypedValueParser<Value = Location> {
    PathBufValueParser::new().map(Location::from)
}
