//! A set of keys at a URL.

use std::{fmt, net::IpAddr, sync::Arc, time::Duration};

use reqwest::{
    Client, Response, StatusCode, Url,
    header::{ACCEPT, CACHE_CONTROL},
    redirect::{Attempt, Policy},
};
use rustls::{
    ClientConfig, RootCertStore,
    pki_types::{CertificateDer, pem::PemObject},
};
use rustls_platform_verifier::BuilderVerifierExt;

use super::{JwksError, LARGEST, set::KeySet};

/// How often a set is loaded whose issuer does not say how long it is good.
const EVERY: Duration = Duration::from_secs(10 * 60);

/// What an issuer may say of that: less would be a flood, more would keep a key that was taken back.
const SHORTEST: Duration = Duration::from_secs(60);
const LONGEST: Duration = Duration::from_secs(60 * 60);

/// How long a connection may take, and how long everything.
const CONNECT: Duration = Duration::from_secs(3);
const ALL: Duration = Duration::from_secs(10);

const REDIRECTS: usize = 3;

pub(super) struct KeyUrl {
    url: Url,
    client: Client,
}

impl KeyUrl {
    pub(super) fn new(url: &str) -> Result<Self, JwksError> {
        let url = Url::parse(url).or(Err(JwksError::Url))?;
        if !is_allowed(&url) {
            return Err(JwksError::Url);
        }
        let builder = config();
        let tls = if url.scheme() == "https" {
            builder.with_platform_verifier().map_err(tls)?.with_no_client_auth()
        } else {
            // a redirect may go on with TLS: to nobody who is trusted
            builder.with_root_certificates(RootCertStore::empty()).with_no_client_auth()
        };
        Self::with_tls(url, tls)
    }

    /// The same, where those vouch for the server whose certificates these are.
    pub(super) fn trusting(&self, pem: &[u8]) -> Result<Self, JwksError> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_slice_iter(pem) {
            roots.add(certificate.map_err(tls)?).map_err(tls)?;
        }
        if roots.is_empty() {
            return Err(tls("there is no certificate in this PEM"));
        }
        Self::with_tls(self.url.clone(), config().with_root_certificates(roots).with_no_client_auth())
    }

    fn with_tls(url: Url, config: ClientConfig) -> Result<Self, JwksError> {
        let client = Client::builder()
            .tls_backend_preconfigured(config)
            .redirect(Policy::custom(follow))
            .connect_timeout(CONNECT)
            .timeout(ALL)
            // asked so seldom, it would be found closed
            .pool_max_idle_per_host(0)
            .user_agent(concat!("channels-auth/", env!("CARGO_PKG_VERSION")));
        // a proxy does not know this machine by its own name for itself
        let client = if url.scheme() == "http" { client.no_proxy() } else { client };
        Ok(Self { url, client: client.build().map_err(tls)? })
    }

    /// The keys, and how long they are good.
    pub(super) async fn load(&self) -> Result<(KeySet, Duration), JwksError> {
        let request =
            self.client.get(self.url.clone()).header(ACCEPT, "application/jwk-set+json, application/json");
        let mut response = request.send().await.map_err(unreachable)?;
        if response.status() != StatusCode::OK {
            return Err(JwksError::Status(response.status().as_u16()));
        }
        let good_for = good_for(&response);
        let mut text = Vec::new();
        while let Some(chunk) = response.chunk().await.map_err(unreachable)? {
            if text.len() + chunk.len() > LARGEST {
                return Err(JwksError::TooLarge);
            }
            text.extend_from_slice(&chunk);
        }
        Ok((KeySet::parse(&text)?, good_for))
    }
}

/// Not with the process's default cryptography: that may not be chosen yet.
fn config() -> rustls::ConfigBuilder<ClientConfig, rustls::WantsVerifier> {
    let provider = Arc::new(rustls::crypto::ring::default_provider());
    #[expect(clippy::expect_used, reason = "ring has what TLS 1.2 and 1.3 need")]
    ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .expect("versions of TLS")
}

/// Whether nobody on the way can change what comes from there.
fn is_allowed(url: &Url) -> bool {
    match url.scheme() {
        "https" => url.has_host(),
        "http" => url.host_str().is_some_and(is_loopback),
        _ => false,
    }
}

fn is_loopback(host: &str) -> bool {
    let address = host.trim_start_matches('[').trim_end_matches(']').parse::<IpAddr>();
    host == "localhost" || address.is_ok_and(|address| address.is_loopback())
}

fn follow(attempt: Attempt<'_>) -> reqwest::redirect::Action {
    let is_secure = |url: &Url| url.scheme() == "https";
    let goes_down = attempt.previous().iter().any(is_secure) && !is_secure(attempt.url());
    if attempt.previous().len() > REDIRECTS {
        attempt.error("it redirects more than three times")
    } else if goes_down || !is_allowed(attempt.url()) {
        attempt.error("it redirects to where keys may not come from")
    } else {
        attempt.follow()
    }
}

/// What `Cache-Control` says (RFC 9111 section 5.2.2.1), within bounds.
fn good_for(response: &Response) -> Duration {
    let lines = response.headers().get_all(CACHE_CONTROL).iter().filter_map(|line| line.to_str().ok());
    let mut directives = lines.flat_map(|line| line.split(',')).map(str::trim);
    let max_age = directives.find_map(|directive| {
        let (name, value) = directive.split_once('=')?;
        let seconds = value.trim_matches('"').parse().ok()?;
        name.eq_ignore_ascii_case("max-age").then_some(Duration::from_secs(seconds))
    });
    max_age.map_or(EVERY, |age| age.clamp(SHORTEST, LONGEST))
}

/// Without the URL, in which there may be a secret.
fn unreachable(error: reqwest::Error) -> JwksError {
    JwksError::Unreachable(error.without_url().into())
}

fn tls(error: impl Into<crate::BoxError>) -> JwksError {
    JwksError::Tls(error.into())
}

impl fmt::Display for KeyUrl {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let port = self.url.port().map(|port| format!(":{port}")).unwrap_or_default();
        let host = self.url.host_str().unwrap_or_default();
        write!(f, "{}://{host}{port}{}", self.url.scheme(), self.url.path())
    }
}
