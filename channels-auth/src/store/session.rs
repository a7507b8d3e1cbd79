//! The rows of `django_session`.

use std::time::SystemTime;

use super::{Database, StoreError, Table};

/// The table of sessions: what Django's backends `db` and `cached_db` write. What is in a session is not
/// looked at here.
#[derive(Clone, Debug)]
pub(crate) struct SessionTable {
    database: Database,
    table: Table,
}

/// A session, signed, and when it ends.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct SessionRow {
    pub(crate) data: String,
    pub(crate) expires: SystemTime,
}

impl SessionTable {
    /// # Panics
    ///
    /// If `name` is no name of a table.
    #[track_caller]
    pub(crate) fn new(database: Database, name: &str) -> Self {
        Self { database, table: Table::new(name) }
    }

    /// The session of this key, expired or not.
    pub(crate) async fn read(&self, key: &str) -> Result<Option<SessionRow>, StoreError> {
        let sql = format!("SELECT session_data, expire_date FROM {} WHERE session_key = $1", self.table);
        let Some(row) = self.database.row(sql, vec![key.into()]).await? else { return Ok(None) };
        Ok(Some(SessionRow { data: row.text(0)?, expires: row.time(1)? }))
    }

    /// Adds a session; `false` if there is one of this key.
    pub(crate) async fn insert(&self, key: &str, row: &SessionRow) -> Result<bool, StoreError> {
        let sql = format!(
            "INSERT INTO {} (session_key, session_data, expire_date) VALUES ($1, $2, $3) \
             ON CONFLICT DO NOTHING",
            self.table
        );
        self.one(sql, vec![key.into(), row.data.as_str().into(), row.expires.into()]).await
    }

    /// Replaces a session; `false` if there is none of this key, any more.
    pub(crate) async fn update(&self, key: &str, row: &SessionRow) -> Result<bool, StoreError> {
        let sql =
            format!("UPDATE {} SET session_data = $2, expire_date = $3 WHERE session_key = $1", self.table);
        self.one(sql, vec![key.into(), row.data.as_str().into(), row.expires.into()]).await
    }

    /// Takes a session out; `false` if there is none of this key.
    pub(crate) async fn delete(&self, key: &str) -> Result<bool, StoreError> {
        self.one(format!("DELETE FROM {} WHERE session_key = $1", self.table), vec![key.into()]).await
    }

    async fn one(&self, sql: String, values: Vec<super::Value>) -> Result<bool, StoreError> {
        Ok(self.database.change(sql, values).await? > 0)
    }
}

#[cfg(test)]
mod tests {
    use std::time::{Duration, UNIX_EPOCH};

    use super::*;
    use crate::store::tests::django;

    #[tokio::test]
    async fn a_session_is_read_as_it_was_written_until_it_is_deleted() {
        let sessions = SessionTable::new(django().await, "django_session");
        let row = |data: &str| SessionRow {
            data: data.to_owned(),
            expires: UNIX_EPOCH + Duration::from_micros(1_795_532_180_210_813),
        };

        assert!(sessions.read("abc").await.unwrap().is_none());
        assert!(!sessions.update("abc", &row("one")).await.unwrap());
        assert!(sessions.insert("abc", &row("one")).await.unwrap());
        assert!(!sessions.insert("abc", &row("two")).await.unwrap());
        assert!(sessions.read("abc").await.unwrap() == Some(row("one")));
        assert!(sessions.update("abc", &row("two")).await.unwrap());
        assert!(sessions.read("abc").await.unwrap() == Some(row("two")));
        assert!(sessions.delete("abc").await.unwrap());
        assert!(!sessions.delete("abc").await.unwrap());
    }
}
