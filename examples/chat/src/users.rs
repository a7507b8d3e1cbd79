//! Who may chat, and how they prove who they are.

use std::sync::Arc;

use channels_actix::{AuthError, Identity, UserLoader, async_trait};
use sqlx::{FromRow, SqlitePool};
use tokio::{
    sync::{AcquireError, Semaphore},
    task::{JoinError, spawn_blocking},
};

/// Who lives in this demo: names and passwords.
pub(crate) const DEMO: [(&str, &str); 2] = [("alice", "alice"), ("bob", "bob")];

/// How many passwords are hashed at a time: each takes a core, and 19 MiB.
const HASHERS: usize = 2;

/// Somebody who is known.
#[derive(Debug, FromRow)]
pub(crate) struct User {
    pub(crate) id: i64,
    pub(crate) name: String,
}

/// Why a user could not be added or looked up.
#[derive(Debug, thiserror::Error)]
pub(crate) enum UsersError {
    #[error("the database does not answer")]
    Database(#[from] sqlx::Error),
    #[error("a password cannot be hashed")]
    Hash(#[from] JoinError),
    #[error("no more passwords are hashed")]
    Closed(#[from] AcquireError),
}

/// All who are known. Cheap to clone.
#[derive(Clone)]
pub(crate) struct Users {
    pool: SqlitePool,
    hashers: Arc<Semaphore>,
    /// The hash of nobody's password.
    decoy: Arc<str>,
}

impl Users {
    /// Opens the list of users, and sees to it that those of the demo are on it.
    pub(crate) async fn open(pool: SqlitePool) -> Result<Self, UsersError> {
        let decoy = spawn_blocking(|| password_auth::generate_hash("")).await?.into();
        let users = Self { pool, hashers: Arc::new(Semaphore::new(HASHERS)), decoy };
        for (name, password) in DEMO {
            users.add(name, password).await?;
        }
        Ok(users)
    }

    /// Adds a user, unless there is one of this name.
    async fn add(&self, name: &'static str, password: &'static str) -> Result<(), UsersError> {
        let known = sqlx::query("SELECT 1 FROM user WHERE name = ?").bind(name);
        if known.fetch_optional(&self.pool).await?.is_none() {
            let hash = spawn_blocking(move || password_auth::generate_hash(password)).await?;
            let insert =
                sqlx::query("INSERT INTO user (name, password_hash) VALUES (?, ?) ON CONFLICT DO NOTHING");
            insert.bind(name).bind(hash).execute(&self.pool).await?;
        }
        Ok(())
    }

    /// The user of this name, if the password is theirs. Takes as long for a name that nobody has.
    pub(crate) async fn log_in(&self, name: &str, password: String) -> Result<Option<User>, UsersError> {
        #[derive(FromRow)]
        struct Row {
            #[sqlx(flatten)]
            user: User,
            password_hash: String,
        }

        let found = sqlx::query_as("SELECT id, name, password_hash FROM user WHERE name = ?").bind(name);
        let (user, hash) = match found.fetch_optional(&self.pool).await? {
            Some(Row { user, password_hash }) => (Some(user), password_hash),
            None => (None, self.decoy.to_string()),
        };
        let hasher = Arc::clone(&self.hashers).acquire_owned().await?;
        let fits = spawn_blocking(move || {
            // until it is done, even if nobody waits for it any more
            let _hasher = hasher;
            password_auth::verify_password(password, &hash).is_ok()
        });
        Ok(if fits.await? { user } else { None })
    }
}

#[async_trait]
impl UserLoader for Users {
    type User = User;

    async fn load(&self, identity: &Identity) -> Result<User, AuthError> {
        let query = sqlx::query_as("SELECT id, name FROM user WHERE id = ?").bind(identity.id::<i64>()?);
        let user = query.fetch_optional(&self.pool).await.map_err(AuthError::unavailable)?;
        user.ok_or(AuthError::Invalid("there is no such user"))
    }
}
