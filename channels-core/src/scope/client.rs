//! Who is at the other end: the peer, or whom a proxy speaks for.

use std::net::{AddrParseError, IpAddr, Ipv6Addr, SocketAddr};

use actix_web::http::header::{HeaderMap, X_FORWARDED_FOR};
use ipnet::IpNet;

/// The proxies that may say for whom they speak.
#[derive(Clone, Debug, Default)]
pub struct TrustedProxies(Vec<IpNet>);

/// A text is no address and no network.
#[derive(Debug, thiserror::Error)]
#[error("{text:?} is no address and no network: write 10.0.0.7, 10.0.0.0/8, or ::1")]
pub struct ProxyError {
    text: String,
    source: AddrParseError,
}

impl TrustedProxies {
    /// Those of these addresses and networks.
    ///
    /// # Errors
    ///
    /// [`ProxyError`] if one is neither.
    pub fn parse<I>(proxies: I) -> Result<Self, ProxyError>
    where
        I: IntoIterator,
        I::Item: AsRef<str>,
    {
        let networks = proxies.into_iter().map(|proxy| {
            let text = proxy.as_ref();
            let network = text.parse().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
            network.map_err(|source| ProxyError { text: text.to_owned(), source })
        });
        Ok(Self(networks.collect::<Result<_, _>>()?))
    }

    fn trust(&self, address: IpAddr) -> bool {
        let address = address.to_canonical();
        self.0.iter().any(|network| network.contains(&address))
    }

    /// The client: the last in `X-Forwarded-For` that is no proxy of ours. What stands before it was written by whoever
    /// it is.
    pub(crate) fn client(&self, peer: Option<SocketAddr>, headers: &HeaderMap) -> Option<SocketAddr> {
        let mut client = peer?;
        let lines = headers.get_all(X_FORWARDED_FOR).filter_map(|line| line.to_str().ok());
        let said: Vec<&str> = lines.flat_map(|line| line.split(',')).collect();
        let mut said = said.iter().rev();
        while self.trust(client.ip()) {
            let Some(before) = said.next().and_then(|text| address(text.trim())) else { break };
            client = before;
        }
        Some(client)
    }
}

/// What an address is counted by.
pub(super) fn network(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

/// An address as proxies write it: with a port, which is 0 where there is none.
fn address(text: &str) -> Option<SocketAddr> {
    let bare = text.strip_prefix('[').and_then(|text| text.strip_suffix(']')).unwrap_or(text);
    match bare.parse::<IpAddr>() {
        Ok(address) => Some(SocketAddr::new(address, 0)),
        Err(_) => text.parse().ok(),
    }
}

#[cfg(test)]
mod tests {
    use actix_web::http::header::HeaderValue;

    use super::*;

    const PROXIES: [&str; 3] = ["10.0.0.0/8", "192.0.2.1", "fd00::/8"];

    fn client(peer: &str, lines: &[&'static str]) -> String {
        let mut headers = HeaderMap::new();
        for &line in lines {
            headers.append(X_FORWARDED_FOR, HeaderValue::from_static(line));
        }
        let peer = peer.parse().unwrap();
        TrustedProxies::parse(PROXIES).unwrap().client(Some(peer), &headers).unwrap().to_string()
    }

    #[test]
    fn a_peer_that_is_no_proxy_speaks_for_itself() {
        assert_eq!(client("203.0.113.9:1", &["198.51.100.7"]), "203.0.113.9:1");
    }

    #[test]
    fn a_proxy_speaks_for_its_client() {
        assert_eq!(client("10.1.2.3:1", &["198.51.100.7"]), "198.51.100.7:0");
        assert_eq!(client("10.1.2.3:1", &["198.51.100.7:4711"]), "198.51.100.7:4711");
        assert_eq!(client("[::ffff:10.1.2.3]:1", &["[2001:db8::7]"]), "[2001:db8::7]:0");
        assert_eq!(client("[fd00::1]:1", &["[2001:db8::7]:80"]), "[2001:db8::7]:80");
    }

    #[test]
    fn of_several_the_last_that_is_no_proxy_counts() {
        let lines = ["1.1.1.1, 198.51.100.7", " 192.0.2.1,10.9.9.9"];

        assert_eq!(client("10.1.2.3:1", &lines), "198.51.100.7:0");
    }

    #[test]
    fn what_a_client_wrote_itself_moves_nothing() {
        assert_eq!(client("10.1.2.3:1", &["10.0.0.1, nonsense"]), "10.1.2.3:1");
        assert_eq!(client("10.1.2.3:1", &["10.0.0.1, 198.51.100.7"]), "198.51.100.7:0");
        assert_eq!(client("10.1.2.3:1", &[]), "10.1.2.3:1");
    }

    #[test]
    fn what_is_no_address_and_no_network_is_refused() {
        for proxy in ["", "10.0.0.0/33", "proxy.example.org"] {
            let error = TrustedProxies::parse([proxy]).unwrap_err();
            assert!(error.to_string().contains("is no address and no network"), "{error}");
        }
    }

    #[test]
    fn an_address_is_counted_by_itself_and_an_ipv6_one_by_its_network() {
        for (address, counted) in [
            ("192.0.2.7", "192.0.2.7"),
            ("::ffff:192.0.2.7", "192.0.2.7"),
            ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::"),
        ] {
            assert_eq!(network(address.parse().unwrap()).to_string(), counted);
        }
    }
}
