//! From an envelope to what lies in Redis, and back: random bytes, encryption, format, address.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use bytes::Bytes;

use super::{ADDRESS, Address, Fernet, Format, msgpack};
use crate::{Envelope, EventError, error::BoxError};

/// How a layer writes and reads messages.
#[derive(Clone, Debug)]
pub(crate) struct Codec {
    pub(crate) format: Format,
    pub(crate) fernet: Option<Fernet>,
    /// How many random bytes are in front of a message, so that two equal ones are two members of a set.
    pub(crate) random_prefix: usize,
    /// How old an encrypted message may be when it is read.
    pub(crate) ttl: Option<Duration>,
}

/// A message that was read.
#[derive(Debug)]
pub(crate) struct Arrived {
    pub(crate) envelope: Envelope,
    pub(crate) address: Address,
}

impl Codec {
    /// What is written for `event`. Different each time, where there are random bytes.
    pub(crate) fn write(&self, event: &Envelope, to: &Address) -> Result<Bytes, EventError> {
        let fail = |source: BoxError| EventError::Encode { kind: event.kind().to_owned(), source };
        let mut bytes = vec![0; self.random_prefix];
        random(&mut bytes).map_err(fail)?;
        match &self.fernet {
            None => self.serialize(&mut bytes, event, to)?,
            Some(fernet) => {
                let (mut plain, mut iv) = (Vec::new(), [0; 16]);
                self.serialize(&mut plain, event, to)?;
                random(&mut iv).map_err(fail)?;
                bytes.extend_from_slice(fernet.seal(&plain, unix_seconds(), iv).as_bytes());
            }
        }
        Ok(bytes.into())
    }

    fn serialize(&self, out: &mut Vec<u8>, event: &Envelope, to: &Address) -> Result<(), EventError> {
        let fail = |source: BoxError| EventError::Encode { kind: event.kind().to_owned(), source };
        let body = event.to_msgpack()?;
        if let Format::MessagePack = self.format {
            return msgpack::with_address(out, &body, to).map_err(fail);
        }
        let mut message = msgpack::read(&body).map_err(fail)?;
        if *to != Address::Implied {
            message.insert(ADDRESS, to.to_value());
        }
        out.extend(self.format.serialize(&message).map_err(fail)?);
        Ok(())
    }

    /// Reads what [`write`](Self::write) wrote, here or in Django.
    pub(crate) fn read(&self, bytes: Bytes) -> Result<Arrived, EventError> {
        self.read_at(bytes, unix_seconds())
    }

    fn read_at(&self, bytes: Bytes, now: u64) -> Result<Arrived, EventError> {
        let body = self.opened(bytes, now)?;
        let body = match self.format {
            Format::MessagePack => body,
            Format::Json | Format::Custom(_) => {
                let message = self.format.deserialize(&body).map_err(EventError::Malformed)?;
                msgpack::write(&message).map_err(EventError::Malformed)?.into()
            }
        };
        let parts = msgpack::Parts::of(body)?;
        Ok(Arrived { address: Address::of(parts.address.clone()), envelope: Envelope::from_parts(parts) })
    }

    /// The message without what is around it.
    fn opened(&self, mut bytes: Bytes, now: u64) -> Result<Bytes, EventError> {
        if bytes.len() < self.random_prefix {
            return Err(EventError::Malformed("it is shorter than the random bytes in front of it".into()));
        }
        let sealed = bytes.split_off(self.random_prefix);
        match &self.fernet {
            None => Ok(sealed),
            Some(fernet) => match fernet.open(&sealed, now, self.ttl.map(|ttl| ttl.as_secs())) {
                Ok(plain) => Ok(plain.into()),
                Err(error) => Err(EventError::Malformed(error.into())),
            },
        }
    }

    /// The values of a message, for those who compare them.
    #[cfg(test)]
    pub(crate) fn values(&self, bytes: Bytes, now: u64) -> Result<super::Message, EventError> {
        self.format.deserialize(&self.opened(bytes, now)?).map_err(EventError::Malformed)
    }
}

fn random(bytes: &mut [u8]) -> Result<(), BoxError> {
    Ok(getrandom::fill(bytes)?)
}

fn unix_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}
