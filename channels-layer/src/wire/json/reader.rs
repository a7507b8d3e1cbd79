//! Reads JSON as Python's `json.loads` does: with NaN and infinity, and of a key that comes twice the last.

use crate::wire::{Message, Value};

/// How deep values may be nested, as in MessagePack.
const DEEPEST: usize = 511;

/// What is wrong with a text, and at which byte.
#[derive(Debug, thiserror::Error)]
#[error("JSON, byte {at}: {what}")]
pub(super) struct ReadError {
    at: usize,
    what: &'static str,
}

pub(super) struct Reader<'a> {
    text: &'a str,
    at: usize,
}

type Read<T> = Result<T, ReadError>;

impl<'a> Reader<'a> {
    pub(super) fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// The whole text as one value.
    pub(super) fn value(mut self) -> Read<Value> {
        let value = self.any(0)?;
        match self.peek() {
            None => Ok(value),
            Some(_) => self.fail("something follows the value"),
        }
    }

    fn fail<T>(&self, what: &'static str) -> Read<T> {
        Err(ReadError { at: self.at, what })
    }

    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The next byte that is no white space.
    fn peek(&mut self) -> Option<u8> {
        let white = |c| matches!(c, ' ' | '\t' | '\n' | '\r');
        self.at = self.text.len() - self.rest().trim_start_matches(white).len();
        self.rest().bytes().next()
    }

    fn takes(&mut self, word: &str) -> bool {
        let begins = self.rest().starts_with(word);
        self.at += if begins { word.len() } else { 0 };
        begins
    }

    fn any(&mut self, depth: usize) -> Read<Value> {
        if depth > DEEPEST {
            return self.fail("values are nested too deep");
        }
        match self.peek() {
            Some(b'{') => self.map(depth),
            Some(b'[') => self.list(depth),
            Some(b'"') => Ok(Value::Text(self.string()?)),
            _ => self.word(),
        }
    }

    fn word(&mut self) -> Read<Value> {
        for (word, value) in [
            ("null", Value::Nil),
            ("true", Value::Bool(true)),
            ("false", Value::Bool(false)),
            ("NaN", Value::Float(f64::NAN)),
            ("Infinity", Value::Float(f64::INFINITY)),
            ("-Infinity", Value::Float(f64::NEG_INFINITY)),
        ] {
            if self.takes(word) {
                return Ok(value);
            }
        }
        self.number()
    }

    fn number(&mut self) -> Read<Value> {
        let in_number = |c: char| c.is_ascii_digit() || matches!(c, '-' | '+' | '.' | 'e' | 'E');
        let rest = self.rest();
        let number = &rest[..rest.find(|c| !in_number(c)).unwrap_or(rest.len())];
        let digits = number.strip_prefix('-').unwrap_or(number);
        let starts = digits.bytes().next().is_some_and(|c| c.is_ascii_digit());
        let leads = digits.len() > 1 && digits.starts_with('0') && digits.as_bytes()[1].is_ascii_digit();
        if !starts || leads || number.contains(".e") || number.contains(".E") || number.ends_with('.') {
            return self.fail("this is no value");
        }
        let value = if digits.bytes().all(|c| c.is_ascii_digit()) {
            number.parse().map(Value::Integer).ok()
        } else {
            number.parse().map(Value::Float).ok()
        };
        match value {
            Some(value) => {
                self.at += number.len();
                Ok(value)
            }
            None => self.fail("this number cannot be read"),
        }
    }

    fn list(&mut self, depth: usize) -> Read<Value> {
        self.at += 1;
        let mut items = Vec::new();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(Value::List(items));
        }
        loop {
            items.push(self.any(depth + 1)?);
            if self.ends(b']')? {
                return Ok(Value::List(items));
            }
        }
    }

    fn map(&mut self, depth: usize) -> Read<Value> {
        self.at += 1;
        let mut entries = Vec::new();
        if self.peek() == Some(b'}') {
            self.at += 1;
            return Ok(Value::Map(Message::default()));
        }
        loop {
            if self.peek() != Some(b'"') {
                return self.fail("a key begins with a quotation mark");
            }
            let key = self.string()?;
            if self.peek() != Some(b':') {
                return self.fail("a colon follows a key");
            }
            self.at += 1;
            entries.push((key, self.any(depth + 1)?));
            if self.ends(b'}')? {
                return Ok(Value::Map(entries.into_iter().collect()));
            }
        }
    }

    /// After an item: whether it was the last.
    fn ends(&mut self, end: u8) -> Read<bool> {
        let next = self.peek();
        if next != Some(end) && next != Some(b',') {
            return self.fail("a comma or an end is missing");
        }
        self.at += 1;
        Ok(next == Some(end))
    }

    fn string(&mut self) -> Read<String> {
        self.at += 1;
        let mut string = String::new();
        loop {
            let rest = self.rest();
            let Some(plain) = rest.find(|c: char| c == '"' || c == '\\' || c < ' ') else {
                return self.fail("a text does not end");
            };
            string.push_str(&rest[..plain]);
            self.at += plain + 1;
            match rest.as_bytes()[plain] {
                b'"' => return Ok(string),
                b'\\' => string.push(self.escaped()?),
                _ => return self.fail("a text holds a control character"),
            }
        }
    }

    fn escaped(&mut self) -> Read<char> {
        let escape = self.rest().bytes().next();
        self.at += usize::from(escape.is_some_and(|c| c.is_ascii()));
        Ok(match escape {
            Some(c @ (b'"' | b'\\' | b'/')) => c.into(),
            Some(b'b') => '\u{8}',
            Some(b'f') => '\u{c}',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => return self.unicode(),
            _ => return self.fail("this is no escape"),
        })
    }

    fn unicode(&mut self) -> Read<char> {
        let first = self.unit()?;
        let second = match first {
            0xd800..=0xdbff if self.takes("\\u") => Some(self.unit()?),
            _ => None,
        };
        let mut decoded = char::decode_utf16([first].into_iter().chain(second));
        match (decoded.next(), decoded.next()) {
            (Some(Ok(c)), None) => Ok(c),
            _ => self.fail("half of a surrogate pair is no character"),
        }
    }

    fn unit(&mut self) -> Read<u16> {
        let digits = self.rest().get(..4).filter(|digits| digits.bytes().all(|c| c.is_ascii_hexdigit()));
        let Some(unit) = digits.and_then(|digits| u16::from_str_radix(digits, 16).ok()) else {
            return self.fail("four digits follow \\u");
        };
        self.at += 4;
        Ok(unit)
    }
}
