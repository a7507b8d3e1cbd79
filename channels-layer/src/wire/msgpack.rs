//! Events as channels_redis' MessagePack serializer writes them, without its random prefix.

use bytes::Bytes;
use serde::{Deserialize, de::DeserializeOwned};

use super::tagged::Tagged;
use crate::{Event, EventError};

/// How deep maps and lists may lie in each other: serde_json's number, so that what is taken can be read as JSON.
///
/// rmp-serde's own is 1,024, at which a thread's stack of 2 MiB does not suffice.
const DEEPEST: usize = 128;

pub(crate) fn to_body<E: Event>(event: &E) -> Result<Bytes, EventError> {
    match rmp_serde::to_vec_named(&Tagged::new(event)) {
        Ok(body) => Ok(body.into()),
        Err(source) => Err(EventError::Encode { kind: E::TYPE.to_owned(), source: source.into() }),
    }
}

pub(crate) fn from_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, rmp_serde::decode::Error> {
    let mut body = rmp_serde::Deserializer::from_read_ref(body);
    body.set_max_depth(DEEPEST);
    T::deserialize(&mut body)
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
