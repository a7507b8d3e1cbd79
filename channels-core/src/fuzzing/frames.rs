//! What is written as frames, by a server and by a client.

use bytes::Bytes;
use channels_layer::wire::{
    deflate::Window,
    websocket::{self, Opcode},
};

use super::said::said;
use crate::{
    CloseCode, CloseReason, Frame,
    transport::{Message, MessageLimits, Role, close_frame},
};

const LIMITS: MessageLimits = MessageLimits { message: 1 << 20, fragments: 1, inflation: Some(usize::MAX) };

/// The longest message that is made here: longer than two bytes can say.
const LONGEST: usize = 70_000;

/// How many are made, so that an input takes milliseconds.
const MOST: usize = 8;

/// The input: a mask, then messages: kind, length, how many times it is repeated, text or bytes.
///
/// What is written is read back as it was, plain and compressed in every window; by a client as it is, by a
/// server when it is masked.
pub fn frames(data: &[u8]) {
    let Some((key, mut rest)) = data.split_first_chunk::<4>() else { return };
    let (mut written, mut messages) = (Vec::new(), Vec::new());
    for _ in 0..MOST {
        let Some((&[kind, length, times], after)) = rest.split_first_chunk() else { break };
        let (part, after) = after.split_at(usize::from(length).min(after.len()));
        let (frame, message) = written_as(kind, part, times);
        written.push(frame);
        messages.push(message);
        if let Some(Message::Close(_)) = messages.last() {
            break;
        }
        rest = after;
    }
    let masked: Vec<Vec<u8>> = written.iter().map(|frame| masked(frame, *key)).collect();

    let (by_client, by_server) =
        (said(Role::Client, LIMITS, [&*written.concat()]), said(Role::Server, LIMITS, [&*masked.concat()]));

    assert_eq!(by_client, (messages, None));
    assert_eq!(by_server, by_client);
}

/// A frame, and what it says.
fn written_as(kind: u8, part: &[u8], times: u8) -> (Bytes, Message) {
    // mostly few: long messages are slow, and say nothing new
    let times = if times == u8::MAX { LONGEST } else { 1 + usize::from(times) / 8 };
    let short = Bytes::copy_from_slice(part.get(..125).unwrap_or(part));
    match kind & 7 {
        0 => (websocket::frame(Opcode::Ping, &short), Message::Ping(short)),
        1 => (websocket::frame(Opcode::Pong, &short), Message::Pong(short)),
        2 => {
            let code = u16::from_be_bytes([kind, part.first().copied().unwrap_or_default()]);
            let code = CloseCode::new(code).unwrap_or(CloseCode::NORMAL);
            let reason = CloseReason::new(code, &String::from_utf8_lossy(part));
            (close_frame(&reason), Message::Close(Some(reason)))
        }
        3 | 4 => {
            let text = String::from_utf8_lossy(part);
            let text = text.repeat(times.min(LONGEST / text.len().max(1)));
            let frame =
                data_frame(kind, Opcode::Text, text.as_bytes()).unwrap_or_else(|| websocket::text(&text));
            (frame, Message::Frame(Frame::Text(text.into())))
        }
        _ => {
            let bytes = part.repeat(times.min(LONGEST / part.len().max(1)));
            let frame = data_frame(kind, Opcode::Binary, &bytes);
            let frame = frame.unwrap_or_else(|| websocket::frame(Opcode::Binary, &bytes));
            (frame, Message::Frame(Frame::Binary(bytes.into())))
        }
    }
}

/// Compressed, if `kind` says so and it can be.
fn data_frame(kind: u8, opcode: Opcode, payload: &[u8]) -> Option<Bytes> {
    let frame = websocket::compressed(opcode, payload, Window::new(kind >> 4)?)?;
    assert!(frame.len() < websocket::frame(opcode, payload).len(), "compression made it no shorter");
    Some(frame)
}

/// A server's frame as a client would send it (RFC 6455 section 5.3, word for word).
fn masked(frame: &[u8], key: [u8; 4]) -> Vec<u8> {
    let length = match frame[1] {
        126 => 2,
        127 => 8,
        _ => 0,
    };
    let (head, payload) = frame.split_at(2 + length);
    let mut masked = head.to_vec();
    masked[1] |= 0x80;
    masked.extend(key);
    masked.extend(payload.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]));
    masked
}
