//! Close codes: one table, used by the server and its browser client alike.

use std::fmt;

use bytestring::ByteString;

/// The longest reason a close frame has room for, in bytes (RFC 6455 section 5.5: 125, less the code).
const LONGEST_REASON: usize = 123;

/// Why a connection ends (RFC 6455 section 7.4).
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CloseCode(u16);

macro_rules! codes {
    ($($(#[doc = $doc:literal])+ $name:ident = $code:literal, $word:literal;)+) => {
        impl CloseCode {
            $($(#[doc = $doc])+ pub const $name: Self = Self($code);)+

            /// The code's name, for logs and metrics; `application` for a code of yours.
            pub fn name(self) -> &'static str {
                match self {
                    $(Self::$name => $word,)+
                    _ => "application",
                }
            }
        }
    };
}

codes! {
    /// 1000: the conversation is over. The client stops.
    NORMAL = 1000, "normal";
    /// 1001: the page or the server goes away. The client retries.
    GOING_AWAY = 1001, "going away";
    /// 1002: the peer broke the protocol. The client stops.
    PROTOCOL = 1002, "protocol error";
    /// 1003: data of a kind that is not taken. The client stops.
    UNSUPPORTED = 1003, "unsupported data";
    /// 1005: the peer's close frame named no code. Never sent.
    NO_STATUS = 1005, "no status";
    /// 1006: the connection was lost without a close frame. Never sent. The client retries.
    ABNORMAL = 1006, "lost";
    /// 1007: text that is not UTF-8. The client stops.
    INVALID_TEXT = 1007, "invalid text";
    /// 1008: against the server's policy, where no code below says more. The client stops.
    POLICY = 1008, "policy";
    /// 1009: a message over [`Limits::message`](crate::Limits::message). The client stops.
    TOO_BIG = 1009, "too big";
    /// 1011: the server failed. The client retries.
    INTERNAL = 1011, "internal error";
    /// 1012: the server restarts. The client retries after a random part of the spread.
    RESTART = 1012, "restart";
    /// 1013: not now; credentials could not be checked, or the application did not answer. The client keeps
    /// its token and retries.
    TRY_AGAIN = 1013, "try again later";
    /// 4001: no credentials, or bad ones. The client refreshes its token once, then stops.
    UNAUTHENTICATED = 4001, "unauthenticated";
    /// 4003: known, and not allowed: an origin, a room. The client stops.
    FORBIDDEN = 4003, "forbidden";
    /// 4008: the client does not read fast enough. The client retries.
    SLOW_CONSUMER = 4008, "slow consumer";
    /// 4009: a newer connection took this one's place. The client stops.
    REPLACED = 4009, "replaced";
    /// 4010: the state needed to go on is lost. The client retries, and recovers.
    STATE_LOST = 4010, "state lost";
    /// 4029: too much in too short a time. The client retries later.
    RATE_LIMITED = 4029, "rate limited";
    /// 4400: a request that cannot be served: a bad room name. The client stops.
    BAD_MESSAGE = 4400, "bad message";
    /// 4500: the token or user was revoked. The client stops.
    REVOKED = 4500, "revoked";
}

impl CloseCode {
    /// A code of your own, 3000 to 4999, or one that RFC 6455 section 7.4.1 lets an endpoint send.
    pub const fn new(code: u16) -> Option<Self> {
        match code {
            1000..=1003 | 1007..=1014 | 3000..=4999 => Some(Self(code)),
            _ => None,
        }
    }

    /// A code that a peer sent, `None` if it may not send it.
    pub(crate) fn from_wire(code: u16) -> Option<Self> {
        Self::new(code)
    }

    /// The number.
    pub const fn as_u16(self) -> u16 {
        self.0
    }
}

impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(&self.0, f)
    }
}

impl fmt::Debug for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CloseCode({}, {})", self.0, self.name())
    }
}

/// A close code, and a short reason for those who debug a client.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CloseReason {
    /// The code.
    pub code: CloseCode,
    /// At most 123 bytes; empty if there is nothing to say.
    pub reason: ByteString,
}

impl CloseReason {
    /// A code with a reason, cut to the 123 bytes that a close frame has room for.
    pub fn new(code: CloseCode, reason: &str) -> Self {
        Self { code, reason: ByteString::from(cut(reason, LONGEST_REASON)) }
    }
}

impl From<CloseCode> for CloseReason {
    fn from(code: CloseCode) -> Self {
        Self { code, reason: ByteString::new() }
    }
}

/// Where to cut `text` so that at most `longest` bytes and only whole characters are left.
// std's `floor_char_boundary` needs Rust 1.91
pub(crate) fn cut(text: &str, longest: usize) -> &str {
    let ends = (0..=longest.min(text.len())).rev();
    ends.filter_map(|end| text.get(..end)).next().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_reason_is_cut_between_characters() {
        let reason = CloseReason::new(CloseCode::NORMAL, &"ü".repeat(100));

        assert_eq!(reason.reason, "ü".repeat(61));
    }

    #[test]
    fn codes_that_no_endpoint_may_send_cannot_be_made() {
        for code in [0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, u16::MAX] {
            assert_eq!(CloseCode::new(code), None);
        }
    }
}
