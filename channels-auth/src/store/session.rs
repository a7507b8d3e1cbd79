//! The rows of `django_session`.

use std::{collections::HashMap, time::SystemTime};

use subtle::ConstantTimeEq as _;

use super::{Database, StoreError, Table, places};

/// How long Django's keys are.
const LENGTH: usize = 32;

/// How many characters of a key the database compares, 82 bits. The rest is compared here, in constant time.
const LOOKED_UP: usize = 16;

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
        // an index compares byte by byte, and takes longer for a better guess: so it gets no more of a key than
        // nobody guesses, and finds what begins with that. Keys of another kind than Django's are looked up whole
        let (from, to) = match key.get(..LOOKED_UP) {
            Some(from) if is_djangos(key) => (from.to_owned(), format!("{from:z<LENGTH$}")),
            Some(_) | None => (key.to_owned(), key.to_owned()),
        };
        let sql = format!(
            "SELECT session_key, session_data, expire_date FROM {} WHERE session_key >= $1 AND session_key <= $2",
            self.table
        );
        for row in &self.database.rows(sql, vec![from.into(), to.into()]).await? {
            if bool::from(row.text(0)?.as_bytes().ct_eq(key.as_bytes())) {
                return Ok(Some(SessionRow { data: row.text(1)?, expires: row.time(2)? }));
            }
        }
        Ok(None)
    }

    /// The sessions of these keys, expired or not, by their keys. For keys that were good before: they are looked up
    /// whole.
    pub(crate) async fn read_all(&self, keys: &[&str]) -> Result<HashMap<String, SessionRow>, StoreError> {
        let sql = format!(
            "SELECT session_key, session_data, expire_date FROM {} WHERE session_key IN ({})",
            self.table,
            places(keys.len())
        );
        let rows = self.database.rows(sql, keys.iter().map(|&key| key.into()).collect()).await?;
        let sessions = rows
            .iter()
            .map(|row| Ok((row.text(0)?, SessionRow { data: row.text(1)?, expires: row.time(2)? })));
        sessions.collect()
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

/// Whether it looks like a key that Django has made.
fn is_djangos(key: &str) -> bool {
    key.len() == LENGTH && key.bytes().all(|byte| byte.is_ascii_lowercase() || byte.is_ascii_digit())
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

    #[tokio::test]
    async fn of_keys_that_begin_alike_the_right_one_is_found() {
        let sessions = SessionTable::new(django().await, "django_session");
        let keys = ["0", "9a", "a9", "zz"].map(|end| format!("{:a<30}{end:0>2}", "sixteenletters16"));
        let others = ["sixteenletters1", "sixteenletters16", "sixteenletters16-"].map(str::to_owned);

        for key in keys.iter().chain(&others) {
            let row = SessionRow { data: key.clone(), expires: UNIX_EPOCH };
            assert!(sessions.insert(key, &row).await.unwrap());
        }

        for key in keys.iter().chain(&others) {
            assert!(sessions.read(key).await.unwrap().is_some_and(|row| row.data == *key), "{key}");
        }
        assert!(sessions.read(&format!("{:a<32}", "sixteenletters16")).await.unwrap().is_none());
    }
}
