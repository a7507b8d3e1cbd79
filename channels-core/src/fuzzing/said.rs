//! What a decoder makes of a stream, wherever it is cut.

use bytes::Bytes;

use crate::{
    Frame,
    transport::{Decoder, Message, MessageLimits, ProtocolError, Role},
};

/// How much memory a payload gets before it arrives.
const AHEAD: usize = 16 * 1024;

/// So much a compressed message may inflate to in any case.
const ALWAYS: usize = 16 * 1024;

/// The longest payload of a control frame.
const CONTROL: usize = 125;

/// What a peer said: its messages, and how it broke the protocol if it did.
pub(super) type Said = (Vec<Message>, Option<ProtocolError>);

/// What comes of `pieces`, each as one read.
pub(super) fn said<'a>(
    role: Role,
    limits: MessageLimits,
    pieces: impl IntoIterator<Item = &'a [u8]>,
) -> Said {
    let mut decoder = Decoder::new(role, limits);
    let mut messages = Vec::new();
    // of the message under way, its headers too
    let mut arrived = 0;
    let mut over = None;
    for piece in pieces.into_iter().filter(|piece| !piece.is_empty()) {
        let read = Bytes::copy_from_slice(piece);
        let mut input = read.clone();
        loop {
            let before = input.len();
            let next = decoder.next(&mut input);
            arrived += before - input.len();
            assert_held(&decoder, arrived, limits);
            match next {
                Ok(Some(message)) => {
                    assert!(over.is_none(), "a message after the end");
                    if let Message::Frame(frame) = &message {
                        assert_allowed(frame, arrived, limits);
                        arrived = 0;
                    }
                    if let Message::Close(_) = &message {
                        over = Some(None);
                    }
                    messages.push(message);
                }
                Ok(None) => break,
                Err(breach) => {
                    assert!(over.is_none(), "a breach after the end");
                    over = Some(Some(breach));
                }
            }
        }
        assert!(input.is_empty(), "it asks for more before it has used up what it got");
        assert!(over.is_none() || !decoder.is_midway(), "it waits for more after the end");
        drop(input);
        assert!(read.is_unique(), "a message keeps the read buffer alive");
    }
    (messages, over.flatten())
}

/// The memory it holds is bounded by what arrived, whatever a header declares.
fn assert_held(decoder: &Decoder, arrived: usize, limits: MessageLimits) {
    let held = decoder.held();
    let bound = (AHEAD + 2 * arrived).min(2 * limits.message) + CONTROL;
    assert!(held <= bound, "{held} bytes are held of {arrived} that arrived");
}

fn assert_allowed(frame: &Frame, arrived: usize, limits: MessageLimits) {
    let most = match limits.inflation {
        Some(ratio) => arrived.saturating_mul(ratio).max(ALWAYS),
        None => arrived,
    };
    let len = frame.len();
    assert!(len <= limits.message.min(most), "a message of {len} bytes of {arrived} that arrived");
}
