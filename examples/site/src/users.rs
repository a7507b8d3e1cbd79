//! Who may come in, and how they prove who they are.

use std::sync::Arc;

use channels_actix::{AuthError, DjangoUser, DjangoUsers, Identity, UserLoader, async_trait};
use sqlx::{FromRow, SqlitePool};
use tokio::{
    sync::{AcquireError, Semaphore},
    task::{JoinError, spawn_blocking},
};

/// Who lives in the examples: names and passwords.
pub const DEMO: [(&str, &str); 2] = [("alice", "alice"), ("bob", "bob")];

/// How many passwords are hashed at a time: each takes a core, and 19 MiB.
const HASHERS: usize = 2;

/// Why a user could not be added or looked up.
#[derive(Debug, thiserror::Error)]
pub enum UsersError {
    /// The database fails.
    #[error("the database does not answer")]
    Database(#[from] sqlx::Error),
    /// Hashing fails.
    #[error("a password cannot be hashed")]
    Hash(#[from] JoinError),
    /// The program ends.
    #[error("no more passwords are hashed")]
    Closed(#[from] AcquireError),
}

/// All who are known. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Users {
    pool: SqlitePool,
    accounts: DjangoUsers,
    hashers: Arc<Semaphore>,
    /// The hash of nobody's password.
    decoy: Arc<str>,
}

impl Users {
    /// Opens the list of users, and sees to it that those of the demo are on it.
    pub(crate) async fn open(pool: SqlitePool) -> Result<Self, UsersError> {
        let decoy = spawn_blocking(|| password_auth::generate_hash("")).await?.into();
        let accounts = DjangoUsers::new(pool.clone());
        let users = Self { pool, accounts, hashers: Arc::new(Semaphore::new(HASHERS)), decoy };
        for (name, password) in DEMO {
            users.add(name, password).await?;
        }
        Ok(users)
    }

    /// Adds a user, unless there is one of this name.
    async fn add(&self, name: &'static str, password: &'static str) -> Result<(), UsersError> {
        let known = sqlx::query("SELECT 1 FROM auth_user WHERE username = ?").bind(name);
        if known.fetch_optional(&self.pool).await?.is_none() {
            let hash = spawn_blocking(move || password_auth::generate_hash(password)).await?;
            let insert = sqlx::query(
                "INSERT INTO auth_user (username, password) VALUES (?, ?) ON CONFLICT DO NOTHING",
            );
            insert.bind(name).bind(hash).execute(&self.pool).await?;
        }
        Ok(())
    }

    /// The id of the user of this name, if the password is theirs and they may log in. Takes as long for a name that
    /// nobody has.
    ///
    /// # Errors
    ///
    /// [`UsersError`] if that cannot be found out.
    pub async fn log_in(&self, name: &str, password: String) -> Result<Option<i64>, UsersError> {
        #[derive(FromRow)]
        struct Row {
            id: i64,
            password: String,
        }

        let found = sqlx::query_as("SELECT id, password FROM auth_user WHERE username = ? AND is_active");
        let (id, hash) = match found.bind(name).fetch_optional(&self.pool).await? {
            Some(Row { id, password }) => (Some(id), password),
            None => (None, self.decoy.to_string()),
        };
        let hasher = Arc::clone(&self.hashers).acquire_owned().await?;
        let fits = spawn_blocking(move || {
            // until it is done, even if nobody waits for it any more
            let _hasher = hasher;
            password_auth::verify_password(password, &hash).is_ok()
        });
        Ok(if fits.await? { id } else { None })
    }
}

#[async_trait]
impl UserLoader for Users {
    type User = DjangoUser;

    async fn load(&self, identity: &Identity) -> Result<DjangoUser, AuthError> {
        self.accounts.load(identity).await
    }
}
