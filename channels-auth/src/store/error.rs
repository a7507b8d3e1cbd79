//! Why a database was of no use.

use std::time::Duration;

use crate::{AuthError, BoxError};

/// Why a database was of no use. It says nothing about a credential.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StoreError {
    /// The URL is none that can be connected to. The text does not hold it: it may have a password in it.
    #[error("this is no database that is supported: {0}")]
    Url(&'static str),
    /// The database cannot be reached, or refuses the query.
    #[error("the database cannot be reached, or refuses the query")]
    Failed(#[source] BoxError),
    /// The database did not answer in [time](super::Database::time_limit).
    #[error("the database did not answer within {0:?}")]
    TimedOut(Duration),
    /// A row holds what Django does not write.
    #[error("a row of the database cannot be read: {0}")]
    Unreadable(&'static str),
    /// The id is none that the table of users has.
    #[error("the user's id is not of the type that the table of users has")]
    UserId,
    /// The system has no random numbers for a new token.
    #[error("the system has no random numbers for a new token")]
    Random(#[source] BoxError),
}

impl From<sqlx::Error> for StoreError {
    fn from(error: sqlx::Error) -> Self {
        // its Debug has PostgreSQL's "detail", and that the values of a row: a token, say
        if let sqlx::Error::Database(error) = &error {
            return Self::Failed(error.message().into());
        }
        Self::Failed(error.into())
    }
}

impl From<StoreError> for AuthError {
    fn from(error: StoreError) -> Self {
        Self::unavailable(error)
    }
}
