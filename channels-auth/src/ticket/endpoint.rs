//! Where a page asks for its ticket.

use actix_web::{
    HttpRequest, HttpResponse, Resource,
    http::header::{CACHE_CONTROL, HeaderValue},
    web::{self, Json, JsonConfig},
};
use channels_core::{Scope, TrustedProxies};
use percent_encoding::percent_decode_str;
use serde::{Deserialize, Serialize};

use super::Tickets;
use crate::{AuthError, Authenticated};

/// The longest request for a ticket, in bytes.
const LONGEST: usize = 8 * 1024;

/// What a page asks: a ticket for this path, as it stands in the URL.
#[derive(Deserialize)]
struct Ask {
    path: String,
}

/// What it is answered.
#[derive(Serialize)]
struct Answer<'a> {
    ticket: &'a str,
    /// In seconds.
    expires_in: u64,
}

impl Tickets {
    /// Issues tickets over HTTP, to users who are [`Authenticated<U>`]: `POST` with `{"path": "/ws/…"}` is
    /// answered `{"ticket": "tkt_…", "expires_in": 30}`, which no cache keeps.
    ///
    /// A ticket says who comes, not where one may go: that is for the consumer to check, whoever comes how.
    pub fn resource<U: Send + Sync + 'static>(&self, path: &str) -> Resource {
        let tickets = self.clone();
        let issue = move |request: HttpRequest, user: Authenticated<U>, ask: Json<Ask>| {
            let tickets = tickets.clone();
            async move { tickets.answer(&request, &user, &ask).await }
        };
        web::resource(path).app_data(JsonConfig::default().limit(LONGEST)).route(web::post().to(issue))
    }

    async fn answer<U>(
        &self,
        request: &HttpRequest,
        user: &Authenticated<U>,
        ask: &Ask,
    ) -> Result<HttpResponse, AuthError> {
        let path = ask.path.split(['?', '#']).next().unwrap_or_default();
        let Ok(path) = percent_decode_str(path).decode_utf8() else { return Ok(no_path()) };
        // a ticket that gets tickets would outlive the token that was revoked meanwhile
        if !path.starts_with('/') || path == request.path() {
            return Ok(no_path());
        }
        let ticket = self.issue(user.identity(), path).await;
        let ticket = ticket
            .inspect_err(|error| error.log(None, &Scope::of_request(request, &TrustedProxies::default())))?;
        let answer = Answer { ticket: ticket.expose(), expires_in: self.lifetime.as_secs() };
        let mut response = HttpResponse::Ok();
        Ok(response.insert_header((CACHE_CONTROL, HeaderValue::from_static("no-store"))).json(answer))
    }
}

fn no_path() -> HttpResponse {
    let detail = "`path` is not the path of a WebSocket, such as /ws/chat/lobby/";
    HttpResponse::BadRequest().json(serde_json::json!({ "detail": detail, "code": "bad_path" }))
}
