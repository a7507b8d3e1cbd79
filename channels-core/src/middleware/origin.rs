//! Which origins may connect: the rules of Channels' `OriginValidator`.
//!
//! Allowed origins are parsed at start-up, an `Origin` header once, both as Python's `urlparse` does it, for
//! the rules are made of its answers. Where `urlparse` raises, a header is refused and a pattern is an error.

use std::net::Ipv6Addr;

/// The origins that may connect, in the order they were written.
#[derive(Debug, Clone)]
pub(crate) struct OriginPatterns(Vec<OriginPattern>);

impl OriginPatterns {
    /// Parses a list such as Django's `ALLOWED_HOSTS`. The empty list allows nobody.
    ///
    /// # Errors
    ///
    /// The first text that is not a pattern.
    pub(crate) fn parse<I>(patterns: I) -> Result<Self, OriginPatternError>
    where
        I: IntoIterator<Item: AsRef<str>>,
    {
        let patterns = patterns.into_iter().map(|text| OriginPattern::parse(text.as_ref()));
        Ok(Self(patterns.collect::<Result<_, _>>()?))
    }

    /// Whether a handshake with this origin may go on; without an `Origin` header (`None`) `*` alone lets it.
    pub(crate) fn allow(&self, origin: Option<&Origin>) -> bool {
        for pattern in &self.0 {
            match pattern.verdict(origin) {
                Verdict::Allow => return true,
                Verdict::Pass => {}
                Verdict::Refuse => return false,
            }
        }
        false
    }
}

/// One allowed origin.
///
/// - `*`: every origin, and none.
/// - `example.com`, `.example.com` (with all subdomains), `127.0.0.1`, `[::1]`: with any scheme and port.
/// - `https://example.com`, `http://.example.com:8000`: with this scheme and port; 80 for http and ws, 443 for
///   https and wss where none is written. The scheme is the page's: `https`, hardly ever `wss`.
///
/// There are no globs: `*.example.com` is a host of this name.
#[derive(Debug, Clone)]
enum OriginPattern {
    Any,
    Host(Domain),
    Origin { scheme: String, domain: Domain, port: Port },
}

/// What one pattern has to say about an origin.
enum Verdict {
    Allow,
    Pass,
    /// Nor shall a later pattern allow it: this is where Channels raises `ValueError`.
    Refuse,
}

impl OriginPattern {
    fn parse(text: &str) -> Result<Self, OriginPatternError> {
        if text == "*" {
            return Ok(Self::Any);
        }
        if text.is_empty() {
            return Err(OriginPatternError::Empty);
        }
        let malformed = |Malformed| OriginPatternError::Malformed { pattern: text.into() };
        let url = Url::parse(&text.to_lowercase()).map_err(malformed)?;
        if url.scheme.is_empty() {
            let host = Url::parse(&format!("//{text}")).map_err(malformed)?.host;
            return Ok(Self::Host(Domain::new(host.as_deref().unwrap_or(text))));
        }
        match url {
            Url { port: Port::Malformed, .. } => Err(malformed(Malformed)),
            Url { host: None, .. } => Err(OriginPatternError::NoHost { pattern: text.into() }),
            Url { scheme, host: Some(host), port } => {
                Ok(Self::Origin { scheme, domain: Domain::new(&host), port })
            }
        }
    }

    fn verdict(&self, origin: Option<&Origin>) -> Verdict {
        let url = origin.map(|Origin(url)| url);
        let host = url.and_then(|url| url.host.as_deref());
        let same = match (self, url, host) {
            (Self::Any, ..) => true,
            (Self::Host(domain), _, Some(host)) => domain.has(host),
            (Self::Origin { .. }, Some(Url { port: Port::Malformed, .. }), Some(_)) => {
                return Verdict::Refuse;
            }
            (Self::Origin { scheme, domain, port }, Some(url), Some(host)) => {
                *scheme == url.scheme && *port == url.port && domain.has(host)
            }
            (Self::Host(_) | Self::Origin { .. }, ..) => false,
        };
        if same { Verdict::Allow } else { Verdict::Pass }
    }
}

/// A host, or with a dot in front a domain and all below it: Django's `is_same_domain`.
#[derive(Debug, Clone)]
struct Domain(String);

impl Domain {
    fn new(text: &str) -> Self {
        Self(text.to_lowercase())
    }

    fn has(&self, host: &str) -> bool {
        match self.0.strip_prefix('.') {
            Some(bare) => host == bare || host.ends_with(&self.0),
            None => host == self.0,
        }
    }
}

/// Why a text does not say which origins are allowed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum OriginPatternError {
    /// There is no text.
    #[error("an allowed origin is empty; write a host such as `example.com`, or `*` for all")]
    Empty,
    /// No host follows the scheme, so that no origin fits. In `localhost:3000`, `localhost` is the scheme.
    #[error(
        "the allowed origin `{pattern}` has no host, or a port and no scheme; write `localhost` for any port, \
         or `http://localhost:3000`"
    )]
    NoHost {
        /// What was written.
        pattern: String,
    },
    /// The port is none, or brackets are not those around an IPv6 address.
    #[error(
        "the allowed origin `{pattern}` cannot be read; its port is at most 65535, and brackets go around an \
         IPv6 address, as in `http://[::1]:8000`"
    )]
    Malformed {
        /// What was written.
        pattern: String,
    },
}

