//! A connection turned away.

use std::{borrow::Cow, fmt};

use crate::{CloseCode, CloseReason};

/// A connection turned away: a close code and a short reason that the client sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rejection {
    code: CloseCode,
    reason: Cow<'static, str>,
    subprotocol: Option<String>,
}

impl Rejection {
    /// Turns a connection away. The reason is cut to the 123 bytes that a close frame has room for.
    pub fn new(code: CloseCode, reason: impl Into<Cow<'static, str>>) -> Self {
        Self { code, reason: reason.into(), subprotocol: None }
    }

    /// No credentials, or bad ones: 4001.
    pub fn unauthenticated(reason: impl Into<Cow<'static, str>>) -> Self {
        Self::new(CloseCode::UNAUTHENTICATED, reason)
    }

    /// Answers the handshake with this subprotocol, so that a browser that offered some takes it. By default
    /// the first that the client offered.
    #[must_use]
    pub fn with_subprotocol(mut self, subprotocol: Option<String>) -> Self {
        self.subprotocol = subprotocol;
        self
    }

    /// The close code.
    pub fn code(&self) -> CloseCode {
        self.code
    }

    /// The reason.
    pub fn reason(&self) -> &str {
        &self.reason
    }

    pub(crate) fn subprotocol(&self) -> Option<&str> {
        self.subprotocol.as_deref()
    }

    pub(crate) fn to_reason(&self) -> CloseReason {
        CloseReason::new(self.code, &self.reason)
    }
}

impl From<CloseCode> for Rejection {
    fn from(code: CloseCode) -> Self {
        Self::new(code, "")
    }
}

impl fmt::Display for Rejection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "refused with {}: {}", self.code, self.reason)
    }
}
