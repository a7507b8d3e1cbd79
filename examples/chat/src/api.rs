//! The REST side: login, rooms, history.

use actix_web::web::{self, Data, Json, Path, Query};
use channels_actix::{Authenticated, DjangoUser, JwtIssuer};
use serde::{Deserialize, Serialize};
use site::{ApiError, Login, Users};

use crate::{
    messages::{ActiveRoom, History, Messages},
    room::Room,
};

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
        site::api("/api")
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
    let id = users.log_in(&username, password).await?.ok_or(ApiError::WrongPassword)?;
    Ok(Json(LoggedIn { token: issuer.issue(id), username }))
}

/// For those who have a token: the same that opens a socket.
async fn rooms(
    _: Authenticated<DjangoUser>,
    messages: Data<Messages>,
) -> Result<Json<Vec<ActiveRoom>>, ApiError> {
    Ok(Json(messages.rooms().await?))
}

async fn history(
    _: Authenticated<DjangoUser>,
    messages: Data<Messages>,
    room: Path<Room>,
    page: Query<Page>,
) -> Result<Json<History>, ApiError> {
    Ok(Json(messages.history(&room, page.before).await?))
}
