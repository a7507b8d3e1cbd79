//! The REST side: login, and what starts, lists and cancels tasks.

use std::ops::RangeInclusive;

use actix_web::{
    HttpResponse,
    web::{self, Data, Json, Path},
};
use channels_actix::{Authenticated, DjangoUser, DrfToken, Layer, Revoker};
use serde::{Deserialize, Serialize};
use site::{ApiError, Login, Users};

use crate::{
    events::{Count, Created, Updated, tabs_of},
    queue::Queue,
    tasks::{Task, Tasks},
};

/// What may be asked for: the largest takes minutes.
const BOUNDS: RangeInclusive<u32> = 1_000..=50_000_000;
const NOT_THERE: ApiError = ApiError::NotFound("You have no such task.");

#[derive(Serialize)]
struct LoggedIn {
    token: String,
    username: String,
}

#[derive(Deserialize)]
struct New {
    /// Primes below this are to be counted.
    below: u32,
}

#[derive(Serialize)]
struct Listed {
    tasks: Vec<Task>,
}

/// For `App::configure`: the routes below `/api/`.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        site::api("/api")
            .route("/login", web::post().to(log_in))
            .route("/logout", web::post().to(log_out))
            .route("/tasks", web::get().to(list))
            .route("/tasks", web::post().to(start))
            .route("/tasks/{id}", web::get().to(show))
            .route("/tasks/{id}/cancel", web::post().to(cancel)),
    );
}

async fn log_in(
    login: Json<Login>,
    users: Data<Users>,
    drf: Data<DrfToken>,
) -> Result<Json<LoggedIn>, ApiError> {
    let Login { username, password } = login.into_inner();
    let id = users.log_in(&username, password).await?.ok_or(ApiError::WrongPassword)?;
    let token = drf.create(id).await?;
    Ok(Json(LoggedIn { token: token.expose().to_owned(), username }))
}

/// Ends the user's token, of which there is one, and all sockets that it opened, by a ticket or by itself.
async fn log_out(user: Authenticated<DjangoUser>, revoker: Data<Revoker>) -> Result<HttpResponse, ApiError> {
    revoker.logout(&user).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn list(user: Authenticated<DjangoUser>, tasks: Data<Tasks>) -> Result<Json<Listed>, ApiError> {
    Ok(Json(Listed { tasks: tasks.list(user.id()?).await? }))
}

async fn show(
    user: Authenticated<DjangoUser>,
    id: Path<i64>,
    tasks: Data<Tasks>,
) -> Result<Json<Task>, ApiError> {
    Ok(Json(tasks.find(user.id()?, *id).await?.ok_or(NOT_THERE)?))
}

async fn start(
    user: Authenticated<DjangoUser>,
    new: Json<New>,
    tasks: Data<Tasks>,
    queue: Data<Queue>,
    layer: Data<Layer>,
) -> Result<HttpResponse, ApiError> {
    if !BOUNDS.contains(&new.below) {
        let (least, most) = BOUNDS.into_inner();
        return Err(ApiError::BadRequest(format!("Count the primes below {least} to {most}.")));
    }
    let owner = user.id()?;
    let task = tasks.add(owner, new.below).await?;
    // before a worker can tell more
    layer.group_send(&tabs_of(owner)?, Created { task: task.clone() }).await?;
    if let Err(error) = queue.send(Count { id: task.id }).await {
        // nobody will work on it
        if let Some(task) = tasks.fail(task.id).await? {
            layer.group_send(&tabs_of(owner)?, Updated { task }).await?;
        }
        return Err(error.into());
    }
    Ok(HttpResponse::Created().json(task))
}

/// The worker notices at its next step.
async fn cancel(
    user: Authenticated<DjangoUser>,
    id: Path<i64>,
    tasks: Data<Tasks>,
    layer: Data<Layer>,
) -> Result<Json<Task>, ApiError> {
    let owner = user.id()?;
    let Some(task) = tasks.cancel(owner, *id).await? else {
        let ended = tasks.find(owner, *id).await?.is_some();
        return Err(if ended { ApiError::Conflict("The task has ended already.") } else { NOT_THERE });
    };
    layer.group_send(&tabs_of(owner)?, Updated { task: task.clone() }).await?;
    Ok(Json(task))
}
