use std::{
    env,
    ffi::OsString,
    fs,
    net::Ipv4Addr,
    path::{Path, PathBuf},
    process::Command,
};

use serde_json::Value;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
    time::{Duration, sleep},
};

use super::{
    process::{Process, free_port, run},
    secrets, soon,
};

const PEER: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/django/peer");

/// Its packages, where `cargo xtask test` puts them.
const VENV: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/target/django-peer");

/// A Django site with users and credentials of every kind.
pub(crate) struct Django {
    /// What the site says of itself: its secret key, its users, its credentials.
    pub(crate) seed: Value,
    port: u16,
    settings: Vec<(String, String)>,
    _server: Process,
}

impl Django {
    /// Over this database: a file of SQLite, or the URL of one in PostgreSQL.
    pub(crate) async fn start(database: &str) -> Self {
        Self::with_settings(database, &[]).await
    }

    /// With settings of the site, such as `PEER_KNOX_PREFIX`.
    pub(crate) async fn with_settings(database: &str, settings: &[(&str, &str)]) -> Self {
        let settings = [("PEER_DB", database)].into_iter().chain(settings.iter().copied());
        let settings: Vec<_> = settings.map(|(name, value)| (name.to_owned(), value.to_owned())).collect();
        let seed = run(site("manage", &settings).arg("peer_seed"));
        let port = free_port();
        let server = Process::start(site("serve", &settings).arg(port.to_string()));
        soon("Django answers", async {
            while TcpStream::connect((Ipv4Addr::LOCALHOST, port)).await.is_err() {
                sleep(Duration::from_millis(50)).await;
            }
        })
        .await;
        let seed: Value = serde_json::from_str(&seed).unwrap();
        secrets::note("Django's SECRET_KEY", seed["secret_key"].as_str().unwrap());
        for credential in seed["credentials"].as_array().unwrap() {
            secrets::note("a credential of Django's", credential["value"].as_str().unwrap_or_default());
        }
        Self { seed, port, settings, _server: server }
    }

    /// Where a browser would connect to it.
    #[cfg(feature = "redis")]
    pub(crate) fn websocket(&self, path: &str) -> String {
        format!("ws://127.0.0.1:{}{path}", self.port)
    }

    /// The credentials of this kind.
    pub(crate) fn credentials(&self, kind: &str) -> Vec<&Value> {
        let all = self.seed["credentials"].as_array().unwrap();
        all.iter().filter(|credential| credential["kind"] == kind).collect()
    }

    /// Whom Django takes the bearer of a token for.
    pub(crate) async fn user_of(&self, kind: &str, token: &str) -> Option<String> {
        let scheme = if kind == "jwt" { "Bearer" } else { "Token" };
        self.user_for(kind, &format!("Authorization: {scheme} {token}")).await
    }

    /// Whom Django takes a browser with this cookie for.
    #[cfg(feature = "sessions")]
    pub(crate) async fn user_of_session(&self, cookie: &str) -> Option<String> {
        self.user_for("session", &format!("Cookie: sessionid={cookie}")).await
    }

    /// Sends a form without fields, as a browser that logs out does.
    pub(crate) async fn post(&self, path: &str, header: &str) {
        let (status, body) = self.ask("POST", path, header).await;
        assert!(["200", "204"].contains(&status.as_str()), "{status} {body}");
    }

    async fn user_for(&self, kind: &str, header: &str) -> Option<String> {
        let (status, body) = self.ask("GET", &format!("/whoami/{kind}/"), header).await;
        assert!(["200", "401"].contains(&status.as_str()), "{status} {body}");
        let body: Value = serde_json::from_str(&body).unwrap();
        body["user"].as_str().map(str::to_owned)
    }

    /// The status and the body that the site answers with.
    async fn ask(&self, method: &str, path: &str, header: &str) -> (String, String) {
        let request =
            format!("{method} {path} HTTP/1.0\r\nHost: 127.0.0.1\r\nContent-Length: 0\r\n{header}\r\n\r\n");
        let response = soon("Django answers", async {
            let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.unwrap();
            socket.write_all(request.as_bytes()).await.unwrap();
            let mut response = String::new();
            socket.read_to_string(&mut response).await.unwrap();
            response
        })
        .await;
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        (head.split(' ').nth(1).unwrap().to_owned(), body.to_owned())
    }

    /// What this Python prints, in the site's own shell.
    #[cfg(feature = "sessions")]
    pub(crate) fn python(&self, code: &str) -> String {
        run(site("manage", &self.settings).args(["shell", "-v", "0", "-c", code]))
    }
}

/// A file of SQLite that goes with the test.
pub(crate) struct File(PathBuf);

impl File {
    pub(crate) fn new(name: &str) -> Self {
        Self(env::temp_dir().join(format!("channels-{name}-{}.sqlite3", std::process::id())))
    }

    pub(crate) fn path(&self) -> &str {
        self.0.to_str().unwrap()
    }

    pub(crate) fn url(&self) -> String {
        format!("sqlite://{}", self.path())
    }
}

impl Drop for File {
    fn drop(&mut self) {
        fs::remove_file(&self.0).unwrap();
    }
}

/// The Python that has the site's packages.
#[cfg(feature = "jwks")]
pub(crate) fn python() -> Command {
    Command::new(Path::new(&venv()).join("bin/python"))
}

fn venv() -> OsString {
    env::var_os("PEER_VENV").unwrap_or_else(|| VENV.into())
}

/// One of the site's programs.
fn site(program: &str, settings: &[(String, String)]) -> Command {
    let mut command = Command::new(format!("{PEER}/{program}"));
    command.env("PEER_VENV", venv()).envs(settings.iter().cloned()).env("PYTHONDONTWRITEBYTECODE", "1");
    command
}
