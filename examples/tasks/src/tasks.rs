//! What is stored: tasks, each for its owner, and how far they are.

use serde::{Deserialize, Serialize};
use sqlx::{FromRow, SqlitePool, Type};

/// How many are listed: the newest.
const LISTED: u32 = 50;

/// What becomes of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize, Type)]
#[serde(rename_all = "lowercase")]
#[sqlx(rename_all = "lowercase")]
pub(crate) enum State {
    /// No worker has begun with it.
    Waiting,
    /// A worker has begun with it, and may have died meanwhile: then `silent` grows.
    Running,
    Done,
    Cancelled,
    /// Every attempt has failed.
    Failed,
}

/// A task, as its owner gets it.
#[derive(Clone, Debug, Serialize, Deserialize, FromRow)]
pub(crate) struct Task {
    pub(crate) id: i64,
    /// Primes below this are counted.
    pub(crate) below: u32,
    pub(crate) state: State,
    /// Which attempt works on it, counted from 1.
    pub(crate) attempt: u32,
    /// How many parts of a hundred are done.
    pub(crate) parts: u32,
    /// How many primes were found in them: in the end, the result.
    pub(crate) found: u32,
    /// For how long nothing was heard of it, in seconds.
    pub(crate) silent: u32,
    #[serde(skip)]
    pub(crate) owner: i64,
}

/// The columns of a [`Task`].
macro_rules! columns {
    () => {
        "id, below, state, attempt, parts, found, max(unixepoch() - at, 0) AS silent, owner"
    };
}

/// All tasks of all users. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Tasks(SqlitePool);

impl Tasks {
    pub(crate) fn new(pool: SqlitePool) -> Self {
        Self(pool)
    }

    pub(crate) async fn add(&self, owner: i64, below: u32) -> sqlx::Result<Task> {
        let insert =
            sqlx::query_as(concat!("INSERT INTO task (owner, below) VALUES (?, ?) RETURNING ", columns!()));
        insert.bind(owner).bind(below).fetch_one(&self.0).await
    }

    /// The newest of an owner's, the newest first.
    pub(crate) async fn list(&self, owner: i64) -> sqlx::Result<Vec<Task>> {
        let sql = concat!("SELECT ", columns!(), " FROM task WHERE owner = ? ORDER BY id DESC LIMIT ?");
        sqlx::query_as(sql).bind(owner).bind(LISTED).fetch_all(&self.0).await
    }

    /// `None` if the owner has none of this id.
    pub(crate) async fn find(&self, owner: i64, id: i64) -> sqlx::Result<Option<Task>> {
        let sql = concat!("SELECT ", columns!(), " FROM task WHERE owner = ? AND id = ?");
        sqlx::query_as(sql).bind(owner).bind(id).fetch_optional(&self.0).await
    }

    /// `None` if the owner has none of this id that could still be cancelled.
    pub(crate) async fn cancel(&self, owner: i64, id: i64) -> sqlx::Result<Option<Task>> {
        let update = sqlx::query_as(concat!(
            "UPDATE task SET state = 'cancelled', at = unixepoch()
             WHERE owner = ? AND id = ? AND state IN ('waiting', 'running') RETURNING ",
            columns!()
        ));
        update.bind(owner).bind(id).fetch_optional(&self.0).await
    }

    /// An attempt begins; `None` if there is nothing left to do, or a later attempt has begun already.
    pub(crate) async fn begin(&self, id: i64, attempt: u32) -> sqlx::Result<Option<Task>> {
        let update = sqlx::query_as(concat!(
            "UPDATE task SET state = 'running', attempt = ?1, at = unixepoch()
             WHERE id = ?2 AND state IN ('waiting', 'running') AND attempt <= ?1 RETURNING ",
            columns!()
        ));
        update.bind(attempt).bind(id).fetch_optional(&self.0).await
    }

    /// One more part is done, the last perhaps; `None` if it was cancelled, or a later attempt has begun.
    pub(crate) async fn advance(&self, task: &Task, state: State, found: u32) -> sqlx::Result<Option<Task>> {
        let update = sqlx::query_as(concat!(
            "UPDATE task SET state = ?, parts = parts + 1, found = found + ?, at = unixepoch()
             WHERE id = ? AND state = 'running' AND attempt = ? AND parts = ? RETURNING ",
            columns!()
        ));
        let update = update.bind(state).bind(found).bind(task.id).bind(task.attempt).bind(task.parts);
        update.fetch_optional(&self.0).await
    }

    /// There will be no other attempt; `None` if it has ended already.
    pub(crate) async fn fail(&self, id: i64) -> sqlx::Result<Option<Task>> {
        let update = sqlx::query_as(concat!(
            "UPDATE task SET state = 'failed', at = unixepoch()
             WHERE id = ? AND state IN ('waiting', 'running') RETURNING ",
            columns!()
        ));
        update.bind(id).fetch_optional(&self.0).await
    }

    /// Whatever waits or runs has failed: what was to be done was only in the memory of a process that is gone.
    pub(crate) async fn fail_all(&self) -> sqlx::Result<()> {
        sqlx::query("UPDATE task SET state = 'failed' WHERE state IN ('waiting', 'running')")
            .execute(&self.0)
            .await?;
        Ok(())
    }
}
