//! What the applications' REST sides have in common: a login's form, and how a request is refused.

use std::error::Error;

use actix_web::{HttpResponse, ResponseError, http::StatusCode, web};
use serde::Deserialize;
use serde_json::json;

use crate::UsersError;

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

/// Why a request is refused: a status, and `{"detail": …}`.
#[derive(Debug, thiserror::Error)]
pub enum ApiError {
    /// 400: what was sent cannot be read, or makes no sense.
    #[error("{0}")]
    BadRequest(String),
    /// 401: a login that fails, and does not tell why.
    #[error("Wrong username or password.")]
    WrongPassword,
    /// 404: it is not there, or not the user's, which is the same to them.
    #[error("{0}")]
    NotFound(&'static str),
    /// 409: somebody was faster.
    #[error("{0}")]
    Conflict(&'static str),
    /// 500, logged.
    #[error("it does not work at the moment")]
    Failed(#[source] Box<dyn Error + Send + Sync>),
}

/// A scope below `path` whose bodies, paths and queries are answered with 400 where they cannot be read.
pub fn api(path: &str) -> actix_web::Scope {
    web::scope(path)
        .app_data(web::JsonConfig::default().limit(BODY).error_handler(|error, _| bad_request(error)))
        .app_data(web::PathConfig::default().error_handler(|error, _| bad_request(error)))
        .app_data(web::QueryConfig::default().error_handler(|error, _| bad_request(error)))
}

fn bad_request(error: impl ToString) -> actix_web::Error {
    ApiError::BadRequest(error.to_string()).into()
}

impl From<sqlx::Error> for ApiError {
    fn from(error: sqlx::Error) -> Self {
        Self::Failed(error.into())
    }
}

impl From<UsersError> for ApiError {
    fn from(error: UsersError) -> Self {
        Self::Failed(error.into())
    }
}

impl From<channels_actix::LayerError> for ApiError {
    fn from(error: channels_actix::LayerError) -> Self {
        Self::Failed(error.into())
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
