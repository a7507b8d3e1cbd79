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
    while let Some(Ok(arrived)) = payload.next().await {
        link.heard();
        let mut chunk = arrived.clone();
        let taken = match meter.bytes(chunk.len()) {
            Ok(()) => take(&mut decoder, &mut chunk, &meter, &link, &inbox).await,
            Err(too_fast) => ControlFlow::Break(End::Broken(too_fast.into())),
        };
        link.midway(decoder.is_midway());
        let ControlFlow::Break(end) = taken else { continue };
        inbox.end();
        if let End::Broken(rejection) = end {
            tracing::info!(connection = %link.id(), %rejection, "closed: the client broke the rules");
            link.broken(rejection);
            // a socket that is closed with bytes unread is reset, and the close frame may be lost
            let mut last = arrived;
            while !ends_with_close(&last) {
                let Some(Ok(next)) = payload.next().await else { break };
                link.heard();
                last = next;
            }
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
                let inbox = inbox.of(&frame);
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

/// Whether a client's last word is at the end of `bytes`: a close frame, after which it sends nothing. After a
/// breach nobody knows where frames begin. To be wrong costs little: bytes that only look like one end the
/// connection earlier, and one that comes in two pieces ends it a little later.
fn ends_with_close(bytes: &[u8]) -> bool {
    const MASK: usize = 4;
    (0..bytes.len()).any(|start| match bytes[start..] {
        // too long for a close frame, and one all the same
        [0x88, 0xFE, high, low, ref rest @ ..] => {
            rest.len() == MASK + usize::from(u16::from_be_bytes([high, low]))
        }
        [0x88, length @ 0x80..0xFE, ref rest @ ..] => rest.len() == MASK + usize::from(length - 0x80),
        _ => false,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clients_close_is_seen_at_the_end_of_anything() {
        let bare = [0x88, 0x80, 1, 2, 3, 4];
        let with_code = [0x88, 0x82, 1, 2, 3, 4, 2, 234];
        let too_long = [&[0x88, 0xFE, 0, 126, 1, 2, 3, 4][..], &[b'x'; 126]].concat();
        for close in [&bare[..], &with_code, &too_long] {
            assert!(ends_with_close(close));
            assert!(ends_with_close(&[b"\xF0\x88 and so on", close].concat()));
        }
    }

    #[test]
    fn what_is_no_close_at_the_end_is_not_taken_for_one() {
        let ping = [0x89, 0x80, 1, 2, 3, 4];
        let not_masked = [0x88, 0, 1, 2, 3, 4];
        let cut = [0x88, 0x82, 1, 2, 3, 4, 2];
        for bytes in [&[][..], &ping, &not_masked, &cut] {
            assert!(!ends_with_close(bytes), "{bytes:?}");
        }
    }
}
