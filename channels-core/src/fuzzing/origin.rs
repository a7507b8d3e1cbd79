//! Any bytes as an `Origin` header.

use crate::middleware::origin::{Origin, OriginPatterns, same_host};

/// The input: lines, which are a `Host` header, an `Origin` header, and patterns.
///
/// An origin as browsers write it (RFC 6454 section 6.2) is allowed by a pattern if and only if its parts fit,
/// compared one by one; any other is allowed only if it has the host where a URL's host stands.
pub fn origin(data: &[u8]) {
    let mut lines = data.split(|byte| *byte == b'\n');
    let (Some(host), Some(header)) = (lines.next(), lines.next()) else { return };
    let host = String::from_utf8_lossy(host);
    let texts: Vec<_> = lines.map(String::from_utf8_lossy).collect();
    let Ok(patterns) = OriginPatterns::parse(&texts) else { return };
    let parsed = Origin::parse(header);

    let allowed = parsed.as_ref().is_ok_and(|origin| patterns.allow(Some(origin)));
    let same = parsed.as_ref().is_ok_and(|origin| same_host(origin, &host));

    let patterns: Option<Vec<_>> = texts.iter().map(|text| Wanted::parse(text)).collect();
    let origin = std::str::from_utf8(header).ok().and_then(Plain::parse);
    if let (Some(patterns), Some(origin)) = (&patterns, &origin) {
        assert_eq!(allowed, patterns.iter().any(|pattern| pattern.fits(origin)));
    }
    if let (Some(origin), Some((host, _port))) = (&origin, host_and_port(&host)) {
        assert_eq!(same, origin.host == host);
    }
    if let (true, Some(patterns)) = (allowed, &patterns) {
        let host = after_the_last_at(header);
        assert!(patterns.iter().any(|pattern| pattern.is_in(&host)), "{host:?} is allowed");
    }
}

/// An origin as browsers write it, of a host with a name in ASCII.
struct Plain<'a> {
    scheme: &'a str,
    host: &'a str,
    port: Option<u16>,
}

impl<'a> Plain<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        let (scheme, rest) = text.split_once("://")?;
        let (host, port) = host_and_port(rest)?;
        let known = match scheme {
            "http" | "ws" => Some(80),
            "https" | "wss" => Some(443),
            _ if scheme.is_empty() || scheme.contains(|c: char| !c.is_ascii_lowercase()) => return None,
            _ => None,
        };
        Some(Self { scheme, host, port: port.or(known) })
    }
}

fn host_and_port(text: &str) -> Option<(&str, Option<u16>)> {
    let (host, port) = match text.split_once(':') {
        Some((host, port)) if port.starts_with(|c: char| c.is_ascii_digit()) => {
            (host, Some(port.parse().ok()?))
        }
        Some(_) => return None,
        None => (text, None),
    };
    let plain = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || "-.".contains(c);
    (!host.is_empty() && host.chars().all(plain)).then_some((host, port))
}

/// A pattern in its plain form.
enum Wanted<'a> {
    All,
    Host(&'a str),
    Origin(Plain<'a>),
}

impl<'a> Wanted<'a> {
    fn parse(text: &'a str) -> Option<Self> {
        match host_and_port(text) {
            _ if text == "*" => Some(Self::All),
            Some((host, None)) => Some(Self::Host(host)),
            Some((_, Some(_))) => None,
            None => Plain::parse(text).map(Self::Origin),
        }
    }

    fn fits(&self, origin: &Plain<'_>) -> bool {
        match self {
            Self::All => true,
            Self::Host(host) => covers(host, origin.host),
            Self::Origin(wanted) => {
                (wanted.scheme, wanted.port) == (origin.scheme, origin.port)
                    && covers(wanted.host, origin.host)
            }
        }
    }

    fn is_in(&self, text: &str) -> bool {
        match self {
            Self::All => true,
            Self::Host(host) | Self::Origin(Plain { host, .. }) => {
                text.contains(host.trim_start_matches('.'))
            }
        }
    }
}

/// Where the host stands in a URL, in lower case: what comes before the last `@` is a user's name.
fn after_the_last_at(header: &[u8]) -> String {
    let text: String = header.iter().map(|byte| char::from(byte.to_ascii_lowercase())).collect();
    let text = text.replace(['\t', '\r'], "");
    let authority = text.split("//").nth(1).unwrap_or_default();
    let end = authority.find(['/', '?', '#']).unwrap_or(authority.len());
    authority[..end].rsplit('@').next().unwrap_or_default().to_owned()
}

/// Label by label, from the last.
fn covers(wanted: &str, host: &str) -> bool {
    let Some(domain) = wanted.strip_prefix('.') else { return wanted == host };
    let (mut domain, mut host) = (domain.rsplit('.'), host.rsplit('.'));
    domain.all(|label| host.next() == Some(label))
}
