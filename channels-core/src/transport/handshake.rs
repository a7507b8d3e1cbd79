//! The opening handshake (RFC 6455 section 4.2): waits for the application's first word, then answers.

use actix_http::ws;
use actix_web::{
    HttpRequest, HttpResponse,
    body::BoxBody,
    http::{
        StatusCode,
        header::{HeaderValue, RETRY_AFTER, SEC_WEBSOCKET_EXTENSIONS, SEC_WEBSOCKET_PROTOCOL},
    },
    web,
};

use super::{Cutter, FrameBody};
use crate::{
    CloseCode, Refusal, Rejection, Scope,
    channels::{Channels, Request},
    connection::{self, Accept, Answer, Link, Terms},
};

/// Answers a request to connect.
pub(crate) async fn upgrade(
    channels: &Channels,
    Request { path, found }: Request,
    request: &HttpRequest,
    payload: web::Payload,
) -> actix_web::Result<HttpResponse> {
    if let Some(seconds) = channels.registry().draining() {
        return Ok(HttpResponse::ServiceUnavailable().insert_header((RETRY_AFTER, seconds)).finish());
    }
    let mut response = ws::handshake(request.head())?;

    let query = request.query_string().to_owned();
    let client = channels.client(request.peer_addr(), request.headers());
    let scope = Scope::new(path, query, client, request.headers(), found.params.clone());
    let offered = scope.subprotocols().first().cloned();
    let compression = channels.agree(request.headers());
    let terms = Terms { compression, cutter: Cutter::of(request) };
    let (link, answer) = connection::open(channels, found, scope, terms, payload);

    let subprotocol = match answer.await {
        Answer::Accept(Accept { subprotocol, headers }) => {
            for header in headers {
                response.append_header(header);
            }
            subprotocol
        }
        Answer::Refuse(rejection) if channels.refusal() == Refusal::Http => {
            link.lost();
            return Ok(refused(&rejection));
        }
        // a browser that offered subprotocols takes no 101 without one of them, and would show 1006
        Answer::Refuse(rejection) => rejection.subprotocol().map(str::to_owned).or(offered),
    };
    if let Some(subprotocol) = subprotocol {
        response.insert_header((SEC_WEBSOCKET_PROTOCOL, HeaderValue::from_str(&subprotocol)?));
    }
    if let Some(compression) = compression {
        response.insert_header((SEC_WEBSOCKET_EXTENSIONS, compression.header()));
    }
    Ok(response.message_body(BoxBody::new(body(link)))?.into())
}

/// The body of the 101 response; when it is dropped, the connection is lost.
pub(crate) fn body(link: Link) -> FrameBody<impl FnOnce() + Unpin> {
    FrameBody::new(link.outbound().clone(), move || link.lost())
}

fn refused(rejection: &Rejection) -> HttpResponse {
    let status = match rejection.code() {
        CloseCode::UNAUTHENTICATED => StatusCode::UNAUTHORIZED,
        CloseCode::TRY_AGAIN | CloseCode::RESTART => StatusCode::SERVICE_UNAVAILABLE,
        CloseCode::INTERNAL => StatusCode::INTERNAL_SERVER_ERROR,
        CloseCode::BAD_MESSAGE => StatusCode::BAD_REQUEST,
        CloseCode::RATE_LIMITED => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::FORBIDDEN,
    };
    HttpResponse::build(status).body(rejection.reason().to_owned())
}
