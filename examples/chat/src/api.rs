//! The REST side: login, and all that the socket does, for those who have none.

use actix_web::{
    HttpResponse,
    web::{self, Data, Json, Path, Query},
};
use channels_actix::{Authenticated, DjangoUser, JwtIssuer};
use serde::{Deserialize, Serialize};
use site::{ApiError, Login, Users};

use crate::{
    actions::Actions,
    messages::{History, Text},
    room::Room,
    rooms::RoomView,
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

#[derive(Deserialize)]
struct New {
    text: String,
}

#[derive(Deserialize)]
struct Read {
    id: i64,
}

/// For `App::configure`: the routes below `/api/`.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        site::api("/api")
            .route("/login", web::post().to(log_in))
            .route("/rooms", web::get().to(rooms))
            .route("/rooms/{room}/messages", web::get().to(history))
            .route("/rooms/{room}/messages", web::post().to(say))
            .route("/rooms/{room}/read", web::post().to(mark_read)),
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
    user: Authenticated<DjangoUser>,
    actions: Data<Actions>,
) -> Result<Json<Vec<RoomView>>, ApiError> {
    Ok(Json(actions.rooms.list(&user).await?))
}

async fn history(
    _: Authenticated<DjangoUser>,
    actions: Data<Actions>,
    room: Path<Room>,
    page: Query<Page>,
) -> Result<Json<History>, ApiError> {
    Ok(Json(actions.messages.history(&room, page.before).await?))
}

async fn say(
    user: Authenticated<DjangoUser>,
    actions: Data<Actions>,
    room: Path<Room>,
    new: Json<New>,
) -> Result<HttpResponse, ApiError> {
    let text = Text::new(new.into_inner().text)?;
    Ok(HttpResponse::Created().json(actions.say(&room, &user, text).await?))
}

/// Up to this message.
async fn mark_read(
    user: Authenticated<DjangoUser>,
    actions: Data<Actions>,
    room: Path<Room>,
    read: Json<Read>,
) -> Result<Json<RoomView>, ApiError> {
    actions.mark_read(&room, &user, read.id).await?;
    let view = actions.rooms.of(&user, &room).await?;
    view.map(Json).ok_or(ApiError::NotFound("Nothing was said in this room."))
}
