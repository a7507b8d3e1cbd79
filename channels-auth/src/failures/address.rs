//! Where a client comes from.

use std::net::{IpAddr, Ipv6Addr, SocketAddr};

use channels_core::Scope;

/// Where a client comes from, as far as that is one client's: an IPv4 address, or a network of IPv6.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) struct Address(IpAddr);

impl Address {
    /// `None` if there is none, as behind a UNIX socket.
    pub(super) fn of(scope: &Scope, proxies: usize) -> Option<Self> {
        let peer = scope.client().map(|client| client.ip());
        // a proxy that was named and says nothing did not ask for anybody
        let said = proxies.checked_sub(1).and_then(|place| forwarded(scope, place));
        said.or(peer).map(Self::from)
    }
}

impl From<IpAddr> for Address {
    fn from(address: IpAddr) -> Self {
        Self(match address.to_canonical() {
            IpAddr::V4(address) => IpAddr::V4(address),
            IpAddr::V6(address) => {
                let [a, b, c, d, ..] = address.segments();
                IpAddr::V6(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0))
            }
        })
    }
}

/// The entry of `X-Forwarded-For` at this place from the end, however many headers it takes.
fn forwarded(scope: &Scope, place: usize) -> Option<IpAddr> {
    let lines = scope.headers().filter(|(name, _)| name.as_str() == "x-forwarded-for");
    let lines: Vec<_> = lines.filter_map(|(_, line)| line.to_str().ok()).collect();
    let mut entries = lines.iter().rev().flat_map(|line| line.rsplit(','));
    parsed(entries.nth(place)?.trim())
}

/// An address, with or without a port.
fn parsed(entry: &str) -> Option<IpAddr> {
    let plain = entry.trim_matches(['[', ']']).parse().ok();
    plain.or_else(|| entry.parse::<SocketAddr>().ok().map(|with_port| with_port.ip()))
}

#[cfg(test)]
mod tests {
    use actix_web::test::TestRequest;

    use super::*;

    /// The address of a client behind so many proxies.
    fn seen(proxies: usize, forwarded: &[&str]) -> Option<Address> {
        let peer = "192.0.2.9:1234".parse().unwrap();
        let request = forwarded.iter().fold(TestRequest::default().peer_addr(peer), |request, line| {
            request.append_header(("X-Forwarded-For", *line))
        });
        Address::of(&Scope::of_request(&request.to_http_request()), proxies)
    }

    fn address(text: &str) -> Option<Address> {
        Some(Address::from(text.parse::<IpAddr>().unwrap()))
    }

    #[test]
    fn without_a_proxy_nobody_makes_up_an_address() {
        assert_eq!(seen(0, &["198.51.100.1"]), address("192.0.2.9"));
    }

    #[test]
    fn behind_proxies_the_address_is_counted_from_the_end() {
        let lines = ["203.0.113.1, 198.51.100.1", "198.51.100.2 ,198.51.100.3:80"];

        assert_eq!(seen(1, &lines), address("198.51.100.3"));
        assert_eq!(seen(2, &lines), address("198.51.100.2"));
        assert_eq!(seen(3, &lines), address("198.51.100.1"));
        assert_eq!(seen(5, &lines), address("192.0.2.9"));
        assert_eq!(seen(1, &[]), address("192.0.2.9"));
        assert_eq!(seen(1, &["unknown"]), address("192.0.2.9"));
    }

    #[test]
    fn an_ipv6_client_is_as_many_as_its_network() {
        assert_eq!(seen(1, &["2001:db8::1"]), seen(1, &["[2001:db8:0:0:9::7]:443"]));
        assert_ne!(seen(1, &["2001:db8::1"]), seen(1, &["2001:db8:0:1::1"]));
        assert_eq!(seen(1, &["[::ffff:192.0.2.1]"]), seen(1, &["192.0.2.1"]));
    }
}
