//! The request's headers, kept small for as long as the connection lives.

use actix_web::http::header::{self, HeaderMap, HeaderName, HeaderValue};

/// Headers that only the handshake needs.
const HANDSHAKE: [HeaderName; 5] = [
    header::CONNECTION,
    header::UPGRADE,
    header::SEC_WEBSOCKET_KEY,
    header::SEC_WEBSOCKET_VERSION,
    header::SEC_WEBSOCKET_EXTENSIONS,
];

pub(crate) struct Headers(Box<[(HeaderName, HeaderValue)]>);

impl Headers {
    // a value of the request is a slice of its read buffer, and would hold all of that
    pub(super) fn copied(headers: &HeaderMap) -> Self {
        let kept = headers.iter().filter(|(name, _)| !HANDSHAKE.contains(name));
        let copies = kept.filter_map(|(name, value)| {
            HeaderValue::from_bytes(value.as_bytes()).ok().map(|value| (name.clone(), value))
        });
        Self(copies.collect())
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (&HeaderName, &HeaderValue)> {
        self.0.iter().map(|(name, value)| (name, value))
    }

    pub(crate) fn get_all(&self, name: &str) -> impl DoubleEndedIterator<Item = &HeaderValue> {
        self.0
            .iter()
            .filter(move |(held, _)| held.as_str().eq_ignore_ascii_case(name))
            .map(|(_, value)| value)
    }

    pub(super) fn subprotocols(&self) -> Vec<String> {
        let lines = self.get_all(header::SEC_WEBSOCKET_PROTOCOL.as_str());
        let offers = lines.filter_map(|line| line.to_str().ok()).flat_map(|line| line.split(','));
        offers.map(str::trim).filter(|offer| !offer.is_empty()).map(str::to_owned).collect()
    }
}

/// The cookie of this name in a request's headers, for HTTP handlers: read as
/// [`Scope::cookie`](crate::Scope::cookie) reads it.
pub fn cookie(headers: &HeaderMap, name: &str) -> Option<String> {
    last_cookie(headers.get_all(header::COOKIE), name)
}

/// The last cookie of this name in the lines of `Cookie`. They are Latin-1: a cookie of another script's must
/// not hide the rest of its line.
pub(super) fn last_cookie<'a>(
    lines: impl DoubleEndedIterator<Item = &'a HeaderValue>,
    name: &str,
) -> Option<String> {
    let latin1 = |line: &HeaderValue| line.as_bytes().iter().copied().map(char::from).collect::<String>();
    lines.rev().map(latin1).find_map(|line| in_line(&line, name))
}

fn in_line(line: &str, name: &str) -> Option<String> {
    let mut pairs = line.split(';').map(|pair| pair.split_once('=').unwrap_or(("", pair)));
    let (_, value) = pairs.rfind(|(key, _)| key.trim() == name)?;
    Some(unquoted(value.trim()))
}

/// A cookie's value without its quotes (Python's `http.cookies._unquote`).
fn unquoted(value: &str) -> String {
    let Some(inner) = value.strip_prefix('"').and_then(|rest| rest.strip_suffix('"')) else {
        return value.to_owned();
    };
    let mut plain = String::with_capacity(inner.len());
    let mut rest = inner;
    while let Some((before, escape)) = rest.split_once('\\') {
        plain.push_str(before);
        let mut after = escape.chars();
        match escape.as_bytes() {
            [a @ b'0'..=b'3', b @ b'0'..=b'7', c @ b'0'..=b'7', ..] => {
                plain.push(char::from((a - b'0') << 6 | (b - b'0') << 3 | (c - b'0')));
                rest = &escape[3..];
            }
            _ => {
                // one that escapes nothing stays
                plain.push(after.next().unwrap_or('\\'));
                rest = after.as_str();
            }
        }
    }
    plain.push_str(rest);
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_cookie_of_a_name_counts() {
        let lines = ["a=1; sessionid=x ;a=2; b", "c=3"].map(HeaderValue::from_static);

        assert_eq!(last_cookie(lines.iter(), "a").as_deref(), Some("2"));
        assert_eq!(last_cookie(lines.iter(), "c").as_deref(), Some("3"));
        assert_eq!(last_cookie(lines.iter(), "d"), None);
    }

    #[test]
    fn a_cookie_that_is_not_ascii_hides_no_other() {
        let line = HeaderValue::from_bytes("city=Köln; sessionid=x".as_bytes()).unwrap();

        assert_eq!(last_cookie([&line].into_iter(), "sessionid").as_deref(), Some("x"));
        assert_eq!(last_cookie([&line].into_iter(), "city").as_deref(), Some("KÃ¶ln"));
    }

    #[test]
    fn only_three_octal_digits_up_to_377_are_a_byte_in_a_quoted_cookie() {
        for (sent, read) in [
            (r#""\377""#, "ÿ"),
            (r#""\400""#, "400"),
            (r#""\+12""#, "+12"),
            (r#""\08""#, "08"),
            (r#""a\""#, r"a\"),
        ] {
            assert_eq!(unquoted(sent), read);
        }
    }

    #[test]
    fn a_quoted_cookie_is_read_as_python_reads_it() {
        for (sent, read) in
            [(r#""x y""#, "x y"), (r#""a\"b\\""#, r#"a"b\"#), (r#""\073\0""#, ";0"), (r#"""#, r#"""#)]
        {
            assert_eq!(unquoted(sent), read);
        }
    }
}
