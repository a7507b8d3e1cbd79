//! What a query is answered with.

use std::time::SystemTime;

use sqlx::{Row as _, sqlite::SqliteRow};
#[cfg(feature = "postgres")]
use sqlx::{postgres::PgRow, types::time::OffsetDateTime};

use super::{StoreError, sqlite};

/// A row. Its columns go by their place in the query, from 0.
pub(crate) enum Row {
    Sqlite(SqliteRow),
    #[cfg(feature = "postgres")]
    Postgres(PgRow),
}

impl Row {
    pub(crate) fn text(&self, column: usize) -> Result<String, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            #[cfg(feature = "postgres")]
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn flag(&self, column: usize) -> Result<bool, StoreError> {
        Ok(match self {
            Self::Sqlite(row) => row.try_get(column)?,
            #[cfg(feature = "postgres")]
            Self::Postgres(row) => row.try_get(column)?,
        })
    }

    pub(crate) fn time(&self, column: usize) -> Result<SystemTime, StoreError> {
        self.time_or_never(column)?.ok_or(StoreError::Unreadable("a time that must be there is NULL"))
    }

    pub(crate) fn time_or_never(&self, column: usize) -> Result<Option<SystemTime>, StoreError> {
        match self {
            Self::Sqlite(row) => {
                // the column is declared as datetime, but holds text
                let text: Option<String> = row.try_get_unchecked(column)?;
                text.as_deref().map(sqlite::read).transpose()
            }
            #[cfg(feature = "postgres")]
            Self::Postgres(row) => {
                let time: Option<OffsetDateTime> = row.try_get(column)?;
                Ok(time.map(SystemTime::from))
            }
        }
    }
}
