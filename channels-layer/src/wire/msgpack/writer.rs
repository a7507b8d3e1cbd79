//! Writes MessagePack as msgpack-python does with its defaults: everything as short as it can be.

use std::ops::Range;

use bytes::Bytes;
use rmp::encode::{self, ValueWriteError};

use super::DEEPEST;
#[cfg(feature = "redis")]
use crate::wire::{ADDRESS, Address};
use crate::{
    error::BoxError,
    wire::{Message, Value},
};
type Written = Result<(), WriteError>;

#[derive(Debug, thiserror::Error)]
enum WriteError {
    #[error("an integer has at most 64 bits")]
    Integer,
    #[error("a length has at most 32 bits")]
    Length,
    #[error("values are nested deeper than {DEEPEST}")]
    TooDeep,
    #[error("MessagePack could not be written")]
    Value(#[from] ValueWriteError),
    #[error("MessagePack could not be written")]
    Io(#[from] std::io::Error),
}

/// A whole message from values.
pub(crate) fn write(message: &Message) -> Result<Vec<u8>, BoxError> {
    let mut out = Vec::new();
    map(&mut out, message, 0)?;
    Ok(out)
}

fn length(length: usize) -> Result<u32, WriteError> {
    match u32::try_from(length) {
        Ok(length) => Ok(length),
        Err(_) => Err(WriteError::Length),
    }
}

fn map(out: &mut Vec<u8>, message: &Message, depth: usize) -> Written {
    encode::write_map_len(out, length(message.len())?)?;
    for (key, item) in message.iter() {
        text(out, key)?;
        value(out, item, depth + 1)?;
    }
    Ok(())
}

fn text(out: &mut Vec<u8>, content: &str) -> Written {
    encode::write_str_len(out, length(content.len())?)?;
    out.extend_from_slice(content.as_bytes());
    Ok(())
}

fn value(out: &mut Vec<u8>, item: &Value, depth: usize) -> Written {
    if depth > DEEPEST {
        return Err(WriteError::TooDeep);
    }
    match item {
        Value::Nil => encode::write_nil(out)?,
        Value::Bool(truth) => encode::write_bool(out, *truth)?,
        Value::Integer(number) => match (i64::try_from(*number), u64::try_from(*number)) {
            (_, Ok(number)) => drop(encode::write_uint(out, number)?),
            (Ok(number), Err(_)) => drop(encode::write_sint(out, number)?),
            (Err(_), Err(_)) => return Err(WriteError::Integer),
        },
        Value::Float(number) => encode::write_f64(out, *number)?,
        Value::Text(content) => text(out, content)?,
        Value::Bytes(bytes) => {
            encode::write_bin_len(out, length(bytes.len())?)?;
            out.extend_from_slice(bytes);
        }
        Value::List(items) => {
            encode::write_array_len(out, length(items.len())?)?;
            for item in items {
                value(out, item, depth + 1)?;
            }
        }
        Value::Map(message) => map(out, message, depth)?,
        Value::Extension(kind, bytes) => {
            encode::write_ext_meta(out, length(bytes.len())?, *kind)?;
            out.extend_from_slice(bytes);
        }
    }
    Ok(())
}

/// Puts a message behind `out`, and the address into it as its last entry. The message is not read, only its
/// head is written anew.
#[cfg(feature = "redis")]
pub(crate) fn with_address(out: &mut Vec<u8>, body: &[u8], address: &Address) -> Result<(), BoxError> {
    if *address == Address::Implied {
        out.extend_from_slice(body);
        return Ok(());
    }
    let mut rest = body;
    let entries = rmp::decode::read_map_len(&mut rest)?;
    encode::write_map_len(out, entries.checked_add(1).ok_or(WriteError::Length)?)?;
    out.extend_from_slice(rest);
    text(out, ADDRESS)?;
    value(out, &address.to_value(), 1)?;
    Ok(())
}

/// A map of `entries` entries from the bytes after its head, which end at `first`, leaving out some ranges.
pub(super) fn without(body: &[u8], entries: usize, first: usize, ranges: &[Range<usize>]) -> Bytes {
    let mut out = Vec::with_capacity(body.len());
    // it was read from as many bytes, so it has no more entries than can be written
    let entries = u32::try_from(entries).unwrap_or(u32::MAX);
    match encode::write_map_len(&mut out, entries) {
        Ok(_) => {}
        Err(error) => unreachable!("a vector takes what it is given: {error}"),
    }
    let mut start = first;
    for range in ranges {
        out.extend_from_slice(&body[start..range.start]);
        start = range.end;
    }
    out.extend_from_slice(&body[start..]);
    out.into()
}
