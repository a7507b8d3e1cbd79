//! Why a change is refused, and what the page needs to tell its user.

use std::fmt;

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use serde::Serialize;
use site::ApiError;

use crate::appointments::{Appointment, Unchanged};

/// An answer that is no success: as all applications give it, or 409 with what the other one did.
#[derive(Debug)]
pub(crate) enum Refusal {
    Api(ApiError),
    Conflict(Box<Conflict>),
}

/// Somebody was faster.
#[derive(Debug, Serialize)]
pub(crate) struct Conflict {
    detail: String,
    /// `stale`: the appointment has changed since it was seen. `taken`: another one has the slot.
    code: &'static str,
    /// The appointment as it is now, or the one that has the slot.
    appointment: Option<Appointment>,
}

impl From<Unchanged> for Refusal {
    fn from(why: Unchanged) -> Self {
        let who = |other: &Appointment| other.changed_by.clone();
        match why {
            Unchanged::Gone => ApiError::NotFound("This appointment has been cancelled.").into(),
            Unchanged::NoPractitioner => {
                ApiError::BadRequest("There is no such practitioner.".to_owned()).into()
            }
            Unchanged::Database(error) => ApiError::from(error).into(),
            Unchanged::Stale(current) => {
                let detail = format!("{} has changed this appointment in the meantime.", who(&current));
                Self::Conflict(Box::new(Conflict { detail, code: "stale", appointment: Some(current) }))
            }
            Unchanged::Taken(holder) => {
                let name = holder.as_ref().map_or("Somebody".to_owned(), who);
                let detail = format!("{name} was faster: this time is taken.");
                Self::Conflict(Box::new(Conflict { detail, code: "taken", appointment: holder }))
            }
        }
    }
}

impl From<ApiError> for Refusal {
    fn from(error: ApiError) -> Self {
        Self::Api(error)
    }
}

impl fmt::Display for Refusal {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Api(error) => error.fmt(f),
            Self::Conflict(conflict) => f.write_str(&conflict.detail),
        }
    }
}

impl ResponseError for Refusal {
    fn status_code(&self) -> StatusCode {
        match self {
            Self::Api(error) => error.status_code(),
            Self::Conflict(_) => StatusCode::CONFLICT,
        }
    }

    fn error_response(&self) -> HttpResponse {
        match self {
            Self::Api(error) => error.error_response(),
            Self::Conflict(conflict) => HttpResponse::Conflict().json(conflict),
        }
    }
}
