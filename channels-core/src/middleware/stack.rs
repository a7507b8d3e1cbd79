//! The way of a connection through its middleware to its consumer.

use std::{convert::Infallible, future::pending, panic::AssertUnwindSafe};

use channels_layer::Layer;
use futures_util::FutureExt;
use tokio::select;

use super::{Next, Rejection, same_host};
use crate::{
    CloseCode, Scope,
    connection::{Link, Run, Wire},
    routing::Found,
};

/// Runs a connection through the middleware to its consumer, to its end.
pub(crate) async fn run(layer: &Layer, found: Found, scope: Scope, wire: Wire) {
    let link = wire.link.clone();
    let consumer = Run::default();
    let checked = found.middleware.iter().any(|middleware| middleware.checks_origin());
    let outcome = match if checked { Ok(()) } else { same_host(&scope) } {
        Ok(()) => {
            let (stack, endpoint) = (&found.middleware, &found.endpoint);
            let next = Next { stack, endpoint, layer, wire, consumer: consumer.clone() };
            select! {
                biased;
                outcome = through(&link, next.run(scope)) => outcome,
                never = orphaned(&link, &consumer) => match never {},
            }
        }
        Err(rejection) => Err(rejection),
    };
    if let Err(rejection) = &outcome {
        tracing::debug!(connection = %link.id(), %rejection, "rejected");
    }
    let rejection = outcome.err().unwrap_or_else(|| CloseCode::NORMAL.into());
    if consumer.is_under_way() {
        end_without_middleware(&link, &consumer, rejection).await;
    } else {
        link.close(rejection);
    }
}

/// Waits for the middleware: not for ever when the connection is over, and whatever it does.
async fn through(
    link: &Link,
    middleware: impl Future<Output = Result<(), Rejection>>,
) -> Result<(), Rejection> {
    select! {
        biased;
        outcome = AssertUnwindSafe(middleware).catch_unwind() => outcome.unwrap_or_else(|_| {
            tracing::error!(connection = %link.id(), "a middleware panicked; its connection is closed");
            Err(Rejection::new(CloseCode::INTERNAL, "internal error"))
        }),
        () = link.deserted() => {
            tracing::warn!(connection = %link.id(), "middleware dropped: it went on after the connection was closed");
            Ok(())
        }
    }
}

/// Beside a middleware that may give its consumer up, and go on.
async fn orphaned(link: &Link, consumer: &Run) -> Infallible {
    consumer.given_up().await;
    end_without_middleware(link, consumer, CloseCode::NORMAL.into()).await;
    pending().await
}

/// Brings a consumer to its end that its middleware gave up: it is closed as from outside.
async fn end_without_middleware(link: &Link, consumer: &Run, rejection: Rejection) {
    tracing::warn!(connection = %link.id(), "closed: a middleware did not wait for its consumer");
    link.kick(rejection);
    if let Err(rejection) = consumer.to_end().await {
        tracing::debug!(connection = %link.id(), %rejection, "rejected when it was closed");
    }
}
