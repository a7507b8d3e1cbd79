//! A chat: login, rooms, history, and live messages.

mod api;
mod consumer;
mod database;
mod messages;
mod page;
mod room;
mod tls;
mod users;

use std::{
    env,
    error::Error,
    io::{self, IsTerminal, Write},
    net::SocketAddr,
    process::ExitCode,
    time::Duration,
};

use actix_web::{App, HttpServer, web::Data};
use channels_actix::{Channels, JwtIssuer, Layer, Limits, MemoryLayer, RedisLayer, TokenAuth, client};
use clap::{
    Parser,
    builder::{PathBufValueParser, TypedValueParser},
};
use tracing_subscriber::EnvFilter;

use self::{consumer::Chat, database::Location, messages::Messages, tls::Tls, users::Users};

/// How long a login lasts: the page does not renew its token.
const SESSION: Duration = Duration::from_secs(12 * 60 * 60);

/// A chat: login, rooms, history, and live messages.
#[derive(Parser)]
struct Flags {
    /// Where to listen; port 0 takes a free one.
    #[arg(long, value_name = "ADDR", default_value = "127.0.0.1:8000")]
    listen: SocketAddr,

    /// The SQLite file, created if it is not there; `:memory:` keeps nothing.
    #[arg(long, value_name = "PATH", default_value = "chat.sqlite3", value_parser = a_location())]
    database: Location,

    /// The Redis server that rooms are shared by, with other chats on the same database.
    #[arg(long, value_name = "URL")]
    redis: Option<String>,

    #[command(flatten)]
    tls: Tls,
}

#[actix_web::main]
async fn main() -> ExitCode {
    let flags = Flags::parse();
    let filter = EnvFilter::try_from_default_env().unwrap_or_else(|_| EnvFilter::new("info"));
    let log = tracing_subscriber::fmt().with_env_filter(filter).with_ansi(io::stderr().is_terminal());
    log.with_writer(io::stderr).init();

    match run(flags).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!(error = &*error, "the chat cannot go on");
            ExitCode::FAILURE
        }
    }
}

async fn run(flags: Flags) -> Result<(), Box<dyn Error>> {
    let pool = database::open(&flags.database).await?;
    let secret = match env::var_os("CHAT_SECRET").filter(|secret| !secret.is_empty()) {
        Some(secret) => secret.into_encoded_bytes(),
        None => database::secret(&pool).await?,
    };
    let users = Users::open(pool.clone()).await?;
    let messages = Messages::new(pool.clone());
    let issuer = JwtIssuer::hs256(secret).lifetime(SESSION);
    let auth = TokenAuth::new(users.clone()).accept(issuer.verifier());

    let redis = match &flags.redis {
        Some(url) => Some(RedisLayer::connect(url).await?),
        None => None,
    };
    let layer = redis.clone().map_or_else(|| Layer::new(MemoryLayer::default()), Layer::new);
    let channels = Channels::on(layer)
        .limits(Limits { message: 64 * 1024, ..Limits::default() })
        .wrap(auth.clone())
        .websocket("/ws/chat/{room}/", {
            let messages = messages.clone();
            move |scope| Chat::new(scope, &messages)
        });

    let tls = flags.tls.config()?;
    let scheme = if tls.is_some() { "https" } else { "http" };
    let shutdown = channels.shutdown_on(end_signal()?);
    let routes = channels.clone();
    let server = HttpServer::new(move || {
        App::new()
            .app_data(Data::new(users.clone()))
            .app_data(Data::new(messages.clone()))
            .app_data(Data::new(issuer.clone()))
            .app_data(auth.rest())
            .configure(routes.routes())
            .configure(api::routes)
            .configure(client::routes("/channels/"))
            .configure(page::routes)
    });
    let server = channels.tune(server);
    let server = match tls {
        Some(config) => server.bind_rustls_0_23(flags.listen, config)?,
        None => server.bind(flags.listen)?,
    };
    announce(scheme, &server.addrs())?;
    server.shutdown_signal(shutdown).run().await?;
    if let Some(redis) = redis {
        redis.close().await?;
    }
    pool.close().await;
    Ok(())
}

fn a_location() -> impl TypedValueParser<Value = Location> {
    PathBufValueParser::new().map(Location::from)
}

fn announce(scheme: &str, addresses: &[SocketAddr]) -> io::Result<()> {
    let mut out = io::stdout().lock();
    for address in addresses {
        writeln!(out, "{scheme}://{address}/")?;
    }
    let users = users::DEMO.map(|(name, password)| format!("{name}/{password}"));
    writeln!(out, "users: {}", users.join(", "))
}

/// Waits for ctrl-c or SIGTERM, heard from now on.
#[cfg(unix)]
fn end_signal() -> io::Result<impl Future<Output = ()> + Send + 'static> {
    use tokio::signal::unix::{SignalKind, signal};

    let mut interrupt = signal(SignalKind::interrupt())?;
    let mut terminate = signal(SignalKind::terminate())?;
    Ok(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
    })
}

/// Waits for ctrl-c.
#[cfg(not(unix))]
fn end_signal() -> io::Result<impl Future<Output = io::Result<()>> + Send + 'static> {
    Ok(tokio::signal::ctrl_c())
}
