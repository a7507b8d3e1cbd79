//! Bytes in, messages out: RFC 6455 without I/O. Limits are checked at a frame's header, before its payload is
//! kept, and text while it arrives. A compressed message (RFC 7692) is inflated, and checked, when it is whole.

use std::mem;

use bytes::{Buf, BufMut, Bytes};

use super::inflate::{self, InflateError};
use super::mask::Mask;
use super::utf8::{self, InvalidUtf8, Utf8Prefix};
use crate::{
    Frame, Rejection,
    close::{CloseCode, CloseReason},
};

/// How much memory a payload gets before it arrives. Later as much again as has arrived.
const AHEAD: usize = 16 * 1024;

/// The longest payload of a control frame (RFC 6455 section 5.5), and the longest length that fits its byte.
const SHORT: u8 = 125;

/// Turns what a connection receives into messages.
///
/// Unmasks into memory of its own, so a small message never keeps a large read buffer alive. Between two
/// messages it holds nothing.
pub(crate) struct Decoder {
    terms: Terms,
    limits: MessageLimits,
    stage: Stage,
}

/// What a frame may look like on this connection.
#[derive(Clone, Copy)]
struct Terms {
    role: Role,
    compression: bool,
}

/// Which side of the connection we are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Role {
    /// We are the server: every frame has to be masked.
    Server,
    /// We are the client, as the testing kit is: no frame may be masked.
    Client,
}

/// What a message may cost.
#[derive(Clone, Copy, Debug)]
pub(crate) struct MessageLimits {
    /// The bytes of a whole message.
    pub(crate) message: usize,
    /// The frames of one message, at least 1. Frames may be empty, so the bytes alone bound nothing.
    pub(crate) fragments: usize,
    /// How many times its size a compressed message may inflate to; `None` where none was agreed on.
    pub(crate) inflation: Option<usize>,
}

/// What a connection received.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Message {
    /// A text or binary message, joined from its fragments.
    Frame(Frame),
    /// To be answered with a pong of the same payload.
    Ping(Bytes),
    /// The answer to a ping, or a sign of life nobody asked for.
    Pong(Bytes),
    /// The peer's last word. What comes after it is dropped.
    Close(Option<CloseReason>),
}

