//! RFC 6455 read naively, with the whole stream at hand: what the decoder is compared with.

use crate::{
    CloseCode, CloseReason, Frame,
    transport::{Message, MessageLimits, ProtocolError, Role, inflated},
};

/// The messages in `stream`, and the code that it is refused with, if it is.
pub(super) fn read(role: Role, limits: MessageLimits, stream: &[u8]) -> (Vec<Message>, Option<u16>) {
    let mut messages = Vec::new();
    let refused = read_into(&mut messages, role, limits, stream);
    (messages, refused.err())
}

fn read_into(
    messages: &mut Vec<Message>,
    role: Role,
    limits: MessageLimits,
    mut stream: &[u8],
) -> Result<(), u16> {
    let mut open: Option<Open> = None;
    while let Some(head) = Head::read(stream, role, limits.inflation.is_some())? {
        let payload = stream[head.size..].iter().zip(0..head.length);
        let payload: Vec<u8> = payload.map(|(byte, i)| byte ^ head.key[(i % 4) as usize]).collect();
        let whole = payload.len() as u64 == head.length;
        stream = &stream[head.size + payload.len()..];
        match head.opcode {
            8.. if !whole => return Ok(()),
            8 => {
                messages.push(Message::Close(close_reason(&payload)?));
                return Ok(());
            }
            9 => messages.push(Message::Ping(payload.into())),
            10.. => messages.push(Message::Pong(payload.into())),
            opcode => {
                let mut message = match (opcode, open.take()) {
                    (0, None) | (1.., Some(_)) => return Err(1002),
                    (0, Some(message)) => message,
                    (1.., None) => Open { text: opcode == 1, compressed: head.compressed, ..Open::default() },
                };
                message.frames += 1;
                let length = message.payload.len() as u64 + head.length;
                if message.frames > limits.fragments || length > limits.message as u64 {
                    return Err(1009);
                }
                message.payload.extend(payload);
                if whole && head.fin {
                    messages.push(Message::Frame(message.end(limits)?));
                } else {
                    message.check()?;
                    open = Some(message);
                }
                if !whole {
                    return Ok(());
                }
            }
        }
    }
    Ok(())
}

/// Section 5.2.
struct Head {
    fin: bool,
    compressed: bool,
    opcode: u8,
    length: u64,
    key: [u8; 4],
    size: usize,
}

impl Head {
    fn read(bytes: &[u8], role: Role, compression: bool) -> Result<Option<Self>, u16> {
        let &[first, second, ref rest @ ..] = bytes else { return Ok(None) };
        let bit = |place: u8| first >> place & 1 == 1;
        let (fin, compressed, opcode) = (bit(7), bit(6), first & 15);
        let (masked, short) = (second >= 128, second % 128);

        let opcode_is_known = matches!(opcode, 0..=2 | 8..=10);
        let compression_is_agreed = !compressed || (compression && matches!(opcode, 1 | 2));
        let control_is_short = opcode < 8 || (fin && short < 126);
        let right = opcode_is_known && compression_is_agreed && control_is_short && !bit(5) && !bit(4);
        if !right || masked != (role == Role::Server) {
            return Err(1002);
        }
        let (digits, least) = match short {
            126 => (2, 126),
            127 => (8, 65_536),
            _ => (0, 0),
        };
        if rest.len() < digits {
            return Ok(None);
        }
        let (digits, rest) = rest.split_at(digits);
        let number = digits.iter().fold(0, |number, digit| number << 8 | u64::from(*digit));
        let length = if short < 126 { u64::from(short) } else { number };
        if length < least || length > i64::MAX as u64 {
            return Err(1002);
        }
        let key = match (masked, rest) {
            (false, _) => [0; 4],
            (true, &[a, b, c, d, ..]) => [a, b, c, d],
            (true, _) => return Ok(None),
        };
        let size = 2 + digits.len() + if masked { 4 } else { 0 };
        Ok(Some(Self { fin, compressed, opcode, length, key, size }))
    }
}

/// A message whose end has not come.
#[derive(Default)]
struct Open {
    text: bool,
    compressed: bool,
    frames: usize,
    payload: Vec<u8>,
}

impl Open {
    /// Text may end inside a character, and nowhere else.
    fn check(&self) -> Result<(), u16> {
        match std::str::from_utf8(&self.payload) {
            Err(error) if self.text && !self.compressed && error.error_len().is_some() => Err(1007),
            Ok(_) | Err(_) => Ok(()),
        }
    }

    fn end(self, limits: MessageLimits) -> Result<Frame, u16> {
        let payload = match limits.inflation {
            Some(ratio) if self.compressed => inflated(&self.payload, ratio, limits.message)
                .map_err(|error| ProtocolError::from(error).close_code().as_u16())?,
            Some(_) | None => self.payload,
        };
        if !self.text {
            return Ok(Frame::Binary(payload.into()));
        }
        String::from_utf8(payload).map(|text| Frame::Text(text.into())).or(Err(1007))
    }
}

/// What a close frame says (section 5.5.1), or the code it is refused with.
pub(super) fn close_reason(payload: &[u8]) -> Result<Option<CloseReason>, u16> {
    let Some((code, text)) = payload.split_first_chunk() else {
        return if payload.is_empty() { Ok(None) } else { Err(1002) };
    };
    let code = u16::from_be_bytes(*code);
    // section 7.4, and what is registered since
    let registered = (1000..=1014).contains(&code) && ![1004, 1005, 1006].contains(&code);
    if !registered && !(3000..=4999).contains(&code) {
        return Err(1002);
    }
    let code = CloseCode::new(code).ok_or(1002_u16)?;
    match std::str::from_utf8(text) {
        Ok(text) => Ok(Some(CloseReason { code, reason: text.into() })),
        Err(_) => Err(1007),
    }
}
