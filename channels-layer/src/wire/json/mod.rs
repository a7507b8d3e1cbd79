//! Messages as channels_redis' JSON serializer writes them: as Python's `json.dumps` does.

mod reader;

use std::fmt::Write;

use self::reader::Reader;
use super::{Message, Value};
use crate::error::BoxError;

#[derive(Debug, thiserror::Error)]
#[error("JSON has no {0}; use MessagePack, or send it as text")]
struct NoWord(&'static str);

pub(super) fn write(message: &Message) -> Result<Vec<u8>, BoxError> {
    let mut text = String::new();
    map(&mut text, message)?;
    Ok(text.into_bytes())
}

pub(super) fn read(bytes: &[u8]) -> Result<Message, BoxError> {
    // Python reads a text with a byte order mark, too
    let text = str::from_utf8(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes))?;
    match Reader::new(text).value()? {
        Value::Map(message) => Ok(message),
        Value::Nil
        | Value::Bool(_)
        | Value::Integer(_)
        | Value::Float(_)
        | Value::Text(_)
        | Value::Bytes(_)
        | Value::List(_)
        | Value::Extension(..) => Err("the message is not a map".into()),
    }
}

fn map(text: &mut String, message: &Message) -> Result<(), BoxError> {
    text.push('{');
    for (number, (key, item)) in message.iter().enumerate() {
        if number > 0 {
            text.push_str(", ");
        }
        string(text, key)?;
        text.push_str(": ");
        value(text, item)?;
    }
    text.push('}');
    Ok(())
}

fn value(text: &mut String, item: &Value) -> Result<(), BoxError> {
    match item {
        Value::Nil => text.push_str("null"),
        Value::Bool(truth) => write!(text, "{truth}")?,
        Value::Integer(number) => write!(text, "{number}")?,
        Value::Float(number) => text.push_str(&repr(*number)),
        Value::Text(content) => string(text, content)?,
        Value::Bytes(_) => return Err(NoWord("bytes").into()),
        Value::List(items) => {
            text.push('[');
            for (number, item) in items.iter().enumerate() {
                if number > 0 {
                    text.push_str(", ");
                }
                value(text, item)?;
            }
            text.push(']');
        }
        Value::Map(message) => map(text, message)?,
        Value::Extension(..) => return Err(NoWord("extension types").into()),
    }
    Ok(())
}

/// ASCII alone, as Python escapes it.
fn string(text: &mut String, content: &str) -> Result<(), BoxError> {
    text.push('"');
    for c in content.chars() {
        match c {
            '"' => text.push_str("\\\""),
            '\\' => text.push_str("\\\\"),
            '\n' => text.push_str("\\n"),
            '\r' => text.push_str("\\r"),
            '\t' => text.push_str("\\t"),
            '\u{8}' => text.push_str("\\b"),
            '\u{c}' => text.push_str("\\f"),
            ' '..='~' => text.push(c),
            _ => {
                for unit in c.encode_utf16(&mut [0; 2]) {
                    write!(text, "\\u{unit:04x}")?;
                }
            }
        }
    }
    text.push('"');
    Ok(())
}

/// A float as `json.dumps` shows it: the shortest digits, an exponent from 1e16 and below 1e-4, and words that
/// are no JSON for what is not finite.
fn repr(number: f64) -> String {
    if !number.is_finite() {
        let word = if number.is_nan() { "NaN" } else { "Infinity" };
        return if number == f64::NEG_INFINITY { format!("-{word}") } else { word.to_owned() };
    }
    let scientific = format!("{number:e}");
    let Some((digits, exponent)) = scientific.split_once('e') else { return scientific };
    match exponent.parse::<i32>() {
        Ok(-4..=15) => format!("{number:?}"),
        Ok(exponent) => {
            let sign = if exponent < 0 { '-' } else { '+' };
            format!("{digits}e{sign}{:02}", exponent.unsigned_abs())
        }
        Err(_) => scientific,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn floats_are_shown_as_python_shows_them() {
        for (number, shown) in [
            (0.0, "0.0"),
            (-0.0, "-0.0"),
            (1.0, "1.0"),
            (0.0001, "0.0001"),
            (0.00001, "1e-05"),
            (1.5e-7, "1.5e-07"),
            (123_456_789.125, "123456789.125"),
            (1e15, "1000000000000000.0"),
            (1e16, "1e+16"),
            (f64::MAX, "1.7976931348623157e+308"),
            (f64::NAN, "NaN"),
            (f64::NEG_INFINITY, "-Infinity"),
        ] {
            assert_eq!(repr(number), shown);
        }
    }

    #[test]
    fn what_python_does_not_read_is_refused() {
        for text in [
            "",
            "{",
            "[]",
            "1",
            "{} {}",
            "{\"a\"}",
            "{\"a\":}",
            "{\"a\":1,}",
            "{a:1}",
            "{\"a\":01}",
            "{\"a\":1.}",
            "{\"a\":.5}",
            "{\"a\":+1}",
            "{\"a\":-}",
            "{\"a\":nul}",
            "{\"a\":\"\n\"}",
            "{\"a\":\"\\x\"}",
            "{\"a\":\"\\u12\"}",
            "{\"a\":\"\\ud800\"}",
            "{\"a\":[1,]}",
            "{\"a\":\"é\\",
            "{\"a\":\"\\é\"}",
        ] {
            assert!(read(text.as_bytes()).is_err(), "{text}");
        }
        read(format!("{{\"a\":{}", "[".repeat(100_000)).as_bytes()).unwrap_err();
    }
}
