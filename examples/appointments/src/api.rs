//! The REST side: login and logout, and what lists, books, changes and cancels appointments.

use actix_web::{
    HttpResponse,
    web::{self, Data, Json, Path, Query},
};
use channels_actix::{AuthError, Authenticated, DjangoUser, Event, Knox, Layer, Revoker};
use serde::{Deserialize, Serialize};
use site::{ApiError, Login, Users};

use crate::{
    appointments::{Appointment, Appointments},
    events::{Created, Deleted, Updated, at_the_board},
    plan::{Board, Day, Plan},
    refusal::Refusal,
};

/// The most days that are listed at once.
const WEEK: u8 = 7;

#[derive(Serialize)]
struct LoggedIn {
    token: String,
    username: String,
}

#[derive(Deserialize)]
struct Days {
    day: Day,
    /// How many; by default one.
    days: Option<u8>,
}

#[derive(Deserialize)]
struct Change {
    version: i64,
    #[serde(flatten)]
    plan: Plan,
}

#[derive(Deserialize)]
struct Seen {
    version: i64,
}

/// For `App::configure`: the routes below `/api/`.
pub(crate) fn routes(config: &mut web::ServiceConfig) {
    config.service(
        site::api("/api")
            .route("/login", web::post().to(log_in))
            .route("/logout", web::post().to(log_out))
            .route("/logout-all", web::post().to(log_out_everywhere))
            .route("/board", web::get().to(board))
            .route("/appointments", web::get().to(list))
            .route("/appointments", web::post().to(book))
            .route("/appointments/{id}", web::put().to(change))
            .route("/appointments/{id}", web::delete().to(cancel)),
    );
}

async fn log_in(
    login: Json<Login>,
    users: Data<Users>,
    knox: Data<Knox>,
) -> Result<Json<LoggedIn>, ApiError> {
    let Login { username, password } = login.into_inner();
    let id = users.log_in(&username, password).await?.ok_or(ApiError::WrongPassword)?;
    let (token, _) = knox.create(id).await?;
    Ok(Json(LoggedIn { token: token.expose().to_owned(), username }))
}

/// Ends this login: its token, and the sockets of all tabs that have it.
async fn log_out(user: Authenticated<DjangoUser>, revoker: Data<Revoker>) -> Result<HttpResponse, AuthError> {
    revoker.logout(&user).await?;
    Ok(HttpResponse::NoContent().finish())
}

/// Ends all logins of the user, on all devices.
async fn log_out_everywhere(
    user: Authenticated<DjangoUser>,
    revoker: Data<Revoker>,
) -> Result<HttpResponse, AuthError> {
    revoker.logout_everywhere(&user.id).await?;
    Ok(HttpResponse::NoContent().finish())
}

async fn board(
    _: Authenticated<DjangoUser>,
    appointments: Data<Appointments>,
) -> Result<Json<Board>, ApiError> {
    Ok(Json(appointments.board().await?))
}

async fn list(
    _: Authenticated<DjangoUser>,
    days: Query<Days>,
    appointments: Data<Appointments>,
) -> Result<Json<Vec<Appointment>>, ApiError> {
    let count = days.days.unwrap_or(1);
    if !(1..=WEEK).contains(&count) {
        return Err(ApiError::BadRequest(format!("A list has 1 to {WEEK} days.")));
    }
    Ok(Json(appointments.list(days.day, count).await?))
}

async fn book(
    user: Authenticated<DjangoUser>,
    plan: Json<Plan>,
    appointments: Data<Appointments>,
    layer: Data<Layer>,
) -> Result<HttpResponse, Refusal> {
    let appointment = appointments.book(&plan, &user).await?;
    tell(&layer, Created { appointment: appointment.clone() }).await;
    Ok(HttpResponse::Created().json(appointment))
}

async fn change(
    user: Authenticated<DjangoUser>,
    id: Path<i64>,
    change: Json<Change>,
    appointments: Data<Appointments>,
    layer: Data<Layer>,
) -> Result<Json<Appointment>, Refusal> {
    let appointment = appointments.change(*id, change.version, &change.plan, &user).await?;
    tell(&layer, Updated { appointment: appointment.clone() }).await;
    Ok(Json(appointment))
}

async fn cancel(
    user: Authenticated<DjangoUser>,
    id: Path<i64>,
    seen: Query<Seen>,
    appointments: Data<Appointments>,
    layer: Data<Layer>,
) -> Result<HttpResponse, Refusal> {
    let mut appointment = appointments.cancel(*id, seen.version).await?;
    appointment.changed_by.clone_from(&user.username);
    tell(&layer, Deleted { appointment }).await;
    Ok(HttpResponse::NoContent().finish())
}

/// It is done, and stays done where nobody can be told: pages fetch what they have missed.
async fn tell(layer: &Layer, event: impl Event) {
    let told = match at_the_board() {
        Ok(group) => layer.group_send(&group, event).await.map(drop),
        Err(error) => Err(error.into()),
    };
    if let Err(error) = told {
        tracing::error!(error = &error as &dyn std::error::Error, "nobody was told of a change");
    }
}
