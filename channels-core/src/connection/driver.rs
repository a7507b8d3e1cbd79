//! The loop that runs one consumer from connect to disconnect.

use std::{panic::AssertUnwindSafe, sync::Arc};

use channels_layer::Mailbox;
use futures_util::FutureExt;
use tokio::{select, task::coop, time::timeout};

use super::{Inbox, Link};
use crate::{CloseCode, Error, Rejection, Result, Socket, WebsocketConsumer, consumer::Dispatch, metrics};

/// Runs one consumer: one hook at a time, each source in its order, `disconnect` at the end whatever the end
/// is.
pub(crate) async fn drive<C: WebsocketConsumer>(
    mut consumer: C,
    handlers: Arc<Dispatch<C>>,
    mut socket: Socket,
    inbox: Inbox,
    mut mailbox: Mailbox,
) {
    let link = socket.link().clone();
    let _driven = link.driven();
    let connected = run(&link, "connect", consumer.connect(&mut socket)).await;
    let mut code = match connected {
        Ran::Done => None,
        Ran::Failed(error) => Some(refuse(&link, &error)),
        Ran::Panicked => Some(fail(&link)),
        Ran::Overdue => link.closed(),
    };
    while code.is_none() {
        if let Some(closed) = link.closed_from_within() {
            code = Some(closed);
            break;
        }
        // only what can be dropped without loss races here; a hook runs in its branch, to its end
        let (hook, ran) = select! {
            stopped = link.stopped() => {
                code = Some(stopped);
                break;
            }
            frame = inbox.recv() => match frame {
                Some(frame) => ("receive", run(&link, "receive", consumer.receive(frame, &mut socket)).await),
                None => {
                    code = Some(link.closed().unwrap_or(CloseCode::ABNORMAL));
                    break;
                }
            },
            Some(event) = mailbox.recv() => {
                ("event", run(&link, "event", handlers.event(&mut consumer, &event, &mut socket)).await)
            }
        };
        match ran {
            Ran::Done => {}
            Ran::Failed(error) => answer::<C>(&link, hook, &error).await,
            Ran::Panicked => code = Some(fail(&link)),
            Ran::Overdue => code = link.closed(),
        }
        // a hook that never waits must not keep the worker from the others
        coop::consume_budget().await;
    }
    let code = code.unwrap_or(CloseCode::ABNORMAL);
    disconnect(&link, consumer, code, socket).await;
}

/// How a hook ended.
enum Ran {
    Done,
    Failed(Error),
    Panicked,
    /// The connection was ended from outside, and the hook did not end in time: it was dropped at its await.
    Overdue,
}

async fn run(link: &Link, hook: &'static str, future: impl Future<Output = Result<()>>) -> Ran {
    select! {
        biased;
        outcome = AssertUnwindSafe(future).catch_unwind() => match outcome {
            Ok(Ok(())) => Ran::Done,
            Ok(Err(error)) => {
                metrics::hook_error(hook);
                Ran::Failed(error)
            }
            Err(_) => {
                metrics::hook_panic(hook);
                tracing::error!(connection = %link.id(), hook, "a consumer panicked; its connection is closed");
                Ran::Panicked
            }
        },
        () = link.overdue() => {
            tracing::warn!(connection = %link.id(), hook, "hook dropped: it went on after the connection was closed");
            Ran::Overdue
        }
    }
}

/// A consumer that cannot connect is refused.
fn refuse(link: &Link, error: &Error) -> CloseCode {
    tracing::info!(connection = %link.id(), %error, "refused by its consumer");
    let (code, reason) = error.to_refusal();
    link.close(Rejection::new(code, reason));
    link.closed().unwrap_or(code)
}

/// A panic ends its own connection alone.
fn fail(link: &Link) -> CloseCode {
    link.close(Rejection::new(CloseCode::INTERNAL, "internal error"));
    CloseCode::INTERNAL
}

/// A hook's error is answered, and the connection lives on.
async fn answer<C: WebsocketConsumer>(link: &Link, hook: &'static str, error: &Error) {
    if let Some((code, reason)) = error.as_close() {
        return link.close(Rejection::new(code, reason.to_owned()));
    }
    match error.as_reply() {
        Some((code, message)) => {
            tracing::debug!(connection = %link.id(), hook, code, message, "answered with an error")
        }
        None if link.closed().is_some() => {
            tracing::debug!(connection = %link.id(), hook, %error, "hook failed after the connection was closed");
        }
        None => tracing::error!(connection = %link.id(), hook, %error, "hook failed"),
    }
    if let Some(frame) = C::error_frame(error)
        && let Err(error) = link.send(link.frame(frame.opcode(), frame.as_bytes())).await
    {
        tracing::debug!(connection = %link.id(), %error, "the error frame was not sent");
    }
}

async fn disconnect<C: WebsocketConsumer>(link: &Link, mut consumer: C, code: CloseCode, mut socket: Socket) {
    let hook = AssertUnwindSafe(consumer.disconnect(code, &mut socket)).catch_unwind();
    match timeout(link.limits().close_timeout, hook).await {
        Ok(Ok(Ok(()))) => {}
        Ok(Ok(Err(error))) => {
            metrics::hook_error("disconnect");
            tracing::error!(connection = %link.id(), hook = "disconnect", %error, "hook failed");
        }
        Ok(Err(_)) => {
            metrics::hook_panic("disconnect");
            tracing::error!(connection = %link.id(), hook = "disconnect", "a consumer panicked");
        }
        Err(_) => {
            tracing::warn!(connection = %link.id(), hook = "disconnect", "hook dropped: it took too long")
        }
    }
}
