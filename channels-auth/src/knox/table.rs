//! The table `knox_authtoken`.

use std::{collections::HashMap, fmt::Display, time::SystemTime};

use crate::{
    Database, StoreError, UserTable,
    store::{Table, Value, places},
};

/// A row of the table. What opens a socket is not in it.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct KnoxToken {
    /// The token's first 15 characters: enough for its owner to tell it from the others.
    pub token_key: String,
    /// When it was made.
    pub created: SystemTime,
    /// When it ends; `None` if it does not.
    pub expiry: Option<SystemTime>,
    pub(super) digest: String,
}

/// A row that may be of the token that is looked up, and its user.
pub(super) struct Found {
    pub(super) digest: String,
    pub(super) created: SystemTime,
    pub(super) expiry: Option<SystemTime>,
    pub(super) user_id: String,
    pub(super) is_active: bool,
    pub(super) owner_has_expired_ones: bool,
}

/// A row whose token was good before: when it ends, and whether its user may log in.
pub(super) type Kept = (Option<SystemTime>, bool);

/// The table, beside that of the users.
#[derive(Clone, Debug)]
pub(super) struct Tokens {
    database: Database,
    table: Table,
    users: UserTable,
}

impl Tokens {
    pub(super) fn new(database: Database) -> Self {
        Self { database, table: Table::new("knox_authtoken"), users: UserTable::default() }
    }

    #[track_caller]
    pub(super) fn named(self, name: &str) -> Self {
        Self { table: Table::new(name), ..self }
    }

    pub(super) fn of(self, users: UserTable) -> Self {
        Self { users, ..self }
    }

    pub(super) async fn create_table(&self) -> Result<(), StoreError> {
        let (table, time) = (&self.table, self.database.dialect().time());
        let user = self.users.reference(self.database.dialect());
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS {table} (\
             digest varchar(128) NOT NULL PRIMARY KEY, \
             created {time} NOT NULL, \
             user_id {user}, \
             expiry {time} NULL, \
             token_key varchar(25) NOT NULL)"
        );
        self.database.change(sql, Vec::new()).await?;
        self.database.create_index(table, "token_key").await?;
        self.database.create_index(table, "user_id").await
    }

    /// The rows of this key: one, but for tokens whose prefix leaves little of the key to chance.
    pub(super) async fn find(&self, key: &str, now: SystemTime) -> Result<Vec<Found>, StoreError> {
        let (table, (joined, active)) = (&self.table, self.users.joined_to(&self.table));
        let sql = format!(
            "SELECT t.digest, t.created, t.expiry, CAST(t.user_id AS text), {active}, \
             EXISTS (SELECT 1 FROM {table} AS e WHERE e.user_id = t.user_id AND e.expiry < $2) \
             FROM {joined} WHERE t.token_key = $1"
        );
        let rows = self.database.rows(sql, vec![key.into(), now.into()]).await?;
        let found = rows.iter().map(|row| {
            Ok(Found {
                digest: row.text(0)?,
                created: row.time(1)?,
                expiry: row.time_or_never(2)?,
                user_id: self.users.read_id(row, 3)?,
                is_active: row.flag(4)?,
                owner_has_expired_ones: row.flag(5)?,
            })
        });
        found.collect()
    }

    /// The rows of these digests, by their digests.
    pub(super) async fn keep(&self, digests: Vec<String>) -> Result<HashMap<String, Kept>, StoreError> {
        let (joined, active) = self.users.joined_to(&self.table);
        let places = places(digests.len());
        let sql = format!("SELECT t.digest, t.expiry, {active} FROM {joined} WHERE t.digest IN ({places})");
        let rows = self.database.rows(sql, digests.into_iter().map(Value::from).collect()).await?;
        rows.iter().map(|row| Ok((row.text(0)?, (row.time_or_never(1)?, row.flag(2)?)))).collect()
    }

    /// Adds a row; `false` if the user has `limit` good ones.
    pub(super) async fn insert(
        &self,
        token: &KnoxToken,
        user_id: impl Display,
        limit: Option<u32>,
        now: SystemTime,
    ) -> Result<bool, StoreError> {
        let user = self.users.id(user_id)?;
        let KnoxToken { token_key, created, expiry, digest } = token;
        let mut values: Vec<Value> = vec![digest.as_str().into(), token_key.as_str().into(), user.into()];
        values.extend([Value::from(*created), Value::from(*expiry)]);
        let table = &self.table;
        let mut sql = format!(
            "INSERT INTO {table} (digest, token_key, user_id, created, expiry) SELECT $1, $2, $3, $4, $5"
        );
        if let Some(limit) = limit {
            // in one statement, or two that log in at a time would both be under the limit
            sql += &format!(
                " WHERE (SELECT count(*) FROM {table} WHERE user_id = $3 AND (expiry IS NULL OR expiry > $6)) < $7"
            );
            values.extend([Value::from(now), Value::from(i64::from(limit))]);
        }
        Ok(self.database.change(sql, values).await? > 0)
    }

    pub(super) async fn of_user(
        &self,
        user_id: impl Display,
        now: SystemTime,
    ) -> Result<Vec<KnoxToken>, StoreError> {
        let sql = format!(
            "SELECT digest, token_key, created, expiry FROM {} \
             WHERE user_id = $1 AND (expiry IS NULL OR expiry >= $2) ORDER BY created DESC, digest",
            self.table
        );
        let rows = self.database.rows(sql, vec![self.users.id(user_id)?.into(), now.into()]).await?;
        let tokens = rows.iter().map(|row| {
            Ok(KnoxToken {
                digest: row.text(0)?,
                token_key: row.text(1)?,
                created: row.time(2)?,
                expiry: row.time_or_never(3)?,
            })
        });
        tokens.collect()
    }

    pub(super) async fn prolong(&self, digest: &str, expiry: SystemTime) -> Result<(), StoreError> {
        let sql = format!("UPDATE {} SET expiry = $2 WHERE digest = $1", self.table);
        self.database.change(sql, vec![digest.into(), expiry.into()]).await.map(drop)
    }

    pub(super) async fn delete(&self, digest: &str) -> Result<bool, StoreError> {
        let sql = format!("DELETE FROM {} WHERE digest = $1", self.table);
        Ok(self.database.change(sql, vec![digest.into()]).await? > 0)
    }

    pub(super) async fn delete_all(&self, user_id: impl Display) -> Result<u64, StoreError> {
        let sql = format!("DELETE FROM {} WHERE user_id = $1", self.table);
        self.database.change(sql, vec![self.users.id(user_id)?.into()]).await
    }

    /// The expired tokens of whoever has one of this key.
    pub(super) async fn delete_expired(&self, key: &str, now: SystemTime) -> Result<u64, StoreError> {
        let table = &self.table;
        let sql = format!(
            "DELETE FROM {table} WHERE expiry < $2 \
             AND user_id IN (SELECT user_id FROM {table} WHERE token_key = $1)"
        );
        self.database.change(sql, vec![key.into(), now.into()]).await
    }
}
