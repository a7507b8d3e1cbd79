//! What a request is answered.

use std::time::Duration;

use actix_web::{
    HttpResponse,
    http::{StatusCode, header},
};
use channels_layer::Delivery;
use serde_json::{Value, json};

/// What became of the events of a request, each at its place.
pub(super) struct Answer {
    pub(super) results: Vec<Sent>,
}

/// What became of an event.
pub(super) enum Sent {
    Group(Delivery),
    Channel,
    Full {
        capacity: usize,
    },
    /// The layer cannot carry it.
    Bad(String),
    /// The layer's server did not answer.
    Unavailable,
}

/// Why a request was refused.
#[derive(Debug, thiserror::Error)]
pub(super) enum Refused {
    #[error("no token")]
    NoToken,
    #[error("bad token")]
    BadToken,
    #[error("{0}")]
    BadRequest(String),
    #[error("{0} is not one that may be published to")]
    NotAllowed(String),
    #[error("the body took too long")]
    Late,
    #[error("the body has more than {0} bytes")]
    TooBig(usize),
    #[error("there are more than {0} events in it")]
    TooMany(usize),
    #[error("too many events, retry later")]
    RateLimited(Duration),
    #[error("try again later")]
    Unavailable,
}

impl Answer {
    pub(super) fn to_response(&self) -> HttpResponse {
        let results: Vec<_> = self.results.iter().map(Sent::to_json).collect();
        HttpResponse::Ok().json(json!({ "results": results }))
    }
}

impl Sent {
    fn to_json(&self) -> Value {
        match self {
            Self::Group(Delivery { delivered, dropped }) => {
                json!({ "delivered": delivered, "dropped": dropped })
            }
            Self::Channel => json!({ "delivered": 1, "dropped": 0 }),
            Self::Full { capacity } => {
                json!({ "detail": format!("the channel is full: {capacity} events wait"), "code": "channel_full" })
            }
            Self::Bad(detail) => json!({ "detail": detail, "code": "bad_event" }),
            Self::Unavailable => json!({ "detail": "try again later", "code": "unavailable" }),
        }
    }

    /// The metric's label.
    pub(super) fn as_str(&self) -> &'static str {
        match self {
            Self::Group(_) | Self::Channel => "sent",
            Self::Full { .. } => "channel_full",
            Self::Bad(_) => "bad_event",
            Self::Unavailable => "unavailable",
        }
    }
}

impl Refused {
    /// What it is called, for programs and for the log.
    pub(super) fn code(&self) -> &'static str {
        self.status().1
    }

    fn status(&self) -> (StatusCode, &'static str) {
        match self {
            Self::NoToken => (StatusCode::UNAUTHORIZED, "no_token"),
            Self::BadToken => (StatusCode::UNAUTHORIZED, "bad_token"),
            Self::BadRequest(_) => (StatusCode::BAD_REQUEST, "bad_request"),
            Self::NotAllowed(_) => (StatusCode::FORBIDDEN, "not_allowed"),
            Self::Late => (StatusCode::REQUEST_TIMEOUT, "timeout"),
            Self::TooBig(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_big"),
            Self::TooMany(_) => (StatusCode::PAYLOAD_TOO_LARGE, "too_many_events"),
            Self::RateLimited(_) => (StatusCode::TOO_MANY_REQUESTS, "rate_limited"),
            Self::Unavailable => (StatusCode::SERVICE_UNAVAILABLE, "unavailable"),
        }
    }

    pub(super) fn to_response(&self) -> HttpResponse {
        let (status, code) = self.status();
        let mut response = HttpResponse::build(status);
        match self {
            Self::NoToken => response.insert_header((header::WWW_AUTHENTICATE, "Bearer")),
            Self::BadToken => {
                response.insert_header((header::WWW_AUTHENTICATE, r#"Bearer error="invalid_token""#))
            }
            Self::RateLimited(after) => response.insert_header((header::RETRY_AFTER, after.as_secs() + 1)),
            Self::BadRequest(_)
            | Self::NotAllowed(_)
            | Self::Late
            | Self::TooBig(_)
            | Self::TooMany(_)
            | Self::Unavailable => &mut response,
        }
        .json(json!({ "detail": self.to_string(), "code": code }))
    }
}
