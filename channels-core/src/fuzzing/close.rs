//! Any bytes as the payload of a close frame.

use channels_layer::wire::websocket::{self, Opcode};

use super::{reference::close_reason, said::said};
use crate::{
    CloseCode, CloseReason,
    transport::{Message, MessageLimits, Role, close_frame},
};

const LIMITS: MessageLimits = MessageLimits { message: 1, fragments: 1, inflation: None };

/// The input: a payload.
///
/// It is a code that a peer may send and text (RFC 6455 sections 5.5.1 and 7.4), or it is refused with 1002, or
/// 1007 where only the text is at fault. A reason of any length fits into a frame of ours, and is read back.
pub fn close(payload: &[u8]) {
    let short = payload.get(..125).unwrap_or(payload);

    let (messages, breach) = said(Role::Client, LIMITS, [&*websocket::frame(Opcode::Close, short)]);

    let refused_with = breach.map(|breach| breach.close_code().as_u16());
    match close_reason(short) {
        Ok(reason) => assert_eq!((messages, breach), (vec![Message::Close(reason)], None)),
        Err(code) => assert_eq!((messages, refused_with), (vec![], Some(code))),
    }
    assert_written(&String::from_utf8_lossy(payload));
}

fn assert_written(text: &str) {
    let reason = CloseReason::new(CloseCode::FORBIDDEN, text);

    let (messages, breach) = said(Role::Client, LIMITS, [&*close_frame(&reason)]);

    assert_eq!((messages, breach), (vec![Message::Close(Some(reason.clone()))], None));
    let left = text.strip_prefix(&*reason.reason).expect("a reason is cut at its end");
    let next = left.chars().next().map_or(0, char::len_utf8);
    assert!(next == 0 || reason.reason.len() + next > 123, "more of the reason would have had room");
}
