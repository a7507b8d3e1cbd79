//! Where tokens, sessions and users are stored: SQLite, or PostgreSQL by the feature `postgres`.
//!
//! The tables are Django's, under Django's names unless told otherwise, and may be shared with a Django site.

#![cfg_attr(
    not(all(feature = "knox", feature = "drf", feature = "sessions")),
    allow(dead_code, reason = "what uses the tables is a feature each")
)]

mod account;
mod database;
mod error;
#[cfg(feature = "postgres")]
mod postgres;
mod row;
#[cfg(feature = "sessions")]
mod session;
mod sqlite;
mod table;
#[cfg(test)]
pub(crate) mod tests;
mod value;

#[cfg(any(feature = "knox", feature = "drf", feature = "sessions"))]
pub(crate) use self::database::places;
#[cfg(feature = "sessions")]
pub(crate) use self::{
    account::Account,
    session::{SessionRow, SessionTable},
};
pub use self::{account::UserTable, database::Database, error::StoreError};
pub(crate) use self::{row::Row, table::Table, value::Value};
