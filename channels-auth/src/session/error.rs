//! Why a session is of no use.

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde_json::json;

use crate::{AuthError, BoxError, StoreError, signing::SignatureError};

/// Why a session could not be read, changed, or saved. Holds nothing that was in it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// The stack around this route accepts no sessions.
    #[error("no session in the scope; does the TokenAuth around this route accept a Session?")]
    NotAccepted,
    /// It was deleted since it was read: somebody has logged out. What was changed is lost, as it should be.
    #[error("the session was deleted since it was read")]
    Gone,
    /// A session that is new has to be saved before a browser can be given it.
    #[error("the session is new; save it first")]
    NotSaved,
    /// A session of [`signed_cookies`](super::Session::signed_cookies) is nowhere but in its cookie.
    #[error("the session is nowhere but in its cookie; give the browser `set_cookie` instead of saving")]
    InCookie,
    /// It could not be read again: more than 1 MiB of JSON, more than 127 levels deep, or more than the 4 KiB
    /// that browsers take as a cookie (RFC 6265 section 6.1).
    #[error("the session is too big or nested too deep")]
    TooBig,
    /// The value of this name is not of the type asked for.
    #[error("{0:?} in the session is not of the type asked for")]
    OtherType(String),
    /// The value for this name does not serialize as JSON.
    #[error("the value for {0:?} does not serialize")]
    Serialize(String, #[source] serde_json::Error),
    /// Nobody can be logged in by this id.
    #[error("there is no such user")]
    NoSuchUser,
    /// The user may not log in.
    #[error("the user may not log in")]
    Inactive,
    /// The database is of no use.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The row is written or deleted, but Django may go on reading the old one from its
    /// [cache](super::SessionCache).
    #[error("Django's cache cannot be told to forget the session")]
    Cache(#[source] BoxError),
}

impl SessionError {
    /// What a client is told: the status, and a code for programs.
    fn told(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NoSuchUser => (StatusCode::UNAUTHORIZED, "no_such_user"),
            Self::Inactive => (StatusCode::UNAUTHORIZED, "user_inactive"),
            Self::Gone => (StatusCode::CONFLICT, "session_gone"),
            Self::Store(_) | Self::Cache(_) => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
            Self::NotAccepted
            | Self::NotSaved
            | Self::InCookie
            | Self::TooBig
            | Self::OtherType(_)
            | Self::Serialize(..) => (StatusCode::INTERNAL_SERVER_ERROR, "internal"),
        }
    }
}

/// For HTTP handlers: `{"detail": …, "code": …}`. A database that is of no use is a 503, and mistakes of the
/// program's are a 500 that says no more.
impl ResponseError for SessionError {
    fn status_code(&self) -> StatusCode {
        self.told().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, code) = self.told();
        let detail = if status.is_server_error() { "try again later".to_owned() } else { self.to_string() };
        HttpResponse::build(status).json(json!({ "detail": detail, "code": code }))
    }
}

/// Why a cookie gives no session.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unread {
    #[error("no session has such a key")]
    NoKey,
    #[error("there is no such session")]
    NoRow,
    #[error("the session has expired")]
    Expired,
    #[error("the session is signed by no key that is accepted")]
    Forged,
    #[error("what is in the session cannot be read")]
    Unreadable,
    #[error(transparent)]
    Store(#[from] StoreError),
}

impl From<SignatureError> for Unread {
    fn from(error: SignatureError) -> Self {
        match error {
            SignatureError::Bad => Self::Forged,
            SignatureError::Expired => Self::Expired,
            SignatureError::Unreadable => Self::Unreadable,
        }
    }
}

impl From<Unread> for AuthError {
    fn from(error: Unread) -> Self {
        match error {
            Unread::NoKey => Self::Invalid("no session has such a key"),
            Unread::NoRow => Self::Invalid("there is no such session"),
            Unread::Expired => Self::Expired,
            Unread::Forged => Self::Invalid("the session is signed by no key that is accepted"),
            Unread::Unreadable => Self::Invalid("what is in the session cannot be read"),
            Unread::Store(error) => error.into(),
        }
    }
}
