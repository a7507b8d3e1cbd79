//! Tokens of [Django REST framework](https://www.django-rest-framework.org): its table `authtoken_token`.

#[cfg(test)]
mod tests;

use std::{collections::HashMap, fmt::Display};

use async_trait::async_trait;
use subtle::ConstantTimeEq as _;

use crate::{
    AuthError, Authenticator, Credential, Database, Identity, Standing, StoreError, UserTable,
    clock::Clock,
    random::{self, to_hex},
    store::{Table, Value, places},
};

/// How many characters of a key the database compares. The rest is compared here, in constant time.
const LOOKED_UP: usize = 15;

/// Tokens of Django REST framework's `authtoken`, in its table: accepted, made and revoked.
///
/// A user has one, and it does not end. The table holds it as it is: who reads the table has everybody's.
/// [`Knox`](crate::Knox) is better where you may choose.
///
/// ```no_run
/// # async fn setting_up(users: impl channels_auth::UserLoader) -> Result<(), Box<dyn std::error::Error>> {
/// use channels_auth::{Database, DrfToken, TokenAuth};
///
/// let database = Database::connect("sqlite:///srv/site/db.sqlite3").await?; // Django's
/// let drf = DrfToken::new(database);
/// let auth = TokenAuth::new(users).accept(drf.clone());
///
/// let token = drf.create(7).await?; // user 7 has just logged in
/// println!("{}", token.expose());
/// # Ok(()) }
/// ```
///
/// 40 hexadecimal digits that are in no row are left to the next authenticator, as with
/// [`Knox`](crate::Knox): both may be in one stack, in any order.
#[derive(Clone, Debug)]
pub struct DrfToken {
    database: Database,
    table: Table,
    users: UserTable,
}

impl DrfToken {
    /// The tokens in this database: a [`Database`], or a pool of sqlx.
    pub fn new(database: impl Into<Database>) -> Self {
        Self { database: database.into(), table: Table::new("authtoken_token"), users: UserTable::default() }
    }

    /// The table of tokens; by default `authtoken_token`. For a model of your own with `key`, `user` and
    /// `created`.
    ///
    /// # Panics
    ///
    /// If it is no name of ASCII letters, digits and `_`, with a schema's before it or not.
    #[must_use]
    #[track_caller]
    pub fn table(mut self, name: &str) -> Self {
        self.table = Table::new(name);
        self
    }

    /// The table of users; by default Django's `auth_user`. A user who is not active there is refused.
    #[must_use]
    pub fn users(mut self, users: UserTable) -> Self {
        self.users = users;
        self
    }

    /// Makes the table, unless it is there: for those without Django. Its columns are the framework's.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database refuses.
    pub async fn create_table(&self) -> Result<(), StoreError> {
        let (table, time) = (&self.table, self.database.dialect().time());
        let user = self.users.reference(self.database.dialect());
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS {table} (\
             key varchar(40) NOT NULL PRIMARY KEY, \
             created {time} NOT NULL, \
             user_id {user} UNIQUE)"
        );
        self.database.change(sql, Vec::new()).await.map(drop)
    }

    /// This user's token: the one there is, or else a new one (the framework's `obtain_auth_token`).
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database is of no use.
    pub async fn create(&self, user_id: impl Display) -> Result<Credential, StoreError> {
        let user = self.users.id(user_id)?;
        let key = to_hex(&random::bytes::<20>().map_err(StoreError::Random)?);
        // whoever comes first of two at a time makes it, and both read it
        let insert = format!(
            "INSERT INTO {} (key, created, user_id) VALUES ($1, $2, $3) ON CONFLICT DO NOTHING",
            self.table
        );
        let values: [Value; 3] = [key.into(), Clock::default().now().into(), user.clone().into()];
        self.database.change(insert, values.into()).await?;

        let select = format!("SELECT key FROM {} WHERE user_id = $1", self.table);
        let row = self.database.row(select, vec![user.into()]).await?;
        let row = row.ok_or(StoreError::Unreadable("a token that was just made is gone"))?;
        Ok(Credential::new(row.text(0)?))
    }

    /// Revokes a token that its owner brings; `false` if it was not good any more.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database is of no use.
    pub async fn revoke(&self, token: &Credential) -> Result<bool, StoreError> {
        if !is_shaped(token.expose()) {
            return Ok(false);
        }
        let sql = format!("DELETE FROM {} WHERE key = $1", self.table);
        Ok(self.database.change(sql, vec![token.expose().into()]).await? > 0)
    }

    /// Revokes this user's token; `false` if there is none.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database is of no use.
    pub async fn revoke_all(&self, user_id: impl Display) -> Result<bool, StoreError> {
        let sql = format!("DELETE FROM {} WHERE user_id = $1", self.table);
        Ok(self.database.change(sql, vec![self.users.id(user_id)?.into()]).await? > 0)
    }
}

#[async_trait]
impl Authenticator for DrfToken {
    async fn authenticate(&self, credential: &Credential) -> Result<Option<Identity>, AuthError> {
        let token = credential.expose();
        if !is_shaped(token) {
            return Ok(None);
        }
        let (joined, active) = self.users.joined_to(&self.table);
        // an index compares byte by byte, and takes longer for a better guess: so it gets no more of the token
        // than nobody guesses, and finds what begins with that. No digit comes after `g`.
        let sql = format!(
            "SELECT t.key, CAST(t.user_id AS text), {active} FROM {joined} WHERE t.key >= $1 AND t.key < $2"
        );
        let from = &token[..LOOKED_UP];
        let rows = self.database.rows(sql, vec![from.into(), format!("{from}g").into()]).await?;
        for row in &rows {
            if bool::from(row.text(0)?.as_bytes().ct_eq(token.as_bytes())) {
                let user_id = self.users.read_id(row, 1)?;
                return if row.flag(2)? {
                    Ok(Some(Identity::new(user_id)))
                } else {
                    Err(AuthError::Inactive)
                };
            }
        }
        Ok(None)
    }

    async fn recheck(&self, credentials: &[&Credential]) -> Result<Vec<Standing>, AuthError> {
        let (joined, active) = self.users.joined_to(&self.table);
        let sql =
            format!("SELECT t.key, {active} FROM {joined} WHERE t.key IN ({})", places(credentials.len()));
        let keys = credentials.iter().map(|token| token.expose().into()).collect();
        let rows = self.database.rows(sql, keys).await?;
        let kept = rows.iter().map(|row| Ok((row.text(0)?, row.flag(1)?)));
        let kept = kept.collect::<Result<HashMap<_, _>, StoreError>>()?;
        let standing = |token: &&Credential| match kept.get(token.expose()) {
            Some(true) => Standing::Good(None),
            Some(false) | None => Standing::Revoked,
        };
        Ok(credentials.iter().map(standing).collect())
    }

    async fn delete(&self, credential: &Credential) -> Result<bool, AuthError> {
        Ok(self.revoke(credential).await?)
    }

    async fn delete_all(&self, user_id: &str) -> Result<(), AuthError> {
        match self.revoke_all(user_id).await {
            // the id is of no user that has a token here
            Ok(_) | Err(StoreError::UserId) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

/// Whether it looks like one of the framework's tokens.
fn is_shaped(token: &str) -> bool {
    token.len() == 40 && token.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'))
}
