//! Django's users, for those who need no more of them than a name.

use std::str::FromStr;

use async_trait::async_trait;

use crate::{AuthError, Database, Identity, UserLoader, UserTable};

/// Loads users from Django's own table: `auth_user`, or that of a model of yours.
///
/// ```no_run
/// # async fn setting_up() -> Result<(), Box<dyn std::error::Error>> {
/// use channels_auth::{Database, DjangoUsers, TokenAuth};
///
/// let database = Database::connect("sqlite:///srv/site/db.sqlite3").await?; // Django's
/// let auth = TokenAuth::new(DjangoUsers::new(database)); // `socket.user::<DjangoUser>()` from here on
/// # Ok(()) }
/// ```
///
/// Write a [`UserLoader`] of your own for a user with more to it.
#[derive(Clone, Debug)]
pub struct DjangoUsers {
    database: Database,
    users: UserTable,
}

/// A user of a Django site.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub struct DjangoUser {
    /// The id, as text: `str(user.pk)`.
    pub id: String,
    /// What `user.get_username()` says.
    pub username: String,
}

impl DjangoUsers {
    /// The users in this database: a [`Database`], or a pool of sqlx.
    pub fn new(database: impl Into<Database>) -> Self {
        Self { database: database.into(), users: UserTable::default() }
    }

    /// The table of users; by default Django's `auth_user`.
    #[must_use]
    pub fn users(mut self, users: UserTable) -> Self {
        self.users = users;
        self
    }
}

impl DjangoUser {
    /// The id as a number, a UUID, or what else parses.
    ///
    /// # Errors
    ///
    /// [`AuthError::Invalid`] if it is none.
    pub fn id<T: FromStr>(&self) -> Result<T, AuthError> {
        Identity::new(&self.id).id()
    }
}

#[async_trait]
impl UserLoader for DjangoUsers {
    type User = DjangoUser;

    async fn load(&self, identity: &Identity) -> Result<DjangoUser, AuthError> {
        match self.users.find(&self.database, &identity.user_id).await? {
            Some(account) if account.is_active => {
                Ok(DjangoUser { id: account.id, username: account.username })
            }
            Some(_) => Err(AuthError::Inactive),
            None => Err(AuthError::Invalid("there is no such user")),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::store::tests::{add_user, django};

    #[tokio::test]
    async fn a_user_of_django_is_loaded_and_one_who_may_not_log_in_is_not() {
        let database = django().await;
        add_user(&database, &json!({ "id": 7, "username": "ann", "is_active": true })).await;
        add_user(&database, &json!({ "id": 8, "username": "bob", "is_active": false })).await;
        let users = DjangoUsers::new(database);

        let ann = users.load(&Identity::new(" 7 ")).await.unwrap();

        assert_eq!((ann.id::<u32>().unwrap(), ann.username.as_str()), (7, "ann"));
        assert!(matches!(users.load(&Identity::new(8)).await, Err(AuthError::Inactive)));
        for nobody in ["9", "", "ann", "7; --", "99999999999999999999"] {
            assert!(matches!(users.load(&Identity::new(nobody)).await, Err(AuthError::Invalid(_))));
        }
    }
}
