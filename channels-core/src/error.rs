//! What a hook returns when it fails, and what of that a client may learn.

use std::{borrow::Cow, error::Error as StdError, fmt};

use actix_web::{HttpResponse, ResponseError, http::StatusCode};
use channels_layer::NameError;

use crate::{CloseCode, ScopeError};

/// The result of a hook.
pub type Result<T, E = Error> = std::result::Result<T, E>;

/// Why a hook failed. What implements [`std::error::Error`] converts into it with `?`.
///
/// The log gets all of it. A client learns nothing of it, unless it was made by [`Error::reply`] or
/// [`Error::close`].
///
/// ```
/// # use channels_core::{CloseCode, Error, Result};
/// fn paid(amount: &str) -> Result<u32> {
///     let amount = amount.parse()?; // for the log: the client is told that something failed
///     match amount {
///         0 => Err(Error::reply("too_little", "give at least 1")), // for the client: the connection lives on
///         1_000_000.. => Err(Error::close(CloseCode::POLICY, "too much")),
///         amount => Ok(amount),
///     }
/// }
/// # assert!(paid("x").is_err());
/// ```
pub struct Error {
    kind: Box<Kind>,
    /// The `ref` of the message that it answers.
    in_answer_to: Option<Box<str>>,
}

enum Kind {
    Internal(Box<dyn StdError>),
    Reply { code: Cow<'static, str>, message: Cow<'static, str> },
    Close { code: CloseCode, reason: Cow<'static, str> },
}

impl Error {
    /// An answer for the client: a JSON consumer sends it as an error frame, and the connection lives on.
    ///
    /// `code` is for programs and must be stable; `message` is for people.
    ///
    /// ```
    /// # use channels_core::{Error, Result};
    /// fn enter(guests: usize) -> Result<()> {
    ///     if guests >= 100 {
    ///         return Err(Error::reply("room_full", "the room is full"));
    ///     }
    ///     Ok(())
    /// }
    /// # assert!(enter(100).is_err());
    /// ```
    pub fn reply(code: impl Into<Cow<'static, str>>, message: impl Into<Cow<'static, str>>) -> Self {
        Self::of(Kind::Reply { code: code.into(), message: message.into() })
    }

    /// Closes the connection with `code` when a hook returns it.
    pub fn close(code: CloseCode, reason: impl Into<Cow<'static, str>>) -> Self {
        Self::of(Kind::Close { code, reason: reason.into() })
    }

    fn of(kind: Kind) -> Self {
        Self { kind: Box::new(kind), in_answer_to: None }
    }

    /// The error, as the answer to the message that the client calls `reference`.
    pub(crate) fn in_answer_to(mut self, reference: Option<Box<str>>) -> Self {
        self.in_answer_to = reference;
        self
    }

    /// What the client calls the message that it answers.
    pub(crate) fn answers(&self) -> Option<&str> {
        self.in_answer_to.as_deref()
    }

    /// The code and message a client may see: those of [`Error::reply`].
    pub fn as_reply(&self) -> Option<(&str, &str)> {
        match &*self.kind {
            Kind::Reply { code, message } => Some((code, message)),
            Kind::Internal(_) | Kind::Close { .. } => None,
        }
    }

    /// The code and reason of [`Error::close`].
    pub fn as_close(&self) -> Option<(CloseCode, &str)> {
        match &*self.kind {
            Kind::Close { code, reason } => Some((*code, reason)),
            Kind::Internal(_) | Kind::Reply { .. } => None,
        }
    }

    /// Whether it is for the log alone.
    pub(crate) fn is_internal(&self) -> bool {
        matches!(&*self.kind, Kind::Internal(_))
    }

    /// The error that was converted, if it was an `E`.
    pub fn downcast_ref<E: StdError + 'static>(&self) -> Option<&E> {
        match &*self.kind {
            Kind::Internal(error) => error.downcast_ref(),
            Kind::Reply { .. } | Kind::Close { .. } => None,
        }
    }

    /// How a connection ends whose consumer could not be made, or could not connect.
    pub(crate) fn to_refusal(&self) -> (CloseCode, Cow<'static, str>) {
        match &*self.kind {
            Kind::Close { code, reason } => (*code, reason.clone()),
            Kind::Reply { code, .. } => (CloseCode::BAD_MESSAGE, code.clone()),
            // what a client put into the path: its own fault, and its own words
            Kind::Internal(error) if error.is::<NameError>() => (CloseCode::BAD_MESSAGE, "bad name".into()),
            Kind::Internal(error) => match error.downcast_ref() {
                Some(ScopeError::BadParam { name, .. }) => {
                    (CloseCode::BAD_MESSAGE, format!("bad {name}").into())
                }
                Some(ScopeError::NoParam(_) | ScopeError::NoExtension(_)) | None => {
                    (CloseCode::INTERNAL, "internal error".into())
                }
            },
        }
    }
}

impl<E: StdError + 'static> From<E> for Error {
    fn from(error: E) -> Self {
        Self::of(Kind::Internal(Box::new(error)))
    }
}

impl fmt::Display for Error {
    /// The error and its causes, for the log.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &*self.kind {
            Kind::Internal(error) => {
                write!(f, "{error}")?;
                let mut causes = std::iter::successors(error.source(), |&cause| cause.source());
                causes.try_for_each(|cause| write!(f, ": {cause}"))
            }
            Kind::Reply { code, message } => write!(f, "{message} ({code})"),
            Kind::Close { code, reason } => write!(f, "closed with {code}: {reason}"),
        }
    }
}

impl fmt::Debug for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Error({self})")
    }
}

/// So that `?` works in REST handlers: 400 with a JSON body for [`Error::reply`], else 500 without details.
impl ResponseError for Error {
    fn status_code(&self) -> StatusCode {
        match &*self.kind {
            Kind::Reply { .. } => StatusCode::BAD_REQUEST,
            Kind::Close { code: CloseCode::UNAUTHENTICATED, .. } => StatusCode::UNAUTHORIZED,
            Kind::Close { code: CloseCode::FORBIDDEN, .. } => StatusCode::FORBIDDEN,
            Kind::Internal(_) | Kind::Close { .. } => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    fn error_response(&self) -> HttpResponse {
        let body = crate::reply::ErrorFrame::new(self);
        HttpResponse::build(self.status_code()).json(body)
    }
}
