use std::{
    env, fs,
    path::{Path, PathBuf},
    process::{self, Command},
};

use channels_actix::Database;
use tokio::time::{Duration, sleep};

use super::{
    process::{Process, free_port, run},
    soon,
};

/// A PostgreSQL server of the test's own, empty.
pub(crate) struct Postgres {
    directory: PathBuf,
    port: u16,
    server: Option<Process>,
}

impl Postgres {
    pub(crate) async fn start() -> Self {
        let port = free_port();
        let directory = env::temp_dir().join(format!("channels-postgres-{}-{port}", process::id()));
        // words in the order of a dictionary, as most databases have them: not byte by byte
        let order = ["--encoding=UTF8", "--locale=C.UTF-8", "--locale-provider=icu", "--icu-locale=en"];
        run(program("initdb")
            .args(["--username=peer", "--auth=trust", "--no-sync"])
            .args(order)
            .arg("--pgdata")
            .arg(&directory));
        let mut postgres = Self { directory, port, server: None };
        postgres.start_again().await;
        postgres
    }

    pub(crate) fn url(&self) -> String {
        format!("postgres://peer@127.0.0.1:{}/postgres", self.port)
    }

    pub(crate) async fn start_again(&mut self) {
        let port = self.port.to_string();
        let mut command = program("postgres");
        command.arg("-D").arg(&self.directory).args(["-h", "127.0.0.1", "-k", "", "-p", &port, "-F"]);
        self.server = Some(Process::start(&mut command));
        soon("PostgreSQL answers", async {
            while Database::connect(&self.url()).await.is_err() {
                sleep(Duration::from_millis(20)).await;
            }
        })
        .await;
    }

    /// Ends the server, and every connection to it.
    pub(crate) fn stop(&mut self) {
        if let Some(mut server) = self.server.take() {
            server.end("INT");
        }
    }
}

impl Drop for Postgres {
    fn drop(&mut self) {
        self.stop();
        fs::remove_dir_all(&self.directory).unwrap();
    }
}

/// One of PostgreSQL's programs. It does not run as root: then Debian's user for it does.
fn program(name: &str) -> Command {
    let path = find(name).unwrap_or_else(|| panic!("there is no {name}; is PostgreSQL installed?"));
    if run(Command::new("id").arg("-u")).trim() != "0" {
        return Command::new(path);
    }
    let mut command = Command::new("setpriv");
    command.args(["--reuid=postgres", "--regid=postgres", "--init-groups", "--"]).arg(path);
    command.current_dir("/");
    command
}

/// On `PATH`, or where Debian keeps several versions beside each other.
fn find(name: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH").unwrap_or_default();
    let mut folders: Vec<_> = env::split_paths(&path).collect();
    let versions = fs::read_dir(Path::new("/usr/lib/postgresql")).into_iter().flatten().flatten();
    folders.extend(versions.map(|version| version.path().join("bin")));
    folders.into_iter().map(|folder| folder.join(name)).find(|program| program.is_file())
}
