//! What the applications' REST sides have in common: a login's form, and how a request is refused.

use std::{error::Error, fmt};

use actix_web::{HttpResponse, ResponseError, http::StatusCode, web};
use serde::Deserialize;
use serde_json::json;

/// The biggest body of a request, in bytes.
const BODY: usize = 64 * 1024;

/// What a login sends.
#[derive(Deserialize)]
#[expect(missing_debug_implementations, reason = "it holds a password")]
pub struct Login {
    /// The user's name.
    pub username: String,
    /// The user's password.
    pub password: String,
}

/// Why a request is refused: a status, and `{"detail": …}`. Whatever else a handler fails with becomes
/// [`Failed`](Self::Failed).
#[derive(Debug)]
pub enum ApiError {
    /// 400: what was sent cannot be read, or makes no sense.
    BadRequest(String),
    /// 401: a login that fails, and does not tell why.
    WrongPassword,
    /// 404: it is not there, or not the user's, which is the same to them.
    NotFound(&'static str),
    /// 409: somebody was faster.
    Conflict(&'static str),
    /// 500, logged: none of the client's doing.
    Failed(Box<dyn Error + Send + Sync>),
}

/// A scope below `path` whose bodies, paths and queries are answered with 400 where they cannot be read.
pub fn api(path: &str) -> actix_web::Scope {
    web::scope(path)
        .app_data(web::JsonConfig::default().limit(BODY).error_handler(|error, _| bad_request(error)))
        .app_data(web::PathConfig::default().error_handler(|error, _| bad_request(error)))
        .app_data(web::QueryConfig::default().error_handler(|error, _| bad_request(error)))
}

fn bad_request(error: impl fmt::Display) -> actix_web::Error {
    ApiError::BadRequest(error.to_string()).into()
}

// so this is no `Error` itself
impl<E: Error + Send + Sync + 'static> From<E> for ApiError {
    fn from(error: E) -> Self {
        Self::Failed(error.into())
    }
}

impl fmt::Display for ApiError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::BadRequest(what) => what,
            Self::WrongPassword => "Wrong username or password.",
            Self::NotFound(what) | Self::Conflict(what) => what,
            Self::Failed(_) => "It does not work at the moment.",
        })
    }
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::WrongPassword => StatusCode::UNAUTHORIZED,
            Self::NotFound(_) => StatusCode::NOT_FOUND,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Failed(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if let Self::Failed(error) = self {
            tracing::error!(error = &**error as &dyn Error, "a request failed");
        }
        HttpResponse::build(self.status_code()).json(json!({ "detail": self.to_string() }))
    }
}
