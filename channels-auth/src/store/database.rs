//! One database, and a limit to how long it is waited for.

use std::{fmt, str::FromStr, time::Duration};

use sqlx::{
    SqlitePool,
    sqlite::{SqliteConnectOptions, SqlitePoolOptions},
};
use tokio::time::timeout;

#[cfg(feature = "postgres")]
use super::postgres;
use super::{Row, StoreError, Table, Value, sqlite};

/// How long a query may take: less than [`Limits::handshake`](channels_core::Limits::handshake), so that the
/// log says what was waited for.
const TIME_LIMIT: Duration = Duration::from_secs(3);

/// A database that is asked who somebody is: the Django site's own, or one of yours. Cheap to clone.
///
/// ```no_run
/// # async fn connect() -> Result<(), channels_auth::StoreError> {
/// use channels_auth::Database;
///
/// let database = Database::connect("sqlite:///srv/site/db.sqlite3").await?;
/// # Ok(()) }
/// ```
///
/// A pool of [sqlx](https://docs.rs/sqlx/0.9) that the application has anyway is one, too:
/// `Database::from(pool)`, or `pool` itself wherever `impl Into<Database>` is asked for.
///
/// No query keeps a worker thread waiting, and none is waited for longer than the
/// [time limit](Self::time_limit). Whom a database cannot be asked about is told to
/// [try again](crate::AuthError::Unavailable), and keeps the token.
#[derive(Clone)]
pub struct Database {
    pool: Pool,
    limit: Duration,
}

#[derive(Clone)]
enum Pool {
    Sqlite(SqlitePool),
    #[cfg(feature = "postgres")]
    Postgres(sqlx::PgPool),
}

/// So many places for values, `$1, $2, …`: for `IN (…)`.
pub(crate) fn places(count: usize) -> String {
    let places: Vec<_> = (1..=count).map(|place| format!("${place}")).collect();
    places.join(", ")
}

/// The kinds of databases, where their SQL differs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Sqlite,
    #[cfg(feature = "postgres")]
    Postgres,
}

impl Dialect {
    /// The type of a column with times.
    pub(crate) fn time(self) -> &'static str {
        match self {
            Self::Sqlite => "datetime",
            #[cfg(feature = "postgres")]
            Self::Postgres => "timestamp with time zone",
        }
    }

    /// The type of a column with UUIDs.
    pub(crate) fn uuid(self) -> &'static str {
        match self {
            Self::Sqlite => "char(32)",
            #[cfg(feature = "postgres")]
            Self::Postgres => "uuid",
        }
    }
}

impl Database {
    /// Connects to `sqlite:path`, or to `postgres://user:password@host/name` with the feature `postgres`.
    ///
    /// A file must be there, unless the URL ends in `?mode=rwc`; `sqlite::memory:` lives as long as its last
    /// clone. For PostgreSQL over TLS, switch on one of sqlx's `tls-` features in your own `Cargo.toml`.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the URL is neither, or the database cannot be reached.
    pub async fn connect(url: &str) -> Result<Self, StoreError> {
        match url.split_once(':').map(|(scheme, _)| scheme) {
            Some("sqlite") => Self::open_sqlite(url).await,
            #[cfg(feature = "postgres")]
            Some("postgres" | "postgresql") => Ok(Self::from(postgres::connect(url, TIME_LIMIT).await?)),
            #[cfg(not(feature = "postgres"))]
            Some("postgres" | "postgresql") => Err(StoreError::Url("switch on the feature `postgres`")),
            Some(_) | None => Err(StoreError::Url("its URL begins with neither sqlite: nor postgres:")),
        }
    }

    async fn open_sqlite(url: &str) -> Result<Self, StoreError> {
        // what others write is waited for within the time limit
        let options = SqliteConnectOptions::from_str(url)?.busy_timeout(TIME_LIMIT);
        let pool = SqlitePoolOptions::new().acquire_timeout(TIME_LIMIT);
        let pool = if url.contains(":memory:") || url.contains("mode=memory") {
            // every connection would have a database of its own, and take it along when it ends
            pool.max_connections(1).idle_timeout(None).max_lifetime(None)
        } else {
            pool.max_connections(4)
        };
        Ok(Self::from(pool.connect_with(options).await?))
    }

    /// How long a query may take, the wait for a connection included. By default 3 s; keep it below
    /// [`Limits::handshake`](channels_core::Limits::handshake).
    #[must_use]
    pub fn time_limit(mut self, limit: Duration) -> Self {
        self.limit = limit;
        self
    }

    pub(crate) fn dialect(&self) -> Dialect {
        match &self.pool {
            Pool::Sqlite(_) => Dialect::Sqlite,
            #[cfg(feature = "postgres")]
            Pool::Postgres(_) => Dialect::Postgres,
        }
    }

    /// The rows of a query. `$1` is the first of `values`, in either dialect.
    pub(crate) async fn rows(&self, sql: String, values: Vec<Value>) -> Result<Vec<Row>, StoreError> {
        match &self.pool {
            Pool::Sqlite(pool) => {
                let rows = self.within_limit(sqlite::query(sql, values).fetch_all(pool)).await?;
                Ok(rows.into_iter().map(Row::Sqlite).collect())
            }
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => {
                let rows = self.within_limit(postgres::query(sql, values).fetch_all(pool)).await?;
                Ok(rows.into_iter().map(Row::Postgres).collect())
            }
        }
    }

    /// The only row, or none.
    pub(crate) async fn row(&self, sql: String, values: Vec<Value>) -> Result<Option<Row>, StoreError> {
        Ok(self.rows(sql, values).await?.into_iter().next())
    }

    /// Changes rows, and says how many.
    pub(crate) async fn change(&self, sql: String, values: Vec<Value>) -> Result<u64, StoreError> {
        match &self.pool {
            Pool::Sqlite(pool) => {
                let done = self.within_limit(sqlite::query(sql, values).execute(pool)).await?;
                Ok(done.rows_affected())
            }
            #[cfg(feature = "postgres")]
            Pool::Postgres(pool) => {
                let done = self.within_limit(postgres::query(sql, values).execute(pool)).await?;
                Ok(done.rows_affected())
            }
        }
    }

    /// Makes an index, unless it is there.
    pub(crate) async fn create_index(&self, table: &Table, column: &str) -> Result<(), StoreError> {
        let name = table.index_on(column);
        self.change(format!("CREATE INDEX IF NOT EXISTS {name} ON {table} ({column})"), Vec::new())
            .await
            .map(drop)
    }

    async fn within_limit<T>(
        &self,
        query: impl Future<Output = Result<T, sqlx::Error>>,
    ) -> Result<T, StoreError> {
        match timeout(self.limit, query).await {
            Ok(outcome) => Ok(outcome?),
            Err(_) => Err(StoreError::TimedOut(self.limit)),
        }
    }
}

impl From<SqlitePool> for Database {
    fn from(pool: SqlitePool) -> Self {
        Self { pool: Pool::Sqlite(pool), limit: TIME_LIMIT }
    }
}

#[cfg(feature = "postgres")]
impl From<sqlx::PgPool> for Database {
    fn from(pool: sqlx::PgPool) -> Self {
        Self { pool: Pool::Postgres(pool), limit: TIME_LIMIT }
    }
}

/// Without the URL, which may have a password in it.
impl fmt::Debug for Database {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Database")
            .field("dialect", &self.dialect())
            .field("time_limit", &self.limit)
            .finish_non_exhaustive()
    }
}
