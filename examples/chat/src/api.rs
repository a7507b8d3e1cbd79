//! The REST side: login, rooms, history.

use actix_web::{
    HttpResponse, ResponseError,
    http::StatusCode,
    web::{self, Data, Json, Path, Query},
};
use channels_actix::{Authenticated, JwtIssuer};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::{
    messages::{ActiveRoom, History, Messages},
    room::Room,
    users::{User, Users, UsersError},
};

/// The biggest login, in bytes.
const LOGIN: usize = 4096;

/// Why a request is refused.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ApiError {
    #[error("{0}")]
    BadRequest(String),
    #[error("Wrong username or password.")]
    WrongPassword,
    #[error("the login does not work at the moment")]
    Users(#[from] UsersError),
    #[error("the database does not answer")]
    Database(#[from] sqlx::Error),
}

#[derive(Deserialize)]
struct Login {
    username: String,
    password: String,
}

#[derive(Serialize)]
struct LoggedIn {
    token: String,
    username: String,
}

#[derive(Deserialize)]
struct Page {
    before: Option<i64>,
}

/// For `App::configure`: the routes below `/api/`.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        web::scope("/api")
            .app_data(web::JsonConfig::default().limit(LOGIN).error_handler(|error, _| bad_request(error)))
            .app_data(web::PathConfig::default().error_handler(|error, _| bad_request(error)))
            .app_data(web::QueryConfig::default().error_handler(|error, _| bad_request(error)))
            .route("/login", web::post().to(log_in))
            .route("/rooms", web::get().to(rooms))
            .route("/rooms/{room}/messages", web::get().to(history)),
    );
}

async fn log_in(
    login: Json<Login>,
    users: Data<Users>,
    issuer: Data<JwtIssuer>,
) -> Result<Json<LoggedIn>, ApiError> {
    let Login { username, password } = login.into_inner();
    let user = users.log_in(&username, password).await?.ok_or(ApiError::WrongPassword)?;
    Ok(Json(LoggedIn { token: issuer.issue(user.id), username: user.name }))
}

/// For those who have a token: the same that opens a socket.
async fn rooms(_: Authenticated<User>, messages: Data<Messages>) -> Result<Json<Vec<ActiveRoom>>, ApiError> {
    Ok(Json(messages.rooms().await?))
}

async fn history(
    _: Authenticated<User>,
    messages: Data<Messages>,
    room: Path<Room>,
    page: Query<Page>,
) -> Result<Json<History>, ApiError> {
    Ok(Json(messages.history(&room, page.before).await?))
}

fn bad_request(error: impl ToString) -> actix_web::Error {
    ApiError::BadRequest(error.to_string()).into()
}

impl ResponseError for ApiError {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::BadRequest(_) => StatusCode::BAD_REQUEST,
            Self::WrongPassword => StatusCode::UNAUTHORIZED,
            Self::Users(_) | Self::Database(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        if self.status_code().is_server_error() {
            tracing::error!(error = self as &dyn std::error::Error, "a request failed");
        }
        HttpResponse::build(self.status_code()).json(json!({ "detail": self.to_string() }))
    }
}