/// An `Origin` header. It may have no host, as `null` has none; then `*` alone allows it.
#[derive(Debug, Clone)]
pub(crate) struct Origin(Url);

impl Origin {
    /// Reads the header's value; where a request has several, Channels takes the last.
    ///
    /// # Errors
    ///
    /// [`Malformed`]: to be refused, whatever is allowed.
    pub(crate) fn parse(header: &[u8]) -> Result<Self, Malformed> {
        // Latin-1, in which every byte is a character
        let header: String = header.iter().copied().map(char::from).collect();
        Url::parse(&header).map(Self)
    }
}

/// An `Origin` header in which brackets are not those around an IPv6 address.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the Origin header cannot be read as a URL")]
pub(crate) struct Malformed;

/// Whether the page came from the host that the request is for, on whichever port and with whichever scheme.
///
/// It does not say that the host is ours: a name that somebody else lets point here passes with itself.
pub(crate) fn same_host(origin: &Origin, host_header: &str) -> bool {
    let Origin(Url { host: Some(origin), .. }) = origin else { return false };
    !host_header.contains(['@', '/', '?', '#'])
        && split_port(host_header).is_ok_and(|(host, _)| *origin == to_lower_host(host))
}

/// What the rules need of Python's `urlparse(..)`.
#[derive(Debug, Clone)]
struct Url {
    scheme: String,
    host: Option<String>,
    port: Port,
}

#[derive(Debug, Clone, Copy, PartialEq)]
enum Port {
    Number(u16),
    /// Neither written nor known from the scheme.
    Unknown,
    /// No number up to 65535: not an error before somebody asks for it.
    Malformed,
}

impl Url {
    fn parse(text: &str) -> Result<Self, Malformed> {
        let text = text.trim_start_matches(|c| c <= ' ').replace(['\t', '\r', '\n'], "");
        let (scheme, rest) = match text.split_once(':') {
            Some((scheme, rest)) if is_scheme(scheme) => (scheme.to_ascii_lowercase(), rest),
            Some(_) | None => (String::new(), text.as_str()),
        };
        let authority = rest.strip_prefix("//").unwrap_or_default();
        let authority = authority.split(['/', '?', '#']).next().unwrap_or_default();
        let (user, host) = authority.rsplit_once('@').unwrap_or(("", authority));
        if user.contains(['[', ']']) {
            return Err(Malformed);
        }
        let (host, port) = split_port(host)?;
        Ok(Self {
            port: Port::parse(port, &scheme),
            scheme,
            host: (!host.is_empty()).then(|| to_lower_host(host)),
        })
    }
}

impl Port {
    fn parse(text: &str, scheme: &str) -> Self {
        match (text, scheme) {
            ("", "http" | "ws") => Self::Number(80),
            ("", "https" | "wss") => Self::Number(443),
            ("", _) => Self::Unknown,
            // `parse` would take a sign
            _ if text.starts_with('+') => Self::Malformed,
            _ => text.parse().map_or(Self::Malformed, Self::Number),
        }
    }
}

fn is_scheme(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic())
        && text.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
}

/// Splits `host:port` or `[address]:port`; the port may be missing, and is any text.
fn split_port(text: &str) -> Result<(&str, &str), Malformed> {
    let Some(bracketed) = text.strip_prefix('[') else {
        let (host, port) = text.split_once(':').unwrap_or((text, ""));
        return if text.contains(['[', ']']) { Err(Malformed) } else { Ok((host, port)) };
    };
    let (host, after) = bracketed.split_once(']').ok_or(Malformed)?;
    let address = host.rsplit_once('%').map_or(host, |(address, _zone)| address);
    match after.strip_prefix(':') {
        _ if address.parse::<Ipv6Addr>().is_err() => Err(Malformed),
        Some(port) => Ok((host, port)),
        None if after.is_empty() => Ok((host, "")),
        None => Err(Malformed),
    }
}

