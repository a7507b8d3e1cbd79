//! What an application stands on, and the server it runs in.

use std::{
    env, fmt,
    io::{self, Write},
    net::SocketAddr,
    path::PathBuf,
};

use actix_web::{App, HttpServer, web::ServiceConfig};
use channels_actix::{Channels, Layer, Limits, MemoryLayer, RedisLayer};
use sqlx::{SqlitePool, migrate::Migrator};

use crate::{DEMO, DatabaseError, Flags, Location, Result, Users, database, signal::end_signal};

/// The biggest message of a client, in bytes.
const MESSAGE: usize = 64 * 1024;

/// What an application stands on: its database, its users, its layer.
pub struct Site {
    flags: Flags,
    pool: SqlitePool,
    users: Users,
    secret: Vec<u8>,
    layer: Layer,
    redis: Option<RedisLayer>,
}

impl Site {
    /// Opens what the flags name. `migrations` make the application's own tables, which may refer to `auth_user`.
    ///
    /// # Errors
    ///
    /// If the database cannot be opened, or Redis cannot be reached.
    pub async fn open(name: &str, flags: Flags, migrations: Option<Migrator>) -> Result<Self> {
        let by_name = || Location::File(PathBuf::from(format!("{name}.sqlite3")));
        let location = flags.database.clone().unwrap_or_else(by_name);
        let pool = database::open(&location).await?;
        if let Some(migrations) = migrations {
            migrations.run(&pool).await.map_err(DatabaseError::from)?;
        }
        let variable = format!("{}_SECRET", name.to_uppercase());
        let secret = match env::var_os(variable).filter(|secret| !secret.is_empty()) {
            Some(secret) => secret.into_encoded_bytes(),
            None => database::secret(&pool).await?,
        };
        let users = Users::open(pool.clone()).await?;
        let redis = match &flags.redis {
            Some(url) => Some(RedisLayer::connect(url).await?),
            None => None,
        };
        let layer = redis.clone().map_or_else(|| Layer::new(MemoryLayer::default()), Layer::new);
        Ok(Self { flags, pool, users, secret, layer, redis })
    }

    /// The database.
    pub fn pool(&self) -> SqlitePool {
        self.pool.clone()
    }

    /// Who may come in.
    pub fn users(&self) -> Users {
        self.users.clone()
    }

    /// What tokens and cookies are signed with: that of the environment variable `NAME_SECRET`, or one of the
    /// database's own.
    pub fn secret(&self) -> &[u8] {
        &self.secret
    }

    /// The layer: over Redis by flag, or else in this process.
    pub fn layer(&self) -> Layer {
        self.layer.clone()
    }

    /// An application on the layer, without routes.
    pub fn channels(&self) -> Channels {
        Channels::on(self.layer()).limits(Limits { message: MESSAGE, ..Limits::default() })
    }

    /// Serves the routes of `channels`, and what `configure` adds for each worker, until a signal ends it.
    ///
    /// # Errors
    ///
    /// If it cannot listen.
    pub async fn serve(
        self,
        channels: Channels,
        configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    ) -> Result<()> {
        let tls = self.flags.tls.config()?;
        let scheme = if tls.is_some() { "https" } else { "http" };
        let shutdown = channels.shutdown_on(end_signal()?);
        let routes = channels.clone();
        let server = HttpServer::new(move || App::new().configure(routes.routes()).configure(&configure));
        let server = channels.tune(server);
        let server = match tls {
            Some(config) => server.bind_rustls_0_23(self.flags.listen, config)?,
            None => server.bind(self.flags.listen)?,
        };
        announce(scheme, &server.addrs())?;
        server.shutdown_signal(shutdown).run().await?;
        if let Some(redis) = self.redis {
            redis.close().await?;
        }
        self.pool.close().await;
        Ok(())
    }
}

/// Without the secret.
impl fmt::Debug for Site {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Site").field("flags", &self.flags).finish_non_exhaustive()
    }
}

fn announce(scheme: &str, addresses: &[SocketAddr]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for address in addresses {
        writeln!(out, "{scheme}://{address}/")?;
    }
    let users = DEMO.map(|(name, password)| format!("{name}/{password}"));
    writeln!(out, "users: {}", users.join(", "))
}
