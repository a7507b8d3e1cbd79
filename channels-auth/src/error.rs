//! Why somebody is not let in.

use std::{borrow::Cow, error::Error as StdError, fmt, time::Duration};

use actix_web::{
    HttpResponse, ResponseError,
    http::{StatusCode, header},
};
use channels_core::{CloseCode, ConnectionId, Rejection, Scope};
use serde_json::json;

/// Any error, as a cause.
pub type BoxError = Box<dyn StdError + Send + Sync>;

/// Why somebody is not let in.
///
/// A socket is closed with 4001, or 1013 for [`Unavailable`](Self::Unavailable); a REST handler answers 401
/// (RFC 6750 section 3) or 503. Either tells no more than [`reason`](Self::reason); the log has the rest.
///
/// | | close code | reason | status | `code` |
/// | --- | --- | --- | --- | --- |
/// | [`Missing`](Self::Missing) | 4001 | no token | 401 | `no_token` |
/// | [`Invalid`](Self::Invalid) | 4001 | bad token | 401 | `bad_token` |
/// | [`Expired`](Self::Expired) | 4001 | token expired | 401 | `token_expired` |
/// | [`Inactive`](Self::Inactive) | 4001 | user inactive | 401 | `user_inactive` |
/// | [`Unavailable`](Self::Unavailable) | 1013 | try again later | 503 | `unavailable` |
/// | [`TooManyFailures`](Self::TooManyFailures) | 4029 | too many failures, retry after 3 s | 429 | `too_many_failures` |
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum AuthError {
    /// No credential came.
    #[error("no credential came")]
    Missing,
    /// The credential is not valid. Says why to the log, in words that do not hold it.
    #[error("the credential is not valid: {0}")]
    Invalid(&'static str),
    /// The credential was valid, and is no more.
    #[error("the credential has expired")]
    Expired,
    /// The user may not log in.
    #[error("the user may not log in")]
    Inactive,
    /// Too many bad credentials came from this address: none is looked at before this time is over.
    #[error("too many bad credentials came from this address")]
    TooManyFailures {
        /// When to come again.
        retry_after: Duration,
    },
    /// Credentials cannot be checked now: a database does not answer. Says nothing about the credential.
    #[error("credentials cannot be checked now")]
    Unavailable(#[source] BoxError),
}

impl AuthError {
    /// Credentials cannot be checked now, because of `cause`: for `map_err`.
    pub fn unavailable(cause: impl Into<BoxError>) -> Self {
        Self::Unavailable(cause.into())
    }

    /// Whether it is about a credential, or that there is none; not about whether one can be looked at now.
    pub(crate) fn is_verdict(&self) -> bool {
        match self {
            Self::Missing | Self::Invalid(_) | Self::Expired | Self::Inactive => true,
            Self::TooManyFailures { .. } | Self::Unavailable(_) => false,
        }
    }

    /// Says in the log why a connection or a request was not let in. There is no token in it.
    pub(crate) fn log(&self, connection: Option<ConnectionId>, scope: &Scope) {
        self.log_at(connection, &scope.redacted_path());
    }

    /// The same, with the path as a log may show it.
    pub(crate) fn log_at(&self, connection: Option<ConnectionId>, path: &str) {
        let connection = connection.map(tracing::field::display);
        match self {
            Self::Unavailable(cause) => {
                tracing::error!(connection, path, cause = %Causes(&**cause), "{self}")
            }
            Self::Missing
            | Self::Invalid(_)
            | Self::Expired
            | Self::Inactive
            | Self::TooManyFailures { .. } => {
                tracing::info!(connection, path, "not authenticated: {self}");
            }
        }
    }

    /// What the client is told, and when to come back if that is known.
    pub(crate) fn told(&self) -> Cow<'static, str> {
        match self {
            Self::TooManyFailures { retry_after } => {
                format!("{}, retry after {} s", self.reason(), seconds(*retry_after)).into()
            }
            Self::Missing | Self::Invalid(_) | Self::Expired | Self::Inactive | Self::Unavailable(_) => {
                self.reason().into()
            }
        }
    }

    /// What the client is told: the reason of the close frame.
    pub fn reason(&self) -> &'static str {
        match self {
            Self::Missing => "no token",
            Self::Invalid(_) => "bad token",
            Self::Expired => "token expired",
            Self::Inactive => "user inactive",
            Self::TooManyFailures { .. } => "too many failures",
            Self::Unavailable(_) => "try again later",
        }
    }

    /// The same for programs: in a REST answer, and as the metric's label.
    pub fn code(&self) -> &'static str {
        match self {
            Self::Missing => "no_token",
            Self::Invalid(_) => "bad_token",
            Self::Expired => "token_expired",
            Self::Inactive => "user_inactive",
            Self::TooManyFailures { .. } => "too_many_failures",
            Self::Unavailable(_) => "unavailable",
        }
    }
}

/// An error and what caused it: a database that cannot be reached, and the reason for that.
pub(crate) struct Causes<'a>(pub(crate) &'a (dyn StdError + 'static));

impl fmt::Display for Causes<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.0)?;
        let mut next = self.0.source();
        while let Some(cause) = next {
            write!(f, ": {cause}")?;
            next = cause.source();
        }
        Ok(())
    }
}

impl From<AuthError> for Rejection {
    fn from(error: AuthError) -> Self {
        match error {
            AuthError::TooManyFailures { .. } => Self::new(CloseCode::RATE_LIMITED, error.told()),
            AuthError::Unavailable(_) => Self::new(CloseCode::TRY_AGAIN, error.reason()),
            AuthError::Missing | AuthError::Invalid(_) | AuthError::Expired | AuthError::Inactive => {
                Self::unauthenticated(error.reason())
            }
        }
    }
}

/// Whole seconds, none of which is too short.
fn seconds(time: Duration) -> u64 {
    time.as_secs() + u64::from(time.subsec_nanos() > 0)
}

/// For REST handlers: `{"detail": …, "code": …}`, as Django REST framework answers.
impl ResponseError for AuthError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::TooManyFailures { .. } => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) => StatusCode::SERVICE_UNAVAILABLE,
            Self::Missing | Self::Invalid(_) | Self::Expired | Self::Inactive => StatusCode::UNAUTHORIZED,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let mut response = HttpResponse::build(self.status_code());
        match self {
            Self::TooManyFailures { retry_after } => {
                response.insert_header((header::RETRY_AFTER, seconds(*retry_after)))
            }
            Self::Unavailable(_) => &mut response,
            Self::Missing => response.insert_header((header::WWW_AUTHENTICATE, "Bearer")),
            Self::Invalid(_) | Self::Expired | Self::Inactive => {
                response.insert_header((header::WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#))
            }
        }
        .json(json!({ "detail": self.reason(), "code": self.code() }))
    }
}
