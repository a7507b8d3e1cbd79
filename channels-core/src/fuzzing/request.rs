//! Any bytes as what a request says: its query string, cookies and subprotocols.

use actix_web::http::header::{COOKIE, HeaderMap, HeaderValue, SEC_WEBSOCKET_PROTOCOL};

use crate::{Scope, middleware::redacted, routing::Params};

/// The input: lines, which are a name (or `token`), a query string, a `Cookie` header, subprotocols, and a path.
///
/// Each is read as Django reads it, here in other words; what is written by the rules is read back; and the values
/// of a query string make no difference to what is logged of it.
pub fn request(data: &[u8]) {
    let mut lines = data.splitn(5, |byte| *byte == b'\n');
    let mut line = || lines.next().unwrap_or_default();
    let (name, query) = (String::from_utf8_lossy(line()), String::from_utf8_lossy(line()));
    // what has no name is of no use
    let name = if name.is_empty() { "token".into() } else { name };
    let mut headers = HeaderMap::new();
    for header in [COOKIE, SEC_WEBSOCKET_PROTOCOL] {
        if let Ok(value) = HeaderValue::from_bytes(line()) {
            headers.insert(header, value);
        }
    }
    let path = String::from_utf8_lossy(line());
    let text = |header| headers.get(header).and_then(|value| value.to_str().ok()).unwrap_or_default();
    let scope = Scope::new(path.clone().into(), query.clone().into(), None, &headers, Params::default());

    assert_eq!(scope.query(&name), in_query(&query, &name));
    assert_eq!(scope.cookie(&name), in_cookies(&latin1(headers.get(COOKIE)), &name));
    assert_subprotocols(scope, text(SEC_WEBSOCKET_PROTOCOL));
    assert_redacted(&path, &query);
    assert_written(&name, &query);
}

/// The first value that is not blank (Python's `parse_qs`).
fn in_query(query: &str, name: &str) -> Option<String> {
    for pair in query.split('&') {
        let Some(equals) = pair.find('=') else { continue };
        let (key, value) = (&pair[..equals], &pair[equals + 1..]);
        if !value.is_empty() && form_decoded(key) == name.as_bytes() {
            return String::from_utf8(form_decoded(value)).ok();
        }
    }
    None
}

fn form_decoded(text: &str) -> Vec<u8> {
    let mut decoded = Vec::new();
    let mut rest = text.as_bytes();
    let digit = |byte: u8| char::from(byte).to_digit(16);
    while let Some((&first, after)) = rest.split_first() {
        rest = after;
        match (first, after) {
            (b'+', _) => decoded.push(b' '),
            (b'%', &[high, low, ..]) if digit(high).is_some() && digit(low).is_some() => {
                decoded.extend(u8::from_str_radix(&format!("{}{}", char::from(high), char::from(low)), 16));
                rest = &after[2..];
            }
            _ => decoded.push(first),
        }
    }
    decoded
}

/// A header as Django has it (WSGI's Latin-1).
fn latin1(header: Option<&HeaderValue>) -> String {
    header.map_or("".as_bytes(), HeaderValue::as_bytes).iter().copied().map(char::from).collect()
}

/// The last cookie of this name (Django's `parse_cookie`).
fn in_cookies(line: &str, name: &str) -> Option<String> {
    let mut found = None;
    for chunk in line.split(';') {
        let (key, value) = chunk.split_once('=').unwrap_or(("", chunk));
        if key.trim() == name {
            found = Some(unquoted(value.trim()));
        }
    }
    found
}

/// Python's `http.cookies._unquote`: `\` before three octal digits up to 377, or before any character.
fn unquoted(value: &str) -> String {
    let quoted = value.len() >= 2 && value.starts_with('"') && value.ends_with('"');
    if !quoted {
        return value.to_owned();
    }
    let mut plain = String::new();
    let characters: Vec<char> = value[1..value.len() - 1].chars().collect();
    let mut rest = characters.as_slice();
    loop {
        rest = match rest {
            ['\\', a @ '0'..='3', b @ '0'..='7', c @ '0'..='7', after @ ..] => {
                plain.extend(u8::from_str_radix(&String::from_iter([a, b, c]), 8).map(char::from));
                after
            }
            ['\\', escaped, after @ ..] => {
                plain.push(*escaped);
                after
            }
            [other, after @ ..] => {
                plain.push(*other);
                after
            }
            [] => return plain,
        }
    }
}

/// Those offered, in their order; one that is taken out is none of them any more.
fn assert_subprotocols(mut scope: Scope, line: &str) {
    let offers: Vec<_> = line.split(',').map(str::trim).filter(|offer| !offer.is_empty()).collect();
    assert_eq!(scope.subprotocols(), offers);
    assert_eq!(scope.take_subprotocol(offers.len()), None);

    let Some((last, others)) = offers.split_last() else { return };
    assert_eq!(scope.take_subprotocol(others.len()).as_deref(), Some(*last));
    assert_eq!(scope.subprotocols(), others);
}

/// What is logged is one line, and the same for all values.
fn assert_redacted(path: &str, query: &str) {
    let without_values = query.split('&').map(|pair| match pair.split_once('=') {
        Some((name, _)) => format!("{name}=x"),
        None if pair.is_empty() => String::new(),
        None => "x".to_owned(),
    });
    let shown = redacted(path, query);

    assert_eq!(shown, redacted(path, &without_values.collect::<Vec<_>>().join("&")));
    assert!(!shown.contains(char::is_control), "{shown:?}");
}

/// What is percent-encoded or quoted by the rules is read back as it was.
fn assert_written(name: &str, value: &str) {
    let encoded = |text: &str| text.bytes().map(|byte| format!("%{byte:02x}")).collect::<String>();
    let quoted = |text: &str| text.bytes().map(|byte| format!("\\{byte:03o}")).collect::<String>();
    let ascii: String = value.chars().filter(char::is_ascii).collect();
    let mut headers = HeaderMap::new();
    let cookie = format!("token=\"{}\"", quoted(&ascii));
    headers.insert(COOKIE, HeaderValue::from_str(&cookie).expect("quoted text is a header's value"));
    let query = format!("{}={}", encoded(name), encoded(value));
    let scope = Scope::new(String::new(), query, None, &headers, Params::default());

    assert_eq!(scope.query(name).as_deref(), Some(value).filter(|value| !value.is_empty()));
    assert_eq!(scope.cookie("token"), Some(ascii));
}
