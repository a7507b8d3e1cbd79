//! What is stored. Everything is asked for by its owner: what is another's is not there.

use serde::{Deserialize, Serialize};
use sqlx::{FromRow, SqlitePool};

/// How many are listed at once.
const PAGE: usize = 50;

/// A notification, as its owner gets it.
#[derive(Clone, Debug, Serialize, Deserialize, FromRow)]
pub(crate) struct Notification {
    pub(crate) id: i64,
    /// Whose doing it was.
    pub(crate) from: String,
    pub(crate) text: String,
    /// RFC 3339, in UTC: the database writes it.
    pub(crate) at: String,
    pub(crate) is_read: bool,
}

/// A page of notifications, the newest first.
#[derive(Debug, Serialize)]
pub(crate) struct Listed {
    notifications: Vec<Notification>,
    /// Whether there are older ones.
    more: bool,
    unread: u32,
}

/// All notifications of all users. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Notifications(SqlitePool);

impl Notifications {
    pub(crate) fn new(pool: SqlitePool) -> Self {
        Self(pool)
    }

    /// The id of the active user of this name: who can be notified.
    pub(crate) async fn recipient(&self, username: &str) -> sqlx::Result<Option<i64>> {
        let query = sqlx::query_scalar("SELECT id FROM auth_user WHERE username = ? AND is_active");
        query.bind(username).fetch_optional(&self.0).await
    }

    pub(crate) async fn add(&self, owner: i64, from: &str, text: &str) -> sqlx::Result<Notification> {
        let insert = sqlx::query_as(
            r#"INSERT INTO notification (owner, sender, text) VALUES (?, ?, ?)
               RETURNING id, sender AS "from", text, at, is_read"#,
        );
        insert.bind(owner).bind(from).bind(text).fetch_one(&self.0).await
    }

    /// The newest ones, or those before one.
    pub(crate) async fn list(&self, owner: i64, before: Option<i64>) -> sqlx::Result<Listed> {
        let one_more_than_a_page = PAGE as i64 + 1;
        let mut notifications: Vec<Notification> = sqlx::query_as(
            r#"SELECT id, sender AS "from", text, at, is_read FROM notification
               WHERE owner = ? AND id < ? ORDER BY id DESC LIMIT ?"#,
        )
        .bind(owner)
        .bind(before.unwrap_or(i64::MAX))
        .bind(one_more_than_a_page)
        .fetch_all(&self.0)
        .await?;

        let more = notifications.len() > PAGE;
        notifications.truncate(PAGE);
        Ok(Listed { notifications, more, unread: self.unread(owner).await? })
    }

    /// How many the owner has not read.
    pub(crate) async fn unread(&self, owner: i64) -> sqlx::Result<u32> {
        let count = sqlx::query_scalar("SELECT count(*) FROM notification WHERE owner = ? AND NOT is_read");
        count.bind(owner).fetch_one(&self.0).await
    }

    /// Marks one as read, or as new; `None` if the owner has none of this id.
    pub(crate) async fn mark(
        &self,
        owner: i64,
        id: i64,
        is_read: bool,
    ) -> sqlx::Result<Option<Notification>> {
        let update = sqlx::query_as(
            r#"UPDATE notification SET is_read = ? WHERE owner = ? AND id = ?
               RETURNING id, sender AS "from", text, at, is_read"#,
        );
        update.bind(is_read).bind(owner).bind(id).fetch_optional(&self.0).await
    }

    /// `false` if the owner has none of this id.
    pub(crate) async fn delete(&self, owner: i64, id: i64) -> sqlx::Result<bool> {
        let delete = sqlx::query("DELETE FROM notification WHERE owner = ? AND id = ?");
        Ok(delete.bind(owner).bind(id).execute(&self.0).await?.rows_affected() > 0)
    }
}
