//! Frames of RFC 6455, as far as a load generator needs them: masked ones out, whole messages in.

use std::fmt;

/// Not zero: there are servers that skip the unmasking then.
const MASK: [u8; 4] = [0x5a, 0xa5, 0x3c, 0xc3];

/// The longest header of a server's frame.
const HEADER: usize = 10;

/// What a frame is, of those that a server may send whole.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Text,
    Binary,
    Close,
    Ping,
    Pong,
}

impl Kind {
    fn opcode(self) -> u8 {
        match self {
            Self::Text => 1,
            Self::Binary => 2,
            Self::Close => 8,
            Self::Ping => 9,
            Self::Pong => 10,
        }
    }

    fn of(opcode: u8) -> Option<Self> {
        [Self::Text, Self::Binary, Self::Close, Self::Ping, Self::Pong]
            .into_iter()
            .find(|kind| kind.opcode() == opcode)
    }
}

/// Appends a client's frame to `out`.
pub(crate) fn write(kind: Kind, payload: &[u8], out: &mut Vec<u8>) {
    out.push(0x80 | kind.opcode());
    match payload.len() {
        length @ 0..=125 => out.push(0x80 | length as u8),
        length @ 126..=0xffff => {
            out.push(0x80 | 126);
            out.extend((length as u16).to_be_bytes());
        }
        length => {
            out.push(0x80 | 127);
            out.extend((length as u64).to_be_bytes());
        }
    }
    out.extend(MASK);
    out.extend(payload.iter().zip(MASK.into_iter().cycle()).map(|(byte, mask)| byte ^ mask));
}

/// What no server of ours sends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct BadFrame(u8);

impl fmt::Display for BadFrame {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "a frame that begins with {:#04x}: fragmented, compressed, masked or unknown", self.0)
    }
}

/// Cuts what comes from a server into messages. Keeps nothing where a read ends with a frame.
#[derive(Debug, Default)]
pub(crate) struct FrameReader {
    /// The beginning of a frame whose end has not come.
    begun: Vec<u8>,
}

impl FrameReader {
    /// Hands out every message that is whole.
    ///
    /// # Errors
    ///
    /// [`BadFrame`], and all after it is lost.
    pub(crate) fn read(&mut self, bytes: &[u8], mut each: impl FnMut(Kind, &[u8])) -> Result<(), BadFrame> {
        if self.begun.is_empty() {
            let used = messages(bytes, &mut each)?;
            self.begun.extend(&bytes[used..]);
        } else {
            self.begun.extend(bytes);
            let used = messages(&self.begun, &mut each)?;
            self.begun.drain(..used);
        }
        // ten thousand of these are held: a buffer is not kept for the next time
        if self.begun.is_empty() && self.begun.capacity() > 0 {
            self.begun = Vec::new();
        }
        Ok(())
    }
}

/// How many bytes the messages took that were whole.
fn messages(bytes: &[u8], each: &mut impl FnMut(Kind, &[u8])) -> Result<usize, BadFrame> {
    let mut used = 0;
    while let Some(frame) = Frame::at(&bytes[used..])? {
        let Some(payload) = bytes.get(used + frame.header..used + frame.header + frame.payload) else {
            break;
        };
        each(frame.kind, payload);
        used += frame.header + frame.payload;
    }
    Ok(used)
}

struct Frame {
    kind: Kind,
    header: usize,
    payload: usize,
}

impl Frame {
    /// Reads a header; `None` if it is not all there.
    fn at(bytes: &[u8]) -> Result<Option<Self>, BadFrame> {
        let [first, second, ..] = *bytes else { return Ok(None) };
        let kind = Kind::of(first & 0x0f).filter(|_| first & 0xf0 == 0x80 && second & 0x80 == 0);
        let kind = kind.ok_or(BadFrame(first))?;
        let mut long = [0; 8];
        let (header, payload) = match second {
            126 => {
                let Some(length) = bytes.get(2..4) else { return Ok(None) };
                long[6..].copy_from_slice(length);
                (4, u64::from_be_bytes(long) as usize)
            }
            127 => {
                let Some(length) = bytes.get(2..HEADER) else { return Ok(None) };
                long.copy_from_slice(length);
                (HEADER, u64::from_be_bytes(long) as usize)
            }
            short => (2, usize::from(short)),
        };
        Ok(Some(Self { kind, header, payload }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A server's frame.
    fn frame(kind: Kind, payload: &[u8]) -> Vec<u8> {
        let mut bytes = Vec::new();
        write(kind, payload, &mut bytes);
        let mask = bytes.len() - payload.len() - 4;
        bytes[1] &= 0x7f;
        bytes.truncate(mask);
        bytes.extend(payload);
        bytes
    }

    fn all(reader: &mut FrameReader, bytes: &[u8]) -> Vec<(Kind, Vec<u8>)> {
        let mut messages = Vec::new();
        reader.read(bytes, |kind, payload| messages.push((kind, payload.to_vec()))).unwrap();
        messages
    }

    #[test]
    fn messages_of_every_length_come_as_they_were_sent() {
        for length in [0, 1, 125, 126, 1000, 0xffff, 0x1_0000, 200_000] {
            let payload: Vec<u8> = (0..length).map(|byte| byte as u8).collect();

            let messages = all(&mut FrameReader::default(), &frame(Kind::Binary, &payload));

            assert_eq!(messages, [(Kind::Binary, payload)], "{length}");
        }
    }

    #[test]
    fn it_does_not_matter_where_the_bytes_are_cut() {
        let mut bytes = frame(Kind::Text, b"one");
        bytes.extend(frame(Kind::Ping, b""));
        bytes.extend(frame(Kind::Text, &[b'2'; 300]));
        let expected =
            [(Kind::Text, b"one".to_vec()), (Kind::Ping, Vec::new()), (Kind::Text, vec![b'2'; 300])];

        for piece in [1, 2, 3, 7, 100, bytes.len()] {
            let mut reader = FrameReader::default();
            let messages: Vec<_> = bytes.chunks(piece).flat_map(|bytes| all(&mut reader, bytes)).collect();

            assert_eq!(messages, expected, "in pieces of {piece}");
            assert_eq!(reader.begun.capacity(), 0, "nothing is kept");
        }
    }

    #[test]
    fn what_no_server_should_send_is_no_message() {
        let masked = [0x81, 0x80, 0, 0, 0, 0];
        let fragment = [0x01, 0x00];
        let compressed = [0xc1, 0x00];
        let unknown = [0x83, 0x00];

        for bytes in [&masked[..], &fragment, &compressed, &unknown] {
            let read = FrameReader::default().read(bytes, |kind, _| panic!("{kind:?}"));
            assert_eq!(read, Err(BadFrame(bytes[0])));
        }
    }

    #[test]
    fn what_is_written_is_masked() {
        let mut bytes = Vec::new();

        write(Kind::Text, b"hello", &mut bytes);

        assert_eq!(bytes[..2], [0x81, 0x85]);
        assert_eq!(bytes[2..6], MASK);
        let unmasked: Vec<u8> = bytes[6..].iter().zip(MASK.iter().cycle()).map(|(a, b)| a ^ b).collect();
        assert_eq!(unmasked, b"hello");
    }
}