/// How a peer broke the protocol or a limit. The connection cannot go on.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum ProtocolError {
    #[error("a frame has a reserved bit set, and no extension is in use")]
    ReservedBits,
    #[error("a frame has the unknown opcode {0}")]
    UnknownOpcode(u8),
    #[error("a frame from a client is not masked")]
    Unmasked,
    #[error("a frame from a server is masked")]
    Masked,
    #[error("a control frame is fragmented")]
    FragmentedControl,
    #[error("a control frame is longer than 125 bytes")]
    ControlTooLong,
    #[error("a frame's length has its top bit set")]
    LengthTopBit,
    #[error("a frame's length is written with more bytes than it needs")]
    LengthNotMinimal,
    #[error("a continuation continues no message")]
    NothingToContinue,
    #[error("a message begins before the one under way has ended")]
    Interleaved,
    #[error("a close frame ends inside its code")]
    HalfCloseCode,
    #[error("a close frame has the code {0}, which may not be sent")]
    BadCloseCode(u16),
    #[error(transparent)]
    InvalidUtf8(#[from] InvalidUtf8),
    #[error(transparent)]
    Inflate(#[from] InflateError),
    #[error("a message is longer than {limit} bytes")]
    MessageTooBig { limit: usize },
    #[error("a message has more than {limit} fragments")]
    TooManyFragments { limit: usize },
}

impl Decoder {
    pub(crate) fn new(role: Role, limits: MessageLimits) -> Self {
        let terms = Terms { role, compression: limits.inflation.is_some() };
        Self { terms, limits, stage: Stage::header(None) }
    }

    /// Takes from `input` until a message is complete, or the input is used up and there is `None`.
    ///
    /// # Errors
    ///
    /// [`ProtocolError`] at the earliest byte that shows it. From then on, as after a close, all input is dropped.
    pub(crate) fn next(&mut self, input: &mut Bytes) -> Result<Option<Message>, ProtocolError> {
        loop {
            // a breach or a close returns without a next stage, and so ends the connection's input
            match mem::replace(&mut self.stage, Stage::Over) {
                Stage::Header { mut bytes, unfinished } => match bytes.take(input, self.terms)? {
                    Some(header) => self.stage = self.payload(header, unfinished)?,
                    None => {
                        self.stage = Stage::Header { bytes, unfinished };
                        return Ok(None);
                    }
                },
                Stage::Data { mut payload, mut message } => {
                    payload.take(input, &mut message.payload);
                    if payload.left == 0 && payload.fin {
                        let frame = message.into_frame(self.limits)?;
                        self.stage = Stage::header(None);
                        return Ok(Some(Message::Frame(frame)));
                    }
                    message.check()?;
                    if payload.left > 0 {
                        self.stage = Stage::Data { payload, message };
                        return Ok(None);
                    }
                    self.stage = Stage::header(Some(message));
                }
                Stage::Control { control, mut payload, mut body, unfinished } => {
                    payload.take(input, &mut body);
                    if payload.left > 0 {
                        self.stage = Stage::Control { control, payload, body, unfinished };
                        return Ok(None);
                    }
                    let body = Bytes::from(body);
                    let message = match control {
                        Control::Close => return Ok(Some(Message::Close(close_reason(body)?))),
                        Control::Ping => Message::Ping(body),
                        Control::Pong => Message::Pong(body),
                    };
                    self.stage = Stage::header(unfinished);
                    return Ok(Some(message));
                }
                Stage::Over => {
                    input.clear();
                    return Ok(None);
                }
            }
        }
    }

    /// Whether what was taken last is the beginning of something that is not all there.
    pub(crate) fn is_midway(&self) -> bool {
        match &self.stage {
            Stage::Header { bytes, unfinished } => bytes.filled > 0 || unfinished.is_some(),
            Stage::Data { .. } | Stage::Control { .. } => true,
            Stage::Over => false,
        }
    }

    /// The memory held for what is not all there, in bytes.
    #[cfg(any(test, fuzzing))]
    pub(crate) fn held(&self) -> usize {
        let message = |message: &Unfinished| message.payload.capacity();
        match &self.stage {
            Stage::Header { unfinished, .. } => unfinished.as_ref().map_or(0, message),
            Stage::Data { message: unfinished, .. } => message(unfinished),
            Stage::Control { body, unfinished, .. } => {
                body.capacity() + unfinished.as_ref().map_or(0, message)
            }
            Stage::Over => 0,
        }
    }

    /// The stage after `header`: its payload, if the frame may come here and is not too much.
    fn payload(&self, header: Header, unfinished: Option<Unfinished>) -> Result<Stage, ProtocolError> {
        let Header { opcode, compressed, payload } = header;
        let mut message = match (opcode, unfinished) {
            (Opcode::Control(control), unfinished) => {
                return Ok(Stage::Control { control, payload, body: Vec::new(), unfinished });
            }
            (Opcode::Text, None) => Unfinished::new(Kind::Text(Utf8Prefix::default()), compressed),
            (Opcode::Binary, None) => Unfinished::new(Kind::Binary, compressed),
            (Opcode::Continuation, Some(message)) => message,
            (Opcode::Continuation, None) => return Err(ProtocolError::NothingToContinue),
            (Opcode::Text | Opcode::Binary, Some(_)) => return Err(ProtocolError::Interleaved),
        };
        message.admit(payload.left, self.limits)?;
        Ok(Stage::Data { payload, message })
    }
}

impl ProtocolError {
    /// The code the peer is told with the close frame.
    pub(crate) fn close_code(self) -> CloseCode {
        match self {
            Self::ReservedBits
            | Self::UnknownOpcode(_)
            | Self::Unmasked
            | Self::Masked
            | Self::FragmentedControl
            | Self::ControlTooLong
            | Self::LengthTopBit
            | Self::LengthNotMinimal
            | Self::NothingToContinue
            | Self::Interleaved
            | Self::HalfCloseCode
            | Self::BadCloseCode(_) => CloseCode::PROTOCOL,
            Self::InvalidUtf8(_) | Self::Inflate(InflateError::Malformed) => CloseCode::INVALID_TEXT,
            Self::MessageTooBig { .. }
            | Self::TooManyFragments { .. }
            | Self::Inflate(InflateError::TooBig { .. } | InflateError::Bomb { .. }) => CloseCode::TOO_BIG,
        }
    }
}

impl From<ProtocolError> for Rejection {
    fn from(breach: ProtocolError) -> Self {
        Self::new(breach.close_code(), breach.to_string())
    }
}

/// What the next byte is part of. Control frames may come between the fragments of a message, which waits as
/// `unfinished` meanwhile.
enum Stage {
    Header { bytes: HeaderBytes, unfinished: Option<Unfinished> },
    Data { payload: Payload, message: Unfinished },
    Control { control: Control, payload: Payload, body: Vec<u8>, unfinished: Option<Unfinished> },
    Over,
}

impl Stage {
    fn header(unfinished: Option<Unfinished>) -> Self {
        Self::Header { bytes: HeaderBytes::default(), unfinished }
    }
}

#[derive(Clone, Copy)]
enum Opcode {
    Continuation,
    Text,
    Binary,
    Control(Control),
}

#[derive(Clone, Copy)]
enum Control {
    Close,
    Ping,
    Pong,
}

/// What comes before a frame's payload (RFC 6455 section 5.2).
struct Header {
    opcode: Opcode,
    compressed: bool,
    payload: Payload,
}

impl Header {
    /// Reads a header and its size off the beginning of `bytes`, or `None` if it is not all there.
    fn parse(bytes: &[u8], terms: Terms) -> Result<Option<(Self, usize)>, ProtocolError> {
        let Some((&[first, second], rest)) = bytes.split_first_chunk() else { return Ok(None) };
        let (fin, compressed, reserved) = (first & 0x80 != 0, first & 0x40 != 0, first & 0x30 != 0);
        let (masked, length) = (second & 0x80 != 0, second & 0x7F);

        if reserved || (compressed && !terms.compression) {
            return Err(ProtocolError::ReservedBits);
        }
        let opcode = match first & 0x0F {
            0x0 => Opcode::Continuation,
            0x1 => Opcode::Text,
            0x2 => Opcode::Binary,
            0x8 => Opcode::Control(Control::Close),
            0x9 => Opcode::Control(Control::Ping),
            0xA => Opcode::Control(Control::Pong),
            unknown => return Err(ProtocolError::UnknownOpcode(unknown)),
        };
        // the bit stands on a message's first frame alone (RFC 7692 section 6)
        if compressed && !matches!(opcode, Opcode::Text | Opcode::Binary) {
            return Err(ProtocolError::ReservedBits);
        }
        if let Opcode::Control(_) = opcode {
            if !fin {
                return Err(ProtocolError::FragmentedControl);
            }
            if length > SHORT {
                return Err(ProtocolError::ControlTooLong);
            }
        }
        match (terms.role, masked) {
            (Role::Server, true) | (Role::Client, false) => {}
            (Role::Server, false) => return Err(ProtocolError::Unmasked),
            (Role::Client, true) => return Err(ProtocolError::Masked),
        }

        // the length, the least that may be written in this form, and what follows
        let length = match length {
            126 => rest.split_first_chunk().map(|(long, rest)| (u16::from_be_bytes(*long).into(), 126, rest)),
            127 => rest.split_first_chunk().map(|(long, rest)| (u64::from_be_bytes(*long), 1 << 16, rest)),
            short => Some((short.into(), 0, rest)),
        };
        let Some((length, least, rest)) = length else { return Ok(None) };
        if length >> 63 != 0 {
            return Err(ProtocolError::LengthTopBit);
        }
        if length < least {
            return Err(ProtocolError::LengthNotMinimal);
        }

        let key = if masked { rest.split_first_chunk() } else { Some((&[0; 4], rest)) };
        let Some((key, rest)) = key else { return Ok(None) };
        let payload = Payload { left: length, mask: Mask::new(*key), fin };
        Ok(Some((Self { opcode, compressed, payload }, bytes.len() - rest.len())))
    }
}

/// The bytes of a header, which may come one by one: two, up to eight of length, and four of mask.
#[derive(Default)]
struct HeaderBytes {
    bytes: [u8; 14],
    filled: usize,
}

impl HeaderBytes {
    /// Takes a header from `input`, or all of `input` if that does not complete it.
    fn take(&mut self, input: &mut Bytes, terms: Terms) -> Result<Option<Header>, ProtocolError> {
        let mut filled = self.filled;
        for (slot, byte) in self.bytes.iter_mut().skip(self.filled).zip(input.iter()) {
            *slot = *byte;
            filled += 1;
        }
        match Header::parse(&self.bytes[..filled], terms)? {
            Some((header, size)) => {
                input.advance(size - self.filled);
                Ok(Some(header))
            }
            None => {
                input.clear();
                self.filled = filled;
                Ok(None)
            }
        }
    }
}

/// The part of a frame's payload that has not come yet.
struct Payload {
    left: u64,
    mask: Mask,
    /// This frame is its message's last.
    fin: bool,
}

impl Payload {
    /// Moves what `input` has of it to the end of `buffer`, and unmasks it.
    fn take(&mut self, input: &mut Bytes, buffer: &mut Vec<u8>) {
        let left = usize::try_from(self.left).unwrap_or(usize::MAX);
        let known = buffer.len();
        let fresh = left.min(input.len());
        if buffer.capacity() - known < fresh {
            let ahead = left.min(AHEAD.max(known + fresh));
            // exact where the end is known; by doubling where a million fragments may follow
            if self.fin { buffer.reserve_exact(ahead) } else { buffer.reserve(ahead) }
        }
        buffer.put(input.take(fresh));
        self.mask.apply(&mut buffer[known..]);
        self.left -= fresh as u64;
    }
}

/// A message whose last byte has not come yet.
struct Unfinished {
    kind: Kind,
    compressed: bool,
    payload: Vec<u8>,
    fragments: usize,
}

enum Kind {
    Text(Utf8Prefix),
    Binary,
}

impl Unfinished {
    fn new(kind: Kind, compressed: bool) -> Self {
        Self { kind, compressed, payload: Vec::new(), fragments: 0 }
    }

    /// Counts one more frame, of `length` bytes, if the limits allow it.
    fn admit(&mut self, length: u64, limits: MessageLimits) -> Result<(), ProtocolError> {
        let MessageLimits { message, fragments, .. } = limits;
        self.fragments += 1;
        if self.fragments > fragments {
            return Err(ProtocolError::TooManyFragments { limit: fragments });
        }
        if length > message.saturating_sub(self.payload.len()) as u64 {
            return Err(ProtocolError::MessageTooBig { limit: message });
        }
        Ok(())
    }

    /// Checks what has come since the last time. The last piece needs no check: [`Self::into_frame`] sees it all.
    fn check(&mut self) -> Result<(), InvalidUtf8> {
        match &mut self.kind {
            Kind::Text(prefix) if !self.compressed => prefix.extend(&self.payload),
            Kind::Text(_) | Kind::Binary => Ok(()),
        }
    }

    fn into_frame(self, limits: MessageLimits) -> Result<Frame, ProtocolError> {
        let payload = match limits.inflation {
            Some(ratio) if self.compressed => inflate::inflated(&self.payload, ratio, limits.message)?,
            Some(_) | None => self.payload,
        };
        let payload = Bytes::from(payload);
        match self.kind {
            Kind::Text(_) => Ok(Frame::Text(utf8::text(payload)?)),
            Kind::Binary => Ok(Frame::Binary(payload)),
        }
    }
}

/// What a close frame says: nothing, or a code and a text (RFC 6455 section 5.5.1).
fn close_reason(mut body: Bytes) -> Result<Option<CloseReason>, ProtocolError> {
    if body.is_empty() {
        return Ok(None);
    }
    let Ok(code) = body.try_get_u16() else { return Err(ProtocolError::HalfCloseCode) };
    let code = CloseCode::from_wire(code).ok_or(ProtocolError::BadCloseCode(code))?;
    let reason = utf8::text(body)?;
    Ok(Some(CloseReason { code, reason }))
}

#[cfg(test)]
mod tests;
