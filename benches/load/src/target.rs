//! Where to connect, and what to say first.

use std::net::{Ipv4Addr, SocketAddr};

use crate::dialect::Dialect;

/// A key that anybody may see; `ACCEPT` is what it comes to (both are RFC 6455's example, section 1.3).
const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
const ACCEPT: &str = "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=";

/// How many connections share an address of ours: an address has some 28,000 ports for one server.
const PER_ADDRESS: usize = 10_000;

/// A server's address, and the request that opens a WebSocket there.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    pub(crate) address: SocketAddr,
    pub(crate) request: Vec<u8>,
    pub(crate) dialect: Dialect,
}

impl Target {
    /// # Errors
    ///
    /// If it is no `ws://ADDRESS:PORT/PATH`.
    pub(crate) fn parse(url: &str, dialect: Dialect) -> Result<Self, String> {
        let rest = url.strip_prefix("ws://").ok_or_else(|| format!("{url}: not ws://"))?;
        let (host, path) = rest.split_once('/').unwrap_or((rest, ""));
        let address = host.parse().map_err(|error| format!("{host}: {error}"))?;
        let request = format!(
            "GET /{path} HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: {KEY}\r\n\r\n"
        );
        Ok(Self { address, request: request.into_bytes(), dialect })
    }

    /// Whether a whole answer opens the WebSocket.
    pub(crate) fn is_opened_by(answer: &[u8]) -> bool {
        let contains = |text: &str| answer.windows(text.len()).any(|window| window == text.as_bytes());
        answer.starts_with(b"HTTP/1.1 101") && contains(ACCEPT)
    }
}

/// The address of ours that the nth connection comes from: one of 127.0.1.0/24, all of which are this machine.
pub(crate) fn source(n: usize) -> SocketAddr {
    let host = u8::try_from(n / PER_ADDRESS % 250).unwrap_or_default();
    SocketAddr::from((Ipv4Addr::new(127, 0, 1, host + 1), 0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_path_is_sent_with_its_query() {
        let target = Target::parse("ws://127.0.0.1:9001/room?token=a.b", Dialect::Plain).unwrap();

        let request = String::from_utf8(target.request).unwrap();
        assert!(request.starts_with("GET /room?token=a.b HTTP/1.1\r\nHost: 127.0.0.1:9001\r\n"), "{request}");
        assert!(request.ends_with("\r\n\r\n"), "{request}");
    }

    #[test]
    fn what_is_no_address_of_a_websocket_is_refused() {
        for url in ["http://127.0.0.1:1/", "ws://localhost:1/", "ws://127.0.0.1/"] {
            Target::parse(url, Dialect::Plain).unwrap_err();
        }
    }

    #[test]
    fn only_an_answer_with_the_right_key_opens_it() {
        let good = format!("HTTP/1.1 101 Switching\r\nsec-websocket-accept: {ACCEPT}\r\n\r\n");

        assert!(Target::is_opened_by(good.as_bytes()));
        assert!(!Target::is_opened_by(good.replace("101", "200").as_bytes()));
        assert!(!Target::is_opened_by(b"HTTP/1.1 101 Switching\r\n\r\n"));
    }
}
