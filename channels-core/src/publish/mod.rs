//! Publishing over HTTP: for programs that speak neither Rust nor Redis.

mod answer;
mod request;
mod token;

use std::{fmt, sync::Arc, time::Duration};

use actix_web::{
    HttpRequest, HttpResponse, Resource,
    http::header::{self, HeaderMap},
    web,
};
use bytes::Bytes;
use channels_layer::{Layer, LayerError};
use tokio::time::timeout;

use self::{
    answer::{Answer, Refused, Sent},
    request::{Item, Target, parse},
    token::Tokens,
};
use crate::{Rate, metrics, transport::Bucket};

/// How long a request's body may take.
const PATIENCE: Duration = Duration::from_secs(10);

/// Takes events over HTTP, from whoever has its token: for a script, a cron job, a site in another language.
///
/// ```no_run
/// # use actix_web::{App, HttpServer};
/// # use channels_core::*;
/// # #[actix_web::main]
/// # async fn main() -> std::io::Result<()> {
/// # let channels = Channels::new(MemoryLayer::default());
/// let publish = Publish::new(channels.layer(), std::env::var("PUBLISH_TOKEN").expect("a token"))
///     .allow_groups(["chat.*", "news"]);
/// HttpServer::new(move || App::new().service(publish.at("/publish")).configure(channels.routes()))
/// # .bind("127.0.0.1:8000")?.run().await
/// # }
/// ```
///
/// ```text
/// POST /publish
/// Authorization: Bearer <token>
///
/// {"group": "chat.lobby", "event": {"type": "chat.message", "text": "hello"}}
/// ```
///
/// `channel` instead of `group` names one channel; a list of such objects is sent in its order. It is answered 200 with
/// what became of each: `{"results": [{"delivered": 3, "dropped": 0}]}`. A request that is refused has sent nothing,
/// and is answered `{"detail": …, "code": …}`:
///
/// | status | `code` | |
/// | --- | --- | --- |
/// | 400 | `bad_request` | no JSON, no such object, no name, an event without `type`. `detail` says which |
/// | 401 | `no_token`, `bad_token` | |
/// | 403 | `not_allowed` | a group or channel that is not on the list |
/// | 408 | `timeout` | the body took more than 10 s |
/// | 413 | `too_big`, `too_many_events` | |
/// | 429 | `rate_limited` | with `Retry-After` |
/// | 503 | `unavailable` | the layer's server does not answer; an event may have been sent all the same |
///
/// Make it once, where the server is built, and not in the closure that makes an `App`: the rate is its own.
#[derive(Clone)]
pub struct Publish(Arc<Inner>);

#[derive(Clone)]
struct Inner {
    layer: Layer,
    tokens: Tokens,
    body: usize,
    events: usize,
    rate: Option<Arc<Bucket>>,
    groups: Option<Vec<String>>,
    channels: Option<Vec<String>>,
}

impl Publish {
    /// For whoever has `token`: 16 characters at least, and better 32 that nobody thought up.
    ///
    /// # Panics
    ///
    /// If the token is shorter, or has other characters than a header may. This shows at start-up.
    #[track_caller]
    pub fn new(layer: Layer, token: impl Into<String>) -> Self {
        Self(Arc::new(Inner {
            layer,
            tokens: Tokens::new(token.into()),
            body: 1 << 20,
            events: 100,
            rate: None,
            groups: None,
            channels: None,
        }))
    }

    /// A further token: to change one, add the new one, change the clients, take the old one away.
    ///
    /// # Panics
    ///
    /// As [`new`](Self::new).
    #[must_use]
    #[track_caller]
    pub fn token(mut self, token: impl Into<String>) -> Self {
        self.inner().tokens.add(token.into());
        self
    }

    /// How big a request may be, in bytes. Default 1 MiB.
    #[must_use]
    pub fn body_limit(mut self, bytes: usize) -> Self {
        self.inner().body = bytes;
        self
    }

    /// How many events may be in a request. Default 100.
    #[must_use]
    pub fn events_limit(mut self, events: usize) -> Self {
        self.inner().events = events;
        self
    }

    /// How many events may come a second, of all clients together. By default there is no limit. A request of more than
    /// the burst takes all of it.
    #[must_use]
    pub fn rate(mut self, rate: Rate) -> Self {
        self.inner().rate = Some(Arc::new(Bucket::new(rate)));
        self
    }

