//! Whether messages are compressed: what a client offers, and what is agreed on (RFC 7692 section 7.1).

use bytes::Bytes;
use channels_layer::{
    Event, EventError, Received,
    wire::{
        deflate::Window,
        websocket::{self, Opcode},
    },
};

/// How messages are compressed, with clients that can: permessage-deflate (RFC 7692).
///
/// For [`Channels::compression`](crate::Channels::compression). Neither side keeps a context between messages:
/// an idle connection needs no memory for it, and an event is compressed once for a whole group.
///
/// ```
/// # use channels_core::*;
/// let channels = Channels::new(MemoryLayer::default())
///     .compression(Compression { threshold: 1024, ..Compression::default() });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Compression {
    /// Messages of fewer bytes are sent as they are. Default 256: below it, there is little to save.
    pub threshold: usize,

    /// How many times its size a client's message may inflate to; over it, and over 16 KiB, the connection is
    /// closed with 1009. [`Limits::message`](crate::Limits::message) holds for what it inflates to as well.
    /// Default 100, of the 1,032 that are possible.
    pub ratio: usize,
}

impl Default for Compression {
    fn default() -> Self {
        Self { threshold: 256, ratio: 100 }
    }
}

/// What both sides agreed on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Agreed {
    threshold: usize,
    /// How far back our messages may refer.
    window: Window,
    /// Whether the client demanded that window.
    demanded: bool,
    pub(crate) ratio: usize,
}

/// How an event's frame has to look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Encoding {
    Plain,
    /// Compressed from so many bytes on.
    Compressed {
        threshold: usize,
    },
}

impl Compression {
    /// Takes the first of a client's offers that can be met. `offers` are its `Sec-WebSocket-Extensions` headers.
    pub(crate) fn agree<'a>(self, offers: impl IntoIterator<Item = &'a str>) -> Option<Agreed> {
        offers.into_iter().flat_map(|header| header.split(',')).find_map(|offer| self.answer(offer))
    }

    fn answer(self, offer: &str) -> Option<Agreed> {
        let mut parts = offer.split(';').map(str::trim);
        if !parts.next()?.eq_ignore_ascii_case("permessage-deflate") {
            return None;
        }
        let mut seen = Vec::new();
        let mut demanded = None;
        for part in parts {
            let (name, value) = match part.split_once('=') {
                Some((name, value)) => (name.trim_end(), Some(unquoted(value.trim_start()))),
                None => (part, None),
            };
            // a parameter that is unknown, doubled, or has a bad value declines the offer (section 7.1)
            if seen.contains(&name) {
                return None;
            }
            seen.push(name);
            match (name, value) {
                ("server_no_context_takeover" | "client_no_context_takeover", None) => {}
                // ours to use or not: we inflate whatever window the client takes
                ("client_max_window_bits", None) => {}
                ("client_max_window_bits", Some(value)) if matches!(bits(value)?, 8..=15) => {}
                ("server_max_window_bits", Some(value)) => demanded = Some(Window::new(bits(value)?)?),
                _ => return None,
            }
        }
        Some(Agreed {
            threshold: self.threshold,
            window: demanded.unwrap_or_default(),
            demanded: demanded.is_some(),
            ratio: self.ratio,
        })
    }
}

impl Agreed {
    /// The answer's `Sec-WebSocket-Extensions`.
    pub(crate) fn header(self) -> String {
        let mut header =
            "permessage-deflate; server_no_context_takeover; client_no_context_takeover".to_owned();
        if self.demanded {
            header += &format!("; server_max_window_bits={}", self.window.bits());
        }
        header
    }

    /// A message's frame: compressed, where that makes it smaller.
    pub(crate) fn frame(self, opcode: Opcode, payload: &[u8]) -> Option<Bytes> {
        if payload.len() < self.threshold {
            return None;
        }
        websocket::compressed(opcode, payload, self.window)
    }

    /// How an event's frame, which others share, has to look. A small window is for what is sent to one client
    /// alone: its events go as they are.
    pub(crate) fn encoding(self) -> Encoding {
        if self.window == Window::default() {
            Encoding::Compressed { threshold: self.threshold }
        } else {
            Encoding::Plain
        }
    }
}

impl Encoding {
    /// The event's frame, made once for all who get it so.
    pub(crate) fn frame<E: Event>(self, event: &Received<E>) -> Result<Bytes, EventError> {
        match self {
            Self::Compressed { threshold } if event.json()?.len() >= threshold => event.compressed_frame(),
            Self::Compressed { .. } | Self::Plain => event.frame(),
        }
    }
}

/// A parameter's value may be a quoted string (RFC 6455 section 9.1).
fn unquoted(value: &str) -> &str {
    value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value)
}

/// A number of bits: digits alone, and no leading zero (section 7.1.2.1).
fn bits(value: &str) -> Option<u8> {
    let digits = value.bytes().all(|byte| byte.is_ascii_digit()) && !value.starts_with('0');
    if digits { value.parse().ok() } else { None }
}

#[cfg(test)]
mod tests {
    use super::*;

    const OURS: &str = "permessage-deflate; server_no_context_takeover; client_no_context_takeover";

    fn answer(offers: &[&str]) -> Option<String> {
        Compression::default().agree(offers.iter().copied()).map(Agreed::header)
    }

    #[test]
    fn an_offer_is_answered_without_context_takeover() {
        for offer in [
            "permessage-deflate",
            "Permessage-Deflate",
            "permessage-deflate; client_max_window_bits",
            "permessage-deflate; client_max_window_bits=10; server_no_context_takeover",
            "permessage-deflate;client_no_context_takeover ; client_max_window_bits = \"15\"",
        ] {
            assert_eq!(answer(&[offer]).as_deref(), Some(OURS), "{offer}");
        }
    }

    #[test]
    fn a_window_that_is_demanded_is_granted() {
        let granted = answer(&["permessage-deflate; server_max_window_bits=\"9\""]);

        assert_eq!(granted, Some(format!("{OURS}; server_max_window_bits=9")));
    }

    #[test]
    fn an_offer_that_cannot_be_met_is_declined() {
        for offer in [
            "",
            "permessage-bzip2",
            "permessage-deflate; server_max_window_bits",
            "permessage-deflate; server_max_window_bits=8",
            "permessage-deflate; server_max_window_bits=16",
            "permessage-deflate; server_max_window_bits=09",
            "permessage-deflate; server_max_window_bits=+9",
            "permessage-deflate; client_max_window_bits=7",
            "permessage-deflate; client_max_window_bits=999",
            "permessage-deflate; server_no_context_takeover=1",
            "permessage-deflate; server_no_context_takeover; server_no_context_takeover",
            "permessage-deflate; another",
        ] {
            assert_eq!(answer(&[offer]), None, "{offer}");
        }
    }

    #[test]
    fn the_first_offer_that_can_be_met_is_taken() {
        let offers = [
            "other, permessage-deflate; server_max_window_bits=8",
            "permessage-deflate, permessage-deflate; x",
        ];

        assert_eq!(answer(&offers).as_deref(), Some(OURS));
    }

    #[test]
    fn what_is_shorter_than_the_threshold_is_not_compressed() {
        let agreed =
            Compression { threshold: 100, ..Compression::default() }.agree(["permessage-deflate"]).unwrap();

        assert_eq!(agreed.frame(Opcode::Text, &[b'x'; 99]), None);
        assert!(agreed.frame(Opcode::Text, &[b'x'; 100]).unwrap().len() < 20);
    }
}
