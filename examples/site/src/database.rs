//! The database: one SQLite file, or memory.

use std::{path::PathBuf, time::Duration};

use sqlx::{
    SqlitePool,
    migrate::MigrateError,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};

/// How long a query waits for a connection, and for others who write.
const PATIENCE: Duration = Duration::from_secs(5);

/// What every application has, beside its own migrations. The users' columns are those of Django's table that the
/// library reads, so that it finds them by itself.
const SCHEMA: &str = "
CREATE TABLE IF NOT EXISTS auth_user (
    id integer NOT NULL PRIMARY KEY,
    username varchar(150) NOT NULL UNIQUE,
    password varchar(128) NOT NULL,
    is_active bool NOT NULL DEFAULT TRUE
);

-- what tokens are signed with: one row
CREATE TABLE IF NOT EXISTS secret (
    id INTEGER PRIMARY KEY CHECK (id = 1),
    key BLOB NOT NULL
) STRICT;
";

/// Where the database is.
#[derive(Clone, Debug)]
pub enum Location {
    /// Gone when the program ends.
    Memory,
    /// In this file.
    File(PathBuf),
}

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// SQLite does not open it.
    #[error("the database cannot be opened; is its folder there, and may it be written to?")]
    Open(#[source] sqlx::Error),
    /// The users' and the secret's tables cannot be made.
    #[error("the database's tables cannot be created")]
    Schema(#[source] sqlx::Error),
    /// The application's own tables cannot be made.
    #[error("the application's tables cannot be created; is the file another application's?")]
    Migrate(#[from] MigrateError),
    /// No secret can be made.
    #[error("the system has no random numbers for a secret")]
    Random(#[from] getrandom::Error),
    /// No secret can be kept.
    #[error("the database does not keep the secret")]
    Secret(#[source] sqlx::Error),
}

impl From<PathBuf> for Location {
    fn from(path: PathBuf) -> Self {
        if path.as_os_str() == ":memory:" { Self::Memory } else { Self::File(path) }
    }
}

/// Opens the database, and creates what every application has in it.
pub(crate) async fn open(location: &Location) -> Result<SqlitePool, DatabaseError> {
    let options = SqliteConnectOptions::new().foreign_keys(true).busy_timeout(PATIENCE);
    let (options, connections) = match location {
        // every connection would have a database of its own
        Location::Memory => (options.in_memory(true), 1),
        Location::File(path) => {
            let options = options.filename(path).create_if_missing(true);
            (options.journal_mode(SqliteJournalMode::Wal), 4)
        }
    };
    let pool = SqlitePoolOptions::new()
        .max_connections(connections)
        .acquire_timeout(PATIENCE)
        // a database in memory ends with its connection
        .idle_timeout(None)
        .max_lifetime(None)
        // a request that is given up in the middle of the test takes its connection along
        .test_before_acquire(false)
        .connect_with(options)
        .await
        .map_err(DatabaseError::Open)?;
    sqlx::raw_sql(SCHEMA).execute(&pool).await.map_err(DatabaseError::Schema)?;
    Ok(pool)
}

/// What tokens are signed with: made once for a database, so that they outlive a restart.
pub(crate) async fn secret(pool: &SqlitePool) -> Result<Vec<u8>, DatabaseError> {
    let mut new = [0; 32];
    getrandom::fill(&mut new)?;
    let insert = sqlx::query("INSERT INTO secret (id, key) VALUES (1, ?) ON CONFLICT DO NOTHING");
    insert.bind(&new[..]).execute(pool).await.map_err(DatabaseError::Secret)?;
    sqlx::query_scalar("SELECT key FROM secret").fetch_one(pool).await.map_err(DatabaseError::Secret)
}
