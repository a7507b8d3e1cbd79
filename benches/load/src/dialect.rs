//! What goes inside the messages: ours, or Socket.IO's around it.

use crate::frame::Kind;

/// How a server wants to be spoken to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Dialect {
    Plain,
    /// Engine.IO 4 and Socket.IO 5, over a WebSocket from the start.
    SocketIo,
}

/// What a server's message asks of the client, or is.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Heard<'a> {
    Message(&'a [u8]),
    /// To be answered with this.
    Answer(Kind, &'a [u8]),
    /// Only now may something be said.
    Welcome,
    Closed,
    Nothing,
}

impl Dialect {
    /// Whether a connection is open with the WebSocket's handshake.
    pub(crate) fn is_open_at_once(self) -> bool {
        self == Self::Plain
    }

    pub(crate) fn hear(self, kind: Kind, payload: &[u8]) -> Heard<'_> {
        match (kind, self) {
            (Kind::Ping, _) => Heard::Answer(Kind::Pong, payload),
            (Kind::Pong, _) => Heard::Nothing,
            (Kind::Close, _) => Heard::Closed,
            (Kind::Text | Kind::Binary, Self::Plain) => Heard::Message(payload),
            (Kind::Text | Kind::Binary, Self::SocketIo) => match payload {
                [b'0', ..] => Heard::Answer(Kind::Text, b"40"),
                [b'1', ..] | [b'4', b'1' | b'4', ..] => Heard::Closed,
                [b'2', ..] => Heard::Answer(Kind::Text, b"3"),
                [b'4', b'0', ..] => Heard::Welcome,
                [b'4', b'2', message @ ..] => Heard::Message(message),
                _ => Heard::Nothing,
            },
        }
    }

    /// Puts around a message what the server expects around it.
    pub(crate) fn wrap(self, message: Vec<u8>) -> Vec<u8> {
        match self {
            Self::Plain => message,
            Self::SocketIo => [b"42[\"say\",", &message[..], b"]"].concat(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn socket_io_says_welcome_before_it_hears_anything() {
        let hear = |text: &'static str| Dialect::SocketIo.hear(Kind::Text, text.as_bytes());

        assert_eq!(hear("0{\"sid\":\"a\"}"), Heard::Answer(Kind::Text, b"40"));
        assert_eq!(hear("40{\"sid\":\"b\"}"), Heard::Welcome);
        assert_eq!(hear("2"), Heard::Answer(Kind::Text, b"3"));
        assert_eq!(hear("42[\"said\",{}]"), Heard::Message(b"[\"said\",{}]"));
        assert_eq!(hear("44{\"message\":\"no\"}"), Heard::Closed);
    }

    #[test]
    fn pings_are_answered_in_every_dialect() {
        for dialect in [Dialect::Plain, Dialect::SocketIo] {
            assert_eq!(dialect.hear(Kind::Ping, b"1"), Heard::Answer(Kind::Pong, b"1"));
        }
    }
}
