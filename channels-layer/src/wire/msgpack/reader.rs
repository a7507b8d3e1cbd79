//! Reads MessagePack as msgpack-python does with its defaults: keys are texts, and nothing follows the message.

use std::ops::Range;

use bytes::Bytes;

use super::{DEEPEST, writer};
use crate::{
    EventError,
    error::BoxError,
    wire::{ADDRESS, Message, Value},
};

#[derive(Debug, thiserror::Error)]
enum ReadError {
    #[error("the message ends too early")]
    Cut,
    #[error("{0} bytes follow the message")]
    Longer(usize),
    #[error("the message is not a map")]
    NotAMap,
    #[error("a key is no text")]
    Key,
    #[error("a text is not UTF-8")]
    Utf8(#[from] std::str::Utf8Error),
    #[error("the byte 0xc1 begins no value")]
    Reserved,
    #[error("values are nested deeper than {DEEPEST}")]
    TooDeep,
    #[error("the message has no `type` that is a text")]
    NoType,
}

/// A whole message as values.
pub(in crate::wire) fn read(bytes: &Bytes) -> Result<Message, BoxError> {
    let mut cursor = Cursor { bytes, at: 0 };
    match cursor.value(0)? {
        Value::Map(message) => {
            cursor.end()?;
            Ok(message)
        }
        Value::Nil
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Bytes(_)
        | Value::List(_)
        | Value::Extension(..) => Err(ReadError::NotAMap.into()),
    }
}

/// A message of which only the first level was looked at.
#[derive(Debug)]
pub(crate) struct Parts {
    /// Its `type`.
    pub(crate) kind: String,
    /// The message, without the address.
    pub(crate) body: Bytes,
    /// Which channels it is for, if it says.
    #[cfg_attr(not(feature = "redis"), expect(dead_code, reason = "only a shared queue needs it"))]
    pub(crate) address: Option<Value>,
}

impl Parts {
    /// Takes a message apart without reading its values.
    pub(crate) fn of(body: Bytes) -> Result<Self, EventError> {
        Self::sort(body).map_err(|error| EventError::Malformed(error.into()))
    }

    fn sort(body: Bytes) -> Result<Self, ReadError> {
        let mut cursor = Cursor { bytes: &body, at: 0 };
        let Head::Map(entries) = cursor.head()? else { return Err(ReadError::NotAMap) };
        let first = cursor.at;
        let (mut kind, mut address) = (None, None);
        let mut without = Vec::<Range<usize>>::new();
        for _ in 0..entries {
            let start = cursor.at;
            let key = cursor.key()?;
            match key {
                "type" => match cursor.value(1)? {
                    Value::Text(text) => kind = Some(text),
                    Value::Nil
                    | Value::Bool(_)
                    | Value::Integer(_)
                    | Value::Float(_)
                    | Value::Bytes(_)
                    | Value::List(_)
                    | Value::Map(_)
                    | Value::Extension(..) => return Err(ReadError::NoType),
                },
                ADDRESS => {
                    address = Some(cursor.value(1)?);
                    without.push(start..cursor.at);
                }
                _ => cursor.skip()?,
            }
        }
        cursor.end()?;
        let kind = kind.ok_or(ReadError::NoType)?;
        let body = if without.is_empty() {
            body
        } else {
            writer::without(&body, entries - without.len(), first, &without)
        };
        Ok(Self { kind, body, address })
    }
}

/// How a value begins.
enum Head {
    Nil,
    Bool(bool),
    Integer(i128),
    Float(f64),
    Text(usize),
    Bytes(usize),
    List(usize),
    Map(usize),
    Extension(i8, usize),
}

struct Cursor<'a> {
    bytes: &'a Bytes,
    at: usize,
}

