use std::{net::TcpListener, process::Stdio, time::Duration};

use tokio::{
    net::TcpStream,
    process::{Child, Command},
    time::sleep,
};

use super::soon;

/// A `redis-server` of a test's own: on a free port, without files, killed when it is dropped.
#[derive(Debug)]
pub struct Redis {
    _child: Child,
    url: String,
}

impl Redis {
    /// Starts one, and waits until it listens.
    pub async fn start() -> Self {
        let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
        let mut server = Command::new("redis-server");
        server.args(["--port", &port.to_string(), "--bind", "127.0.0.1", "--save", ""]);
        let child = server.stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true).spawn().unwrap();
        soon("Redis listens", async {
            while TcpStream::connect(("127.0.0.1", port)).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
        Self { _child: child, url: format!("redis://127.0.0.1:{port}/0") }
    }

    /// Its URL, for `--redis`.
    pub fn url(&self) -> &str {
        &self.url
    }
}
