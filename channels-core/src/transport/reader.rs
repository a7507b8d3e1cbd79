//! Reads a client's bytes, and hands its messages to the consumer.

use std::pin::pin;

use bytes::Bytes;
use futures_util::{Stream, StreamExt};

use super::{Decoder, Message, MessageLimits, Role};
use crate::{
    Rejection,
    connection::{Inbox, Link},
};

/// Reads until the client closes, breaks the protocol, or is gone. Pings are answered here, so that a busy
/// consumer does not delay them; when its inbox is full, reading stops and TCP holds the client back.
pub(crate) async fn read<E>(payload: impl Stream<Item = Result<Bytes, E>>, link: Link, inbox: Inbox) {
    let mut payload = pin!(payload);
    let limits = MessageLimits {
        message: link.limits().message,
        fragments: link.limits().fragments,
        inflation: link.compression().map(|agreed| agreed.ratio),
    };
    let mut decoder = Decoder::new(Role::Server, limits);
    while let Some(Ok(mut chunk)) = payload.next().await {
        link.heard();
        loop {
            match decoder.next(&mut chunk) {
                Ok(Some(Message::Frame(frame))) => {
                    if inbox.is_full() {
                        link.set_deaf(true);
                        inbox.push(frame).await;
                        link.set_deaf(false);
                    } else {
                        inbox.push(frame).await;
                    }
                }
                Ok(Some(Message::Ping(payload))) => link.outbound().pong(&payload),
                Ok(Some(Message::Pong(_))) => {}
                Ok(Some(Message::Close(reason))) => {
                    link.closed_by_peer(reason);
                    inbox.end();
                    return;
                }
                Ok(None) => break,
                Err(breach) => {
                    tracing::info!(connection = %link.id(), %breach, "closed: the client broke the protocol");
                    link.close(Rejection::new(breach.close_code(), breach.to_string()));
                    inbox.end();
                    // a socket that is closed with bytes unread is reset, and the close frame may be lost
                    while let Some(Ok(_)) = payload.next().await {}
                    return;
                }
            }
        }
    }
    link.lost();
    inbox.end();
}
