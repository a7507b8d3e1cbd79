//! The database: one SQLite file, or memory.

use std::{path::PathBuf, time::Duration};

use sqlx::{
    SqlitePool,
    migrate::MigrateError,
    sqlite::{SqliteConnectOptions, SqliteJournalMode, SqlitePoolOptions},
};

/// How long a query waits for a connection, and for others who write.
const PATIENCE: Duration = Duration::from_secs(5);

/// Where the database is.
#[derive(Clone, Debug)]
pub(crate) enum Location {
    /// Gone when the program ends.
    Memory,
    File(PathBuf),
}

/// Why the database cannot be used.
#[derive(Debug, thiserror::Error)]
pub(crate) enum DatabaseError {
    #[error("the database cannot be opened; is its folder there, and may it be written to?")]
    Open(#[source] sqlx::Error),
    #[error("the database's schema cannot be created")]
    Schema(#[from] MigrateError),
    #[error("the system has no random numbers for a secret")]
    Random(#[from] getrandom::Error),
    #[error("the database does not keep the secret")]
    Secret(#[from] sqlx::Error),
}

impl From<PathBuf> for Location {
    fn from(path: PathBuf) -> Self {
        if path.as_os_str() == ":memory:" { Self::Memory } else { Self::File(path) }
    }
}

/// Opens the database, and creates what it lacks.
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
        .connect_with(options)
        .await
        .map_err(DatabaseError::Open)?;
    sqlx::migrate!().run(&pool).await?;
    Ok(pool)
}

/// What tokens are signed with: made once for a database, so that they outlive a restart.
pub(crate) async fn secret(pool: &SqlitePool) -> Result<Vec<u8>, DatabaseError> {
    let mut new = [0; 32];
    getrandom::fill(&mut new)?;
    let insert = sqlx::query("INSERT INTO secret (id, key) VALUES (1, ?) ON CONFLICT DO NOTHING");
    insert.bind(&new[..]).execute(pool).await?;
    Ok(sqlx::query_scalar("SELECT key FROM secret").fetch_one(pool).await?)
}
