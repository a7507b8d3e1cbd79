//! A real server, for a test.

use std::{fmt, net::SocketAddr, sync::mpsc, thread};

use actix_web::{App, HttpServer, dev::ServerHandle, rt::System, web::ServiceConfig};

use crate::Channels;

/// So that tests meet what crosses from one worker to another.
const WORKERS: usize = 2;

/// An application on a real server, at a free port of this machine: for tests of clients, proxies, browsers.
///
/// It has two workers, on threads of their own, and ends when it is dropped.
///
/// ```no_run
/// # use channels_core::{testing::TestServer, *};
/// # let channels = Channels::new(MemoryLayer::default());
/// let server = TestServer::start(&channels);
///
/// let url = server.url("/ws/echo/"); // ws://127.0.0.1:41234/ws/echo/
/// ```
pub struct TestServer {
    address: SocketAddr,
    handle: ServerHandle,
    thread: Option<thread::JoinHandle<()>>,
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
        let channels = channels.clone();
        let (started, starts) = mpsc::channel();
        let thread = thread::spawn(move || {
            System::new().block_on(async move {
                let routes = channels.clone();
                let app = move || App::new().configure(routes.routes()).configure(&configure);
                let server = HttpServer::new(app).workers(WORKERS).disable_signals();
                let server = channels.tune(server).bind("127.0.0.1:0");
                let server = server.expect("a port of this machine");
                let address = *server.addrs().first().expect("a bound address");
                let server = server.run();
                started.send((address, server.handle())).expect("somebody waits for the server");
                server.await.expect("the server ended in order");
            });
        });
        let (address, handle) = starts.recv().expect("the server started");
        Self { address, handle, thread: Some(thread) }
    }

    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// The WebSocket URL of a path.
    pub fn url(&self, path: &str) -> String {
        format!("ws://{}{path}", self.address)
    }

    /// The HTTP URL of a path.
    pub fn http_url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }
}

impl Drop for TestServer {
    fn drop(&mut self) {
        drop(self.handle.stop(false));
        if let Some(thread) = self.thread.take() {
            thread.join().ok();
        }
    }
}

impl fmt::Debug for TestServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TestServer").field("address", &self.address).finish_non_exhaustive()
    }
}
