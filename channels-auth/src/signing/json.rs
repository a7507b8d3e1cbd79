//! JSON as Django writes and reads what it signs: written in ASCII, read as Latin-1.

use std::{borrow::Cow, io};

use serde::{Serialize, de::DeserializeOwned};
use serde_json::ser::Formatter;

/// Without spaces, and with an escape for whatever is not ASCII.
pub(super) fn to_vec(value: &(impl Serialize + ?Sized)) -> serde_json::Result<Vec<u8>> {
    let mut written = Vec::new();
    value.serialize(&mut serde_json::Serializer::with_formatter(&mut written, Ascii))?;
    Ok(written)
}

/// Each byte is a character of its own: that is what Django takes it for, whoever wrote it.
pub(super) fn from_slice<T: DeserializeOwned>(bytes: &[u8]) -> serde_json::Result<T> {
    let text = match str::from_utf8(bytes) {
        Ok(text) if text.is_ascii() => Cow::Borrowed(text),
        Ok(_) | Err(_) => bytes.iter().copied().map(char::from).collect(),
    };
    serde_json::from_str(&text)
}

/// Python's `json.dumps(value, separators=(",", ":"))`.
struct Ascii;

impl Formatter for Ascii {
    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, to: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some(at) = rest.find(|char| !matches!(char, ' '..='~')) {
            let (plain, from) = rest.split_at(at);
            to.write_all(plain.as_bytes())?;
            let end = from.find(|char| matches!(char, ' '..='~')).unwrap_or(from.len());
            let (foreign, after) = from.split_at(end);
            for unit in foreign.encode_utf16() {
                write!(to, "\\u{unit:04x}")?;
            }
            rest = after;
        }
        to.write_all(rest.as_bytes())
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn what_is_not_ascii_is_escaped_as_python_escapes_it() {
        let written = to_vec(&json!({ "n": "é名🦀\u{7f}/</\n\"\\\u{1}" })).unwrap();

        let python = r#"{"n":"\u00e9\u540d\ud83e\udd80\u007f/</\n\"\\\u0001"}"#;
        assert_eq!(String::from_utf8(written).unwrap(), python);
    }

    #[test]
    fn bytes_are_read_as_latin_1() {
        assert_eq!(from_slice::<Value>("\"Zoë\"".as_bytes()).unwrap(), json!("ZoÃ«"));
        assert_eq!(from_slice::<Value>(b"\"Zo\xEB\"").unwrap(), json!("Zoë"));
    }

    #[test]
    fn what_is_written_is_read_again() {
        let value = json!({ "ключ": ["\u{7f}\u{80}\u{ff}\u{2028}", null, true, -1, 0.1, { "": [] }] });

        assert_eq!(from_slice::<Value>(&to_vec(&value).unwrap()).unwrap(), value);
    }
}
