//! Events as channels_redis' MessagePack serializer writes them, without its random prefix.

mod reader;
mod writer;

use bytes::Bytes;
use serde::de::DeserializeOwned;

pub(crate) use self::reader::Parts;
pub(super) use self::reader::read;
#[cfg(feature = "redis")]
pub(crate) use self::writer::with_address;
pub(crate) use self::writer::write;
use super::tagged::Tagged;
use crate::{Event, EventError};

/// How deep values may be nested: msgpack-python writes no deeper.
const DEEPEST: usize = 511;

/// How deep maps and lists of an event may lie in each other: some fewer than serde_json's 127, so that what is taken
/// can be read as JSON, where bytes are lists too.
///
/// rmp-serde's own is 1,024, at which a thread's stack of 2 MiB does not suffice.
const DEEPEST_EVENT: usize = 120;

pub(crate) fn to_body<E: Event>(event: &E) -> Result<Bytes, EventError> {
    match rmp_serde::to_vec_named(&Tagged::new(event)) {
        Ok(body) => Ok(body.into()),
        Err(source) => Err(EventError::Encode { kind: E::TYPE.to_owned(), source: source.into() }),
    }
}

pub(crate) fn from_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, rmp_serde::decode::Error> {
    let mut body = rmp_serde::Deserializer::from_read_ref(body);
    body.set_max_depth(DEEPEST_EVENT);
    T::deserialize(&mut body)
}
