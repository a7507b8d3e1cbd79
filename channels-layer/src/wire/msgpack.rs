//! Events as channels_redis' MessagePack serializer writes them, without its random prefix.

use bytes::Bytes;
use serde::{Deserialize, de::DeserializeOwned};

use super::tagged::Tagged;
use crate::{Event, EventError};

pub(crate) fn to_body<E: Event>(event: &E) -> Result<Bytes, EventError> {
    match rmp_serde::to_vec_named(&Tagged::new(event)) {
        Ok(body) => Ok(body.into()),
        Err(source) => Err(EventError::Encode { kind: E::TYPE.to_owned(), source: source.into() }),
    }
}

pub(crate) fn from_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, rmp_serde::decode::Error> {
    rmp_serde::from_slice(body)
}

/// The `type` of a message, the rest unread.
pub(crate) fn kind(body: &[u8]) -> Result<String, EventError> {
    #[derive(Deserialize)]
    struct Head {
        r#type: String,
    }
    match from_body::<Head>(body) {
        Ok(head) => Ok(head.r#type),
        Err(source) => Err(EventError::Malformed(source.into())),
    }
}