/// In lower case up to an address's zone, which has a case of its own.
fn to_lower_host(host: &str) -> String {
    match host.split_once('%') {
        Some((address, zone)) => format!("{}%{zone}", address.to_lowercase()),
        None => host.to_lowercase(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refusal(pattern: &str) -> String {
        OriginPatterns::parse([pattern]).unwrap_err().to_string()
    }

    fn same(origin: &str, host: &str) -> bool {
        same_host(&Origin::parse(origin.as_bytes()).unwrap(), host)
    }

    #[test]
    fn a_pattern_that_no_origin_fits_is_an_error_that_says_what_to_write() {
        assert_eq!(
            refusal(""),
            "an allowed origin is empty; write a host such as `example.com`, or `*` for all"
        );
        assert_eq!(
            refusal("localhost:3000"),
            "the allowed origin `localhost:3000` has no host, or a port and no scheme; write `localhost` for any \
             port, or `http://localhost:3000`"
        );
        assert!(refusal("http://").contains("has no host"));
        assert!(refusal("fe80::1").contains("has no host"));
        for pattern in ["http://[::1", "[::1", "[example.com]", "http://a.org:+80", "http://a.org:65536"] {
            assert!(refusal(pattern).contains("cannot be read"), "{pattern}");
        }
    }

    #[test]
    fn a_port_that_is_none_is_refused_by_a_pattern_with_a_scheme_before_a_later_one_allows_it() {
        let origin = Origin::parse(b"http://a.org:port").unwrap();

        assert!(OriginPatterns::parse(["a.org", "http://a.org"]).unwrap().allow(Some(&origin)));
        assert!(!OriginPatterns::parse(["http://a.org", "a.org", "*"]).unwrap().allow(Some(&origin)));
    }

    #[test]
    fn the_host_is_what_follows_the_last_at_sign() {
        let patterns = OriginPatterns::parse(["example.com"]).unwrap();

        assert!(patterns.allow(Some(&Origin::parse(b"https://evil.org@x@example.com").unwrap())));
        assert!(!patterns.allow(Some(&Origin::parse(b"https://x@example.com@evil.org").unwrap())));
    }

    #[test]
    fn a_page_of_the_same_host_is_known_on_any_port() {
        assert!(same("https://example.com", "example.com"));
        assert!(same("http://EXAMPLE.com:3000", "Example.COM:8000"));
        assert!(same("http://[::1]:3000", "[::1]"));
        assert!(same("http://[FE80::A]", "[fe80::a]:8000"));

        assert!(!same("https://example.com.evil.org", "example.com"));
        assert!(!same("https://sub.example.com", "example.com"));
        assert!(!same("http://[::1]", "[::2]"));
        assert!(!same("null", "null"));
        assert!(!same("", ""));
        assert!(!same("file://", ""));
    }

    #[test]
    fn a_host_header_that_is_more_than_a_host_is_nobodys() {
        for host in
            ["user@evil.org", "evil.org/", "[evil.org]", "[::1", "::1]", "evil.org#@", "[::1]evil.org"]
        {
            assert!(!same("https://evil.org", host) && !same("http://[::1]", host), "{host}");
        }
    }

    #[test]
    fn no_header_makes_it_panic() {
        let patterns = OriginPatterns::parse(["https://.example.com", ".example.org"]).unwrap();
        let long = [b"https://".as_slice(), &[b'a'; 64 * 1024]].concat();

        for header in
            [b"\0".as_slice(), b"\xff\xfe://\xff", b"://", b"a://[]", b"a://]:[", b"//%", b"@:", &long]
        {
            let allowed = Origin::parse(header).is_ok_and(|origin| patterns.allow(Some(&origin)));
            assert!(!allowed);
        }
    }
}

#[cfg(test)]
mod vectors {
    use std::env;
    use std::fs;
    use std::path::PathBuf;

    use serde_json::Value;

    use super::*;

    fn read() -> Value {
        let directory = env::var_os("CHANNELS_VECTORS").map_or_else(
            || concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/django/vectors").into(),
            PathBuf::from,
        );
        serde_json::from_str(&fs::read_to_string(directory.join("origin.json")).unwrap()).unwrap()
    }

    fn texts(list: &Value) -> Vec<&str> {
        list.as_array().unwrap().iter().filter_map(Value::as_str).collect()
    }

    fn accepted(allowed: &[&str], origin: Option<&str>) -> bool {
        // what is an error here fits nothing there
        let patterns = allowed.iter().copied().filter(|text| OriginPattern::parse(text).is_ok());
        let patterns = OriginPatterns::parse(patterns).unwrap();
        match origin.map(|origin| Origin::parse(origin.as_bytes())).transpose() {
            Ok(origin) => patterns.allow(origin.as_ref()),
            Err(Malformed) => false,
        }
    }

    #[test]
    fn vectors_of_djangos_origin_validator_get_the_same_answer() {
        let vectors = read();
        let cases = vectors["cases"].as_array().unwrap();

        for case in cases {
            let accepted = accepted(&texts(&case["allowed_hosts"]), case["origin"].as_str());
            assert_eq!(case["accepted"], accepted, "{case}");
        }
        assert!(cases.len() >= 100, "only {} cases", cases.len());
    }

    #[test]
    fn vectors_with_several_origin_headers_or_djangos_debug_get_the_same_answer() {
        let vectors = read();
        let cases = vectors["more"].as_array().unwrap();

        for case in cases {
            let mut allowed = texts(&case["allowed_hosts"]);
            if allowed.is_empty() && case["debug"] == true {
                allowed = vec!["localhost", "127.0.0.1", "[::1]"];
            }
            let accepted = accepted(&allowed, texts(&case["origins"]).last().copied());
            assert_eq!(case["accepted"], accepted, "{case}");
        }
        assert!(cases.len() >= 9, "only {} cases", cases.len());
    }
}
