use std::{env, ffi::OsString, net::Ipv4Addr, path::Path, process::Command};

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

    async fn user_for(&self, kind: &str, header: &str) -> Option<String> {
        let request = format!("GET /whoami/{kind}/ HTTP/1.0\r\nHost: 127.0.0.1\r\n{header}\r\n\r\n");
        let response = soon("Django answers", async {
            let mut socket = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port)).await.unwrap();
            socket.write_all(request.as_bytes()).await.unwrap();
            let mut response = String::new();
            socket.read_to_string(&mut response).await.unwrap();
            response
        })
        .await;
        let (head, body) = response.split_once("\r\n\r\n").unwrap();
        let status = head.split(' ').nth(1).unwrap();
        assert!(["200", "401"].contains(&status), "{response}");
        let body: Value = serde_json::from_str(body).unwrap();
        body["user"].as_str().map(str::to_owned)
    }

    /// What this Python prints, in the site's own shell.
    #[cfg(feature = "sessions")]
    pub(crate) fn python(&self, code: &str) -> String {
        run(site("manage", &self.settings).args(["shell", "-v", "0", "-c", code]))
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
