//! A real server, for a test.

use std::{
    fmt,
    net::SocketAddr,
    sync::mpsc,
    thread,
    time::{Duration, Instant},
};

#[cfg(feature = "rustls")]
use actix_tls::accept::rustls_0_23::reexports::ServerConfig;
use actix_web::{App, HttpServer, dev::ServerHandle, rt::System, web::ServiceConfig};

use crate::Channels;

/// So that tests meet what crosses from one worker to another.
const WORKERS: usize = 2;
/// How long a server that was dropped may take to end its connections.
const PATIENCE: Duration = Duration::from_secs(5);
const ANY_PORT: &str = "127.0.0.1:0";

/// An application on a real server, at a free port of this machine: for tests of clients, proxies, browsers.
///
/// It has two workers, on threads of their own, and ends when it is dropped: its connections with it.
///
/// ```no_run
/// # use channels_core::{testing::TestServer, *};
/// # let channels = Channels::new(MemoryLayer::default());
/// let server = TestServer::start(&channels);
///
/// let url = server.url("/ws/echo/"); // ws://127.0.0.1:41234/ws/echo/
/// ```
pub struct TestServer {
    channels: Channels,
    scheme: [&'static str; 2],
    address: SocketAddr,
    handle: ServerHandle,
    thread: Option<thread::JoinHandle<()>>,
}

enum Security {
    Plain,
    #[cfg(feature = "rustls")]
    Tls(Box<ServerConfig>),
}

impl Security {
    fn scheme(&self) -> [&'static str; 2] {
        match self {
            Self::Plain => ["ws", "http"],
            #[cfg(feature = "rustls")]
            Self::Tls(_) => ["wss", "https"],
        }
    }
}

impl TestServer {
    /// Serves the routes of `channels`.
    ///
    /// # Panics
    ///
    /// If no server can be started.
    pub fn start(channels: &Channels) -> Self {
        Self::with(channels, |_| {})
    }

    /// Serves the routes of `channels`, and what `configure` adds, which is called once a worker.
    ///
    /// # Panics
    ///
    /// If no server can be started.
    pub fn with(
        channels: &Channels,
        configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
    ) -> Self {
        Self::run(channels.clone(), configure, Security::Plain)
    }

    /// Serves the routes of `channels` over TLS.
    ///
    /// # Panics
    ///
    /// If no server can be started.
    #[cfg(feature = "rustls")]
    pub fn tls(channels: &Channels, config: ServerConfig) -> Self {
        Self::run(channels.clone(), |_| {}, Security::Tls(Box::new(config)))
    }

    fn run(
        channels: Channels,
        configure: impl Fn(&mut ServiceConfig) + Clone + Send + 'static,
        security: Security,
    ) -> Self {
        let (scheme, served) = (security.scheme(), channels.clone());
        let (started, starts) = mpsc::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let routes = channels.clone();
                let app = move || App::new().configure(routes.routes()).configure(&configure);
                let server = HttpServer::new(app).workers(WORKERS).disable_signals();
                let server = channels.tune(server);
                let server = match security {
                    Security::Plain => server.bind(ANY_PORT),
                    #[cfg(feature = "rustls")]
                    Security::Tls(config) => server.bind_rustls_0_23(ANY_PORT, *config),
                };
                let server = server.expect("a port of this machine");
                let address = *server.addrs().first().expect("a bound address");
                let server = server.run();
                started.send((address, server.handle())).expect("somebody waits for the server");
                server.await.expect("the server ended in order");
            });
        });
        let (address, handle) = starts.recv().expect("the server started");
        Self { channels: served, scheme, address, handle, thread: Some(thread) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The WebSocket URL of a path.
    pub fn url(&self, path: &str) -> String {
        let [websocket, _] = self.scheme;
        format!("{websocket}://{}{path}", self.address)
    }

    /// The HTTP URL of a path.
    pub fn http_url(&self, path: &str) -> String {
        let [_, http] = self.scheme;
        format!("{http}://{}{path}", self.address)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
        // the workers end after the server
        let patience = Instant::now() + PATIENCE;
        while self.channels.connections() > 0 && Instant::now() < patience {
            thread::sleep(Duration::from_millis(1));
        }
    }
}

impl fmt::Debug for TestServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestServer").field("address", &self.address).finish_non_exhaustive()
    }
}
