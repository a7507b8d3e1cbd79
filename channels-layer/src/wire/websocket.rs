//! Frames as a server writes them (RFC 6455 section 5.2): final and unmasked, so that one serves everybody.

use bytes::{BufMut, Bytes, BytesMut};

use super::deflate::{Window, deflated};

const FINAL: u8 = 0x80;
/// The first reserved bit: the message is compressed (RFC 7692 section 6).
const COMPRESSED: u8 = 0x40;

/// What a frame carries.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// UTF-8 text.
    Text = 0x1,
    /// Bytes.
    Binary = 0x2,
    /// The last frame of a connection.
    Close = 0x8,
    /// Asks for a pong.
    Ping = 0x9,
    /// Answers a ping.
    Pong = 0xA,
}

/// A text frame.
pub fn text(payload: &str) -> Bytes {
    frame(Opcode::Text, payload.as_bytes())
}

/// One whole frame. A control frame's payload must not be longer than 125 bytes.
pub fn frame(opcode: Opcode, payload: &[u8]) -> Bytes {
    framed(FINAL | opcode as u8, payload)
}

/// A data frame for a client that takes compressed ones, without context: `None` if that saves nothing.
pub fn compressed(opcode: Opcode, payload: &[u8], window: Window) -> Option<Bytes> {
    Some(framed(FINAL | COMPRESSED | opcode as u8, &deflated(payload, window)?))
}

fn framed(first: u8, payload: &[u8]) -> Bytes {
    let mut frame = BytesMut::with_capacity(payload.len() + 10);
    frame.put_u8(first);
    if let Ok(length @ ..=125) = u8::try_from(payload.len()) {
        frame.put_u8(length);
    } else if let Ok(length) = u16::try_from(payload.len()) {
        frame.put_u8(126);
        frame.put_u16(length);
    } else {
        frame.put_u8(127);
        frame.put_u64(payload.len() as u64);
    }
    frame.put_slice(payload);
    frame.freeze()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_takes_as_few_bytes_as_it_can() {
        for (length, head) in [
            (0, &[0x81, 0][..]),
            (125, &[0x81, 125]),
            (126, &[0x81, 126, 0, 126]),
            (65_535, &[0x81, 126, 0xff, 0xff]),
            (65_536, &[0x81, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
        ] {
            let frame = text(&"x".repeat(length));
            assert_eq!(&frame[..head.len()], head);
            assert_eq!(frame.len(), head.len() + length);
        }
    }
}
