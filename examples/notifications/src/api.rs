//! The REST side: login, and what creates, lists, marks and deletes notifications.

use actix_web::{
    HttpRequest, HttpResponse,
    web::{self, Data, Json, Path, Query},
};
use channels_actix::{Authenticated, DjangoUser, JwtIssuer, Layer, Revoker, Session};
use serde::{Deserialize, Serialize};
use site::{ApiError, Login, Users};

use crate::{
    events::{Created, Deleted, Updated, tabs_of},
    notifications::{Listed, Notification, Notifications},
};

/// The longest text, in characters.
const LONGEST: usize = 500;
const NOT_THERE: ApiError = ApiError::NotFound("You have no such notification.");

#[derive(Serialize)]
struct LoggedIn {
    token: String,
    username: String,
}

#[derive(Deserialize)]
struct New {
    /// The name of the user who is notified.
    to: String,
    text: String,
}

#[derive(Deserialize)]
struct Mark {
    is_read: bool,
}

#[derive(Deserialize)]
struct Before {
    before: Option<i64>,
}

/// For `App::configure`: the routes below `/api/`.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        site::api("/api")
            .route("/login", web::post().to(log_in))
            .route("/logout", web::post().to(log_out))
            .route("/notifications", web::get().to(list))
            .route("/notifications", web::post().to(create))
            .route("/notifications/{id}", web::patch().to(mark))
            .route("/notifications/{id}", web::delete().to(delete)),
    );
}

/// A token for pages that send one, and a cookie for those that leave it to the browser.
async fn log_in(
    login: Json<Login>,
    request: HttpRequest,
    users: Data<Users>,
    issuer: Data<JwtIssuer>,
    sessions: Data<Session>,
) -> Result<HttpResponse, ApiError> {
    let Login { username, password } = login.into_inner();
    let id = users.log_in(&username, password).await?.ok_or(ApiError::WrongPassword)?;
    let cookie = sessions.of(&request).await?.login(id).await?;
    Ok(HttpResponse::Ok().insert_header(cookie).json(LoggedIn { token: issuer.issue(id), username }))
}

/// Ends what the request came with, and the sockets of all tabs that came with the same.
async fn log_out(
    user: Authenticated<DjangoUser>,
    request: HttpRequest,
    revoker: Data<Revoker>,
    sessions: Data<Session>,
) -> Result<HttpResponse, ApiError> {
    let revoked = revoker.logout(&user).await;
    // one that fails does not keep the other from being tried
    let ended = async { sessions.of(&request).await?.logout().await }.await;
    revoked?;
    Ok(HttpResponse::NoContent().insert_header(ended?).finish())
}

async fn list(
    user: Authenticated<DjangoUser>,
    page: Query<Before>,
    notifications: Data<Notifications>,
) -> Result<Json<Listed>, ApiError> {
    Ok(Json(notifications.list(user.id()?, page.before).await?))
}

async fn create(
    user: Authenticated<DjangoUser>,
    new: Json<New>,
    notifications: Data<Notifications>,
    layer: Data<Layer>,
) -> Result<HttpResponse, ApiError> {
    let New { to, text } = new.into_inner();
    let text = text.trim();
    if !(1..=LONGEST).contains(&text.chars().count()) {
        return Err(ApiError::BadRequest(format!("A notification has 1 to {LONGEST} characters.")));
    }
    let owner = notifications.recipient(&to).await?.ok_or(ApiError::NotFound("There is no such user."))?;
    let notification = notifications.add(owner, &user.username, text).await?;
    let unread = notifications.unread(owner).await?;
    layer.group_send(&tabs_of(owner)?, Created { notification, unread }).await?;
    Ok(HttpResponse::Created().finish())
}

async fn mark(
    user: Authenticated<DjangoUser>,
    id: Path<i64>,
    mark: Json<Mark>,
    notifications: Data<Notifications>,
    layer: Data<Layer>,
) -> Result<Json<Notification>, ApiError> {
    let owner = user.id()?;
    let notification = notifications.mark(owner, *id, mark.is_read).await?.ok_or(NOT_THERE)?;
    let unread = notifications.unread(owner).await?;
    let event = Updated { notification: notification.clone(), unread };
    layer.group_send(&tabs_of(owner)?, event).await?;
    Ok(Json(notification))
}

async fn delete(
    user: Authenticated<DjangoUser>,
    id: Path<i64>,
    notifications: Data<Notifications>,
    layer: Data<Layer>,
) -> Result<HttpResponse, ApiError> {
    let (owner, id) = (user.id()?, *id);
    if !notifications.delete(owner, id).await? {
        return Err(NOT_THERE);
    }
    let unread = notifications.unread(owner).await?;
    layer.group_send(&tabs_of(owner)?, Deleted { id, unread }).await?;
    Ok(HttpResponse::NoContent().finish())
}
