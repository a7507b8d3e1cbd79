//! Reads a client's bytes, and hands its messages to the consumer.

use std::{ops::ControlFlow, pin::pin};

use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use super::{Decoder, Message, MessageLimits, Role, rate::Meter};
use crate::{
    Rejection,
    connection::{Inbox, Link},
};

/// Reads until the client closes, breaks a rule, or is gone. Pings are answered here, so that a busy consumer does
/// not delay them; when its inbox is full, reading stops and TCP holds the client back.
pub(crate) async fn read<E>(payload: impl Stream<Item = Result<Bytes, E>>, link: Link, inbox: Inbox) {
    let mut payload = pin!(payload);
    let limits = MessageLimits {
        message: link.limits().message,
        fragments: link.limits().fragments,
        inflation: link.compression().map(|agreed| agreed.ratio),
    };
    let meter = Meter::new(link.limits());
    let mut decoder = Decoder::new(Role::Server, limits);
    while let Some(Ok(mut chunk)) = payload.next().await {
        link.heard();
        let taken = match meter.bytes(chunk.len()) {
            Ok(()) => take(&mut decoder, &mut chunk, &meter, &link, &inbox).await,
            Err(too_fast) => ControlFlow::Break(End::Broken(too_fast.into())),
        };
        link.midway(decoder.is_midway());
        let ControlFlow::Break(end) = taken else { continue };
        inbox.end();
        if let End::Broken(rejection) = end {
            tracing::info!(connection = %link.id(), %rejection, "closed: the client broke the rules");
            link.dismiss(rejection);
            // a socket that is closed with bytes unread is reset, and the close frame may be lost
            while let Some(Ok(_)) = payload.next().await {}
        }
        return;
    }
    link.lost();
    inbox.end();
}

/// Why nothing more is read.
enum End {
    /// The client closed.
    Closed,
    /// It broke the protocol, or a limit.
    Broken(Rejection),
}

/// Takes all messages out of `chunk`.
async fn take(
    decoder: &mut Decoder,
    chunk: &mut Bytes,
    meter: &Meter,
    link: &Link,
    inbox: &Inbox,
) -> ControlFlow<End> {
    loop {
        let message = match decoder.next(chunk) {
            Ok(Some(message)) => message,
            Ok(None) => return ControlFlow::Continue(()),
            Err(breach) => return ControlFlow::Break(End::Broken(breach.into())),
        };
        if let Err(too_fast) = meter.message() {
            return ControlFlow::Break(End::Broken(too_fast.into()));
        }
        match message {
            Message::Frame(frame) => {
                link.spoke();
                if inbox.is_full() {
                    link.set_deaf(true);
                    inbox.push(frame).await;
                    link.set_deaf(false);
                } else {
                    inbox.push(frame).await;
                }
            }
            Message::Ping(payload) => link.outbound().pong(&payload),
            Message::Pong(_) => {}
            Message::Close(reason) => {
                link.closed_by_peer(reason);
                return ControlFlow::Break(End::Closed);
            }
        }
    }
}
