//! Events as channels_redis' MessagePack serializer writes them, without its random prefix.

mod reader;
mod writer;

use bytes::Bytes;
use serde::de::DeserializeOwned;

pub(crate) use self::reader::Parts;
#[cfg(feature = "redis")]
pub(crate) use self::writer::with_address;
pub(super) use self::{reader::read, writer::write};
use super::tagged::Tagged;
use crate::{Event, EventError};

/// How deep values may be nested: msgpack-python writes no deeper.
const DEEPEST: usize = 511;

pub(crate) fn to_body<E: Event>(event: &E) -> Result<Bytes, EventError> {
    match rmp_serde::to_vec_named(&Tagged::new(event)) {
        Ok(body) => Ok(body.into()),
        Err(source) => Err(EventError::Encode { kind: E::TYPE.to_owned(), source: source.into() }),
    }
}

pub(crate) fn from_body<T: DeserializeOwned>(body: &[u8]) -> Result<T, rmp_serde::decode::Error> {
    rmp_serde::from_slice(body)
}
