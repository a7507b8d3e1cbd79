//! An event as a map that names its type: `{"type": "chat.message", ...}`.

use bytestring::ByteString;
use serde::Serialize;

use crate::{Event, EventError};

#[derive(Serialize)]
pub(crate) struct Tagged<'a, E> {
    r#type: &'static str,
    #[serde(flatten)]
    event: &'a E,
}

impl<'a, E: Event> Tagged<'a, E> {
    pub(crate) fn new(event: &'a E) -> Self {
        Self { r#type: E::TYPE, event }
    }
}

pub(crate) fn to_json<E: Event>(event: &E) -> Result<ByteString, EventError> {
    match serde_json::to_string(&Tagged::new(event)) {
        Ok(text) => Ok(text.into()),
        Err(source) => Err(EventError::Encode { kind: E::TYPE.to_owned(), source: source.into() }),
    }
}
