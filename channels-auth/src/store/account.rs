//! The table of users: whose credential it is, and whether they may log in.

use std::{collections::HashMap, fmt::Display};

use super::{
    Database, Row, StoreError, Table, Value,
    database::{Dialect, places},
    value::UserId,
};

/// The table of users, which tokens and sessions refer to. By default Django's `auth_user`.
///
/// ```
/// use channels_auth::UserTable;
///
/// // class User(AbstractUser): id = UUIDField(primary_key=True), in the app `accounts`
/// let users = UserTable::new("accounts_user").uuid_ids();
/// ```
#[derive(Clone, Debug)]
pub struct UserTable {
    table: Option<Table>,
    id: Table,
    username: Table,
    active: Option<Table>,
    ids: Ids,
}

/// What ids are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Ids {
    Integer,
    Uuid,
    Text,
}

/// What there is to know of a user.
#[derive(Clone, PartialEq, Eq)]
pub(crate) struct Account {
    pub(crate) id: String,
    pub(crate) username: String,
    /// The hash of the password, as Django keeps it: what a session's own hash is made of.
    pub(crate) password: String,
    pub(crate) is_active: bool,
}

impl UserTable {
    /// A table of another name than `auth_user`: that of a model of your own, `AUTH_USER_MODEL`. Its ids are
    /// integers, in the column `id`, and who may log in is in `is_active`, as `AbstractUser` has it.
    ///
    /// # Panics
    ///
    /// If it is no name of ASCII letters, digits and `_`, with a schema's before it or not.
    #[track_caller]
    pub fn new(name: &str) -> Self {
        Self {
            table: Some(Table::new(name)),
            id: Table::new("id"),
            username: Table::new("username"),
            active: Some(Table::new("is_active")),
            ids: Ids::Integer,
        }
    }

    /// No table in this database: it has tokens alone. Whether their users may log in is for the
    /// [`UserLoader`](crate::UserLoader) to say.
    pub fn elsewhere() -> Self {
        Self { table: None, ..Self::default() }
    }

    /// Ids are UUIDs.
    #[must_use]
    pub fn uuid_ids(mut self) -> Self {
        self.ids = Ids::Uuid;
        self
    }

    /// Ids are texts.
    #[must_use]
    pub fn text_ids(mut self) -> Self {
        self.ids = Ids::Text;
        self
    }

    /// The column with the id, if it is not `id`.
    ///
    /// # Panics
    ///
    /// If it is no name.
    #[must_use]
    #[track_caller]
    pub fn id_column(mut self, name: &str) -> Self {
        self.id = Table::new(name);
        self
    }

    /// The column with the name, if it is not `username`: the model's `USERNAME_FIELD`.
    ///
    /// # Panics
    ///
    /// If it is no name.
    #[must_use]
    #[track_caller]
    pub fn username_column(mut self, name: &str) -> Self {
        self.username = Table::new(name);
        self
    }

    /// There is no column `is_active`: everybody may log in, as with a model that is only an
    /// `AbstractBaseUser`.
    #[must_use]
    pub fn without_is_active(mut self) -> Self {
        self.active = None;
        self
    }

    /// The id, as its column has it.
    pub(crate) fn id(&self, id: impl Display) -> Result<UserId, StoreError> {
        let text = id.to_string();
        // Django takes " 7 " for 7, too
        let id = text.trim();
        match self.ids {
            Ids::Integer => id.parse().map(UserId::Integer).or(Err(StoreError::UserId)),
            Ids::Uuid => id.parse().map(UserId::Uuid).or(Err(StoreError::UserId)),
            Ids::Text => Ok(UserId::Text(text)),
        }
    }

    /// An id as [`read_id`](Self::read_id) spells it. `None` if no row has it.
    pub(crate) fn spelled(&self, id: impl Display) -> Option<String> {
        match self.id(id) {
            Ok(UserId::Integer(id)) => Some(id.to_string()),
            Ok(UserId::Uuid(id)) => Some(id.to_string()),
            Ok(UserId::Text(id)) => Some(id),
            Err(_) => None,
        }
    }

    /// The id of a row, as Django's tokens spell it. The query has to ask for `CAST(… AS text)`.
    pub(crate) fn read_id(&self, row: &Row, column: usize) -> Result<String, StoreError> {
        let text = row.text(column)?;
        match self.id(&text)? {
            UserId::Integer(_) | UserId::Text(_) => Ok(text),
            UserId::Uuid(id) => Ok(id.to_string()),
        }
    }

    /// For a query of a table whose `user_id` refers to this one: the tables joined, and what says whether
    /// the user may log in.
    pub(crate) fn joined_to(&self, tokens: &Table) -> (String, String) {
        let Some(users) = &self.table else { return (format!("{tokens} AS t"), "TRUE".to_owned()) };
        let id = &self.id;
        (format!("{tokens} AS t JOIN {users} AS u ON u.{id} = t.user_id"), self.active_column())
    }

    fn active_column(&self) -> String {
        self.active.as_ref().map_or_else(|| "TRUE".to_owned(), |column| format!("u.{column}"))
    }

    /// The user of this id.
    pub(crate) async fn find(
        &self,
        database: &Database,
        id: impl Display,
    ) -> Result<Option<Account>, StoreError> {
        let found = self.find_all(database, [id]).await?;
        Ok(found.into_values().next())
    }

    /// The users of these ids, by their ids.
    pub(crate) async fn find_all<I: Display>(
        &self,
        database: &Database,
        ids: impl IntoIterator<Item = I>,
    ) -> Result<HashMap<String, Account>, StoreError> {
        let ids: Vec<Value> = ids.into_iter().filter_map(|id| self.id(id).ok()).map(Value::from).collect();
        let (Some(users), false) = (&self.table, ids.is_empty()) else { return Ok(HashMap::new()) };
        let (column, username, active) = (&self.id, &self.username, self.active_column());
        let sql = format!(
            "SELECT CAST(u.{column} AS text), u.{username}, u.password, {active} FROM {users} AS u \
             WHERE u.{column} IN ({})",
            places(ids.len())
        );
        let rows = database.rows(sql, ids).await?;
        let accounts = rows.iter().map(|row| {
            let account = Account {
                id: self.read_id(row, 0)?,
                username: row.text(1)?,
                password: row.text(2)?,
                is_active: row.flag(3)?,
            };
            Ok((account.id.clone(), account))
        });
        accounts.collect()
    }

    /// How a column that refers to this table is declared.
    pub(crate) fn reference(&self, dialect: Dialect) -> String {
        let kind = match self.ids {
            Ids::Integer => "bigint",
            Ids::Uuid => dialect.uuid(),
            Ids::Text => "varchar(255)",
        };
        match &self.table {
            Some(table) => format!("{kind} NOT NULL REFERENCES {table} ({}) ON DELETE CASCADE", self.id),
            None => format!("{kind} NOT NULL"),
        }
    }
}

impl Default for UserTable {
    fn default() -> Self {
        Self::new("auth_user")
    }
}