impl<'a> Cursor<'a> {
    fn take(&mut self, length: usize) -> Result<&'a [u8], ReadError> {
        let end = self.at.checked_add(length).ok_or(ReadError::Cut)?;
        let taken = self.bytes.get(self.at..end).ok_or(ReadError::Cut)?;
        self.at = end;
        Ok(taken)
    }

    fn array<const N: usize>(&mut self) -> Result<[u8; N], ReadError> {
        let mut array = [0; N];
        array.copy_from_slice(self.take(N)?);
        Ok(array)
    }

    fn length(&mut self, width: usize) -> Result<usize, ReadError> {
        Ok(self.take(width)?.iter().fold(0, |length, &byte| (length << 8) | usize::from(byte)))
    }

    fn head(&mut self) -> Result<Head, ReadError> {
        let [first] = self.array()?;
        Ok(match first {
            0x00..=0x7f => Head::Integer(first.into()),
            0x80..=0x8f => Head::Map((first & 0x0f).into()),
            0x90..=0x9f => Head::List((first & 0x0f).into()),
            0xa0..=0xbf => Head::Text((first & 0x1f).into()),
            0xc0 => Head::Nil,
            0xc1 => return Err(ReadError::Reserved),
            0xc2 | 0xc3 => Head::Bool(first == 0xc3),
            0xc4..=0xc6 => Head::Bytes(self.length(1 << (first - 0xc4))?),
            0xc7..=0xc9 => {
                let length = self.length(1 << (first - 0xc7))?;
                Head::Extension(i8::from_be_bytes(self.array()?), length)
            }
            0xca => Head::Float(f32::from_be_bytes(self.array()?).into()),
            0xcb => Head::Float(f64::from_be_bytes(self.array()?)),
            0xcc => Head::Integer(u8::from_be_bytes(self.array()?).into()),
            0xcd => Head::Integer(u16::from_be_bytes(self.array()?).into()),
            0xce => Head::Integer(u32::from_be_bytes(self.array()?).into()),
            0xcf => Head::Integer(u64::from_be_bytes(self.array()?).into()),
            0xd0 => Head::Integer(i8::from_be_bytes(self.array()?).into()),
            0xd1 => Head::Integer(i16::from_be_bytes(self.array()?).into()),
            0xd2 => Head::Integer(i32::from_be_bytes(self.array()?).into()),
            0xd3 => Head::Integer(i64::from_be_bytes(self.array()?).into()),
            0xd4..=0xd8 => Head::Extension(i8::from_be_bytes(self.array()?), 1 << (first - 0xd4)),
            0xd9..=0xdb => Head::Text(self.length(1 << (first - 0xd9))?),
            0xdc | 0xdd => Head::List(self.length(2 << (first - 0xdc))?),
            0xde | 0xdf => Head::Map(self.length(2 << (first - 0xde))?),
            0xe0..=0xff => Head::Integer(i8::from_be_bytes([first]).into()),
        })
    }

    fn text(&mut self, length: usize) -> Result<&'a str, ReadError> {
        Ok(str::from_utf8(self.take(length)?)?)
    }

    fn key(&mut self) -> Result<&'a str, ReadError> {
        match self.head()? {
            Head::Text(length) => self.text(length),
            Head::Nil
            | Head::Bool(_)
            | Head::Integer(_)
            | Head::Float(_)
            | Head::Bytes(_)
            | Head::List(_)
            | Head::Map(_)
            | Head::Extension(..) => Err(ReadError::Key),
        }
    }

    /// Bytes that share the message's memory.
    fn slice(&mut self, length: usize) -> Result<Bytes, ReadError> {
        let start = self.at;
        self.take(length)?;
        Ok(self.bytes.slice(start..self.at))
    }

    fn value(&mut self, depth: usize) -> Result<Value, ReadError> {
        if depth > DEEPEST {
            return Err(ReadError::TooDeep);
        }
        Ok(match self.head()? {
            Head::Nil => Value::Nil,
            Head::Bool(truth) => Value::Bool(truth),
            Head::Integer(number) => Value::Integer(number),
            Head::Float(number) => Value::Float(number),
            Head::Text(length) => Value::Text(self.text(length)?.to_owned()),
            Head::Bytes(length) => Value::Bytes(self.slice(length)?),
            Head::Extension(kind, length) => Value::Extension(kind, self.slice(length)?),
            Head::List(length) => {
                // not `with_capacity`: a length is only what the sender says
                let mut items = Vec::new();
                for _ in 0..length {
                    items.push(self.value(depth + 1)?);
                }
                Value::List(items)
            }
            Head::Map(length) => {
                let mut message = Vec::new();
                for _ in 0..length {
                    let key = self.key()?.to_owned();
                    message.push((key, self.value(depth + 1)?));
                }
                Value::Map(message.into_iter().collect())
            }
        })
    }

    fn skip(&mut self) -> Result<(), ReadError> {
        let mut values = 1_usize;
        while values > 0 {
            values -= 1;
            match self.head()? {
                Head::Nil | Head::Bool(_) | Head::Integer(_) | Head::Float(_) => {}
                Head::Text(length) | Head::Bytes(length) | Head::Extension(_, length) => {
                    self.take(length)?;
                }
                Head::List(length) => values = values.checked_add(length).ok_or(ReadError::Cut)?,
                Head::Map(length) => {
                    values = length
                        .checked_mul(2)
                        .and_then(|more| values.checked_add(more))
                        .ok_or(ReadError::Cut)?;
                }
            }
        }
        Ok(())
    }

    fn end(&self) -> Result<(), ReadError> {
        match self.bytes.len() - self.at {
            0 => Ok(()),
            more => Err(ReadError::Longer(more)),
        }
    }
}
