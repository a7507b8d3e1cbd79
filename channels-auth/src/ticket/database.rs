//! Tickets in a table.

use std::time::SystemTime;

use async_trait::async_trait;

use super::{StoredTicket, TicketStore};
use crate::{AuthError, Database, StoreError, store::Table};

/// Tickets in the table `channels_ticket`, which all processes share that share the database.
#[derive(Clone, Debug)]
pub struct DatabaseTickets {
    database: Database,
    table: Table,
}

impl DatabaseTickets {
    /// Makes the table, unless it is there.
    ///
    /// # Errors
    ///
    /// [`StoreError`] if the database refuses.
    pub async fn open(database: impl Into<Database>) -> Result<Self, StoreError> {
        let (database, table) = (database.into(), Table::new("channels_ticket"));
        let time = database.dialect().time();
        let sql = format!(
            "CREATE TABLE IF NOT EXISTS {table} (\
             digest varchar(64) NOT NULL PRIMARY KEY, \
             owner varchar(255) NOT NULL, \
             content text NOT NULL, \
             expires {time} NOT NULL)"
        );
        database.change(sql, Vec::new()).await?;
        database.create_index(&table, "expires").await?;
        Ok(Self { database, table })
    }
}

#[async_trait]
impl TicketStore for DatabaseTickets {
    async fn put(&self, digest: &str, ticket: StoredTicket, now: SystemTime) -> Result<(), AuthError> {
        let sweep = format!("DELETE FROM {} WHERE expires <= $1", self.table);
        self.database.change(sweep, vec![now.into()]).await?;
        let insert =
            format!("INSERT INTO {} (digest, owner, content, expires) VALUES ($1, $2, $3, $4)", self.table);
        let StoredTicket { owner, content, expires } = ticket;
        let values = vec![digest.into(), owner.into(), content.into(), expires.into()];
        self.database.change(insert, values).await?;
        Ok(())
    }

    async fn take(&self, digest: &str) -> Result<Option<StoredTicket>, AuthError> {
        let sql = format!("DELETE FROM {} WHERE digest = $1 RETURNING owner, content, expires", self.table);
        let Some(row) = self.database.row(sql, vec![digest.into()]).await? else { return Ok(None) };
        Ok(Some(StoredTicket { owner: row.text(0)?, content: row.text(1)?, expires: row.time(2)? }))
    }
}