    /// The groups that may be sent to: names, or beginnings of names with `*` at the end. By default all may, unless
    /// only [channels](Self::allow_channels) were named.
    #[must_use]
    pub fn allow_groups<P: Into<String>>(mut self, patterns: impl IntoIterator<Item = P>) -> Self {
        let groups = self.inner().groups.get_or_insert_default();
        groups.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// The channels that may be sent to, in the same way. By default all may, unless only
    /// [groups](Self::allow_groups) were named.
    #[must_use]
    pub fn allow_channels<P: Into<String>>(mut self, patterns: impl IntoIterator<Item = P>) -> Self {
        let channels = self.inner().channels.get_or_insert_default();
        channels.extend(patterns.into_iter().map(Into::into));
        self
    }

    /// For `App::service`: takes `POST` at this path.
    pub fn at(&self, path: &str) -> Resource {
        let this = self.clone();
        let publish = move |request: HttpRequest, payload: web::Payload| {
            let this = this.clone();
            async move { this.answer(&request, payload).await }
        };
        web::resource(path).route(web::post().to(publish))
    }

    fn inner(&mut self) -> &mut Inner {
        Arc::make_mut(&mut self.0)
    }

    async fn answer(&self, request: &HttpRequest, payload: web::Payload) -> HttpResponse {
        let answer = match self.publish(request.headers(), payload).await {
            Ok(answer) => answer.to_response(),
            Err(refused) => {
                // the code alone: the words for the client may quote what it sent
                tracing::info!(client = ?request.peer_addr(), path = request.path(), code = refused.code(), "not published");
                refused.to_response()
            }
        };
        metrics::publish_answered(answer.status().as_u16());
        answer
    }

    async fn publish(&self, headers: &HeaderMap, payload: web::Payload) -> Result<Answer, Refused> {
        self.0.tokens.admit(headers.get(header::AUTHORIZATION))?;
        let body = self.body(headers, payload).await?;
        let items = parse(&body, self.0.events)?;
        if let Some(item) = items.iter().find(|item| !self.0.allows(&item.target)) {
            return Err(Refused::NotAllowed(item.target.to_string()));
        }
        if let Some(rate) = &self.0.rate {
            rate.take(items.len()).map_err(|too_fast| Refused::RateLimited(too_fast.retry_after()))?;
        }
        self.send(items).await
    }

    async fn body(&self, headers: &HeaderMap, payload: web::Payload) -> Result<Bytes, Refused> {
        let declared =
            headers.get(header::CONTENT_LENGTH).and_then(|length| length.to_str().ok()?.parse().ok());
        if declared.is_some_and(|length: usize| length > self.0.body) {
            return Err(Refused::TooBig(self.0.body));
        }
        match timeout(PATIENCE, payload.to_bytes_limited(self.0.body)).await {
            Ok(Ok(Ok(body))) => Ok(body),
            Ok(Ok(Err(error))) => Err(Refused::BadRequest(format!("the body broke off: {error}"))),
            Ok(Err(_)) => Err(Refused::TooBig(self.0.body)),
            Err(_) => Err(Refused::Late),
        }
    }

    async fn send(&self, items: Vec<Item>) -> Result<Answer, Refused> {
        let mut results: Vec<Sent> = Vec::with_capacity(items.len());
        for item in items {
            let sent = match results.last() {
                // this one would only wait in vain, too
                Some(Sent::Unavailable) => Sent::Unavailable,
                Some(_) | None => self.send_one(item).await,
            };
            metrics::published(sent.as_str());
            results.push(sent);
        }
        match results.first() {
            Some(Sent::Unavailable) => Err(Refused::Unavailable),
            Some(_) | None => Ok(Answer { results }),
        }
    }

    async fn send_one(&self, Item { target, event }: Item) -> Sent {
        let layer = &self.0.layer;
        let sent = match &target {
            Target::Group(group) => layer.forward(group, event).await.map(Sent::Group),
            Target::Channel(channel) => layer.forward_to(channel, event).await.map(|()| Sent::Channel),
        };
        sent.unwrap_or_else(|error| {
            tracing::warn!(%target, error = &error as &dyn std::error::Error, "an event could not be published");
            if let LayerError::ChannelFull { capacity, .. } = error {
                Sent::Full { capacity }
            } else if let LayerError::Unavailable(_) | LayerError::OutboxFull { .. } = error {
                Sent::Unavailable
            } else {
                // the layer's format has no word for what is in it
                Sent::Bad(error.to_string())
            }
        })
    }
}

impl Inner {
    fn allows(&self, target: &Target) -> bool {
        let (patterns, others) = match target {
            Target::Group(_) => (&self.groups, &self.channels),
            Target::Channel(_) => (&self.channels, &self.groups),
        };
        match patterns {
            Some(patterns) => patterns.iter().any(|pattern| fits(pattern, target.name())),
            None => others.is_none(),
        }
    }
}

fn fits(pattern: &str, name: &str) -> bool {
    match pattern.strip_suffix('*') {
        Some(beginning) => name.starts_with(beginning),
        None => name == pattern,
    }
}

impl fmt::Debug for Publish {
    /// Without the tokens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Publish")
            .field("body_limit", &self.0.body)
            .field("events_limit", &self.0.events)
            .field("groups", &self.0.groups)
            .field("channels", &self.0.channels)
            .finish_non_exhaustive()
    }
}
