//! Keys that an issuer publishes as a set (RFC 7517), and changes.

mod file;
mod key;
mod keyring;
mod set;
#[cfg(test)]
mod tests;
mod url;

use std::{
    fmt, io,
    path::PathBuf,
    sync::Arc,
    time::{Duration, SystemTime},
};

pub(super) use self::keyring::Keyring;
#[cfg(any(test, fuzzing))]
pub(crate) use self::set::KeySet;
use self::{file::KeyFile, url::KeyUrl};
use crate::{BoxError, clock::Clock};

/// The largest set that is read, in bytes. Those of the large identity providers have under 10 KiB.
const LARGEST: usize = 256 * 1024;

/// Where an issuer's set of public keys is (RFC 7517), for [`Jwt::jwks`](super::Jwt::jwks).
///
/// A token is checked with the key that it names by `kid`; one that names none, with each that has its algorithm.
/// A key has one algorithm: what `alg` says, or else RS256 for RSA, and what goes with its curve for others (P-256,
/// P-384, Ed25519). Keys that are of no use here are left out, and named in the log once: those for encryption
/// (`use`, `key_ops`), of other kinds, RSA keys under 2,048 or over 4,096 bits, shared secrets, and private keys.
///
/// No connection waits for the issuer as long as there are keys: they are loaded again in the background. Two do: one
/// whose token names a key that is not in the set, as after a rotation, and all of them while there is no set yet.
/// Whatever tokens say, an issuer is asked once in 30 seconds, by one request; every 5 seconds while there are no keys.
///
/// When the issuer does not answer, or answers with what is no set, the keys go on for [`keep_for`](Self::keep_for).
/// After that, and for tokens by a key that is not known, it is
/// [`AuthError::Unavailable`](crate::AuthError::Unavailable): 1013, so that clients keep their tokens.
#[derive(Clone)]
pub struct Jwks {
    origin: Origin,
    keep_for: Duration,
    clock: Clock,
}

#[derive(Clone)]
enum Origin {
    Url(Arc<KeyUrl>),
    File(Arc<KeyFile>),
}

/// Why there is no set of keys.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum JwksError {
    /// No URL that keys may come from: whoever can change them on the way signs tokens for anybody.
    #[error("keys come by https://, or by http:// from this machine itself; this is no such URL")]
    Url,
    /// TLS cannot be used: there are no certificates of those who may vouch for the issuer, or they are no PEM.
    #[error("TLS cannot be set up to load keys")]
    Tls(#[source] BoxError),
    /// The issuer does not answer, or not in time.
    #[error("the issuer's keys cannot be loaded")]
    Unreachable(#[source] BoxError),
    /// The issuer answers with another status than 200.
    #[error("the issuer's keys cannot be loaded: it answers with status {0}")]
    Status(u16),
    /// The file cannot be read.
    #[error("the file with the issuer's keys cannot be read")]
    File(#[source] io::Error),
    /// It is larger than 256 KiB.
    #[error("the set of keys is larger than 256 KiB")]
    TooLarge,
    /// It is no set of keys.
    #[error("this is no set of keys: it has to be a JSON object with the member `keys`")]
    Malformed(#[source] serde_json::Error),
    /// It has more than 100 keys.
    #[error("the set has {0} keys, of which 100 are too many")]
    TooMany(usize),
    /// None of its keys is of any use here; why is in the log.
    #[error("the set has no key that can verify a token")]
    NoKey,
}

impl Jwks {
    /// The set at a URL: an issuer's `jwks_uri`. It has to be `https://`, or `http://` to a loopback address; so has
    /// whatever it redirects to, three times at most.
    ///
    /// It is loaded every 10 minutes, or when the `max-age` of the answer's `Cache-Control` is over, of which less than
    /// a minute and more than an hour do not count. An answer has 3 seconds to begin and 10 to end.
    ///
    /// # Errors
    ///
    /// [`JwksError::Url`] if it is no such URL; [`JwksError::Tls`] if the system has no certificates to trust.
    pub fn url(url: &str) -> Result<Self, JwksError> {
        Ok(Self::new(Origin::Url(Arc::new(KeyUrl::new(url)?))))
    }

    /// The set in a file, which is looked at every 5 seconds and read when it has changed. It need not be there yet.
    pub fn file(path: impl Into<PathBuf>) -> Self {
        Self::new(Origin::File(Arc::new(KeyFile::new(path.into()))))
    }

    fn new(origin: Origin) -> Self {
        Self { origin, keep_for: Duration::from_secs(24 * 60 * 60), clock: Clock::default() }
    }

    /// How long keys are good after the issuer was last heard to have them. By default 24 hours: as long a key that was
    /// taken back is accepted, by whoever can keep the issuer's answer from coming.
    #[must_use]
    pub fn keep_for(mut self, time: Duration) -> Self {
        self.keep_for = time;
        self
    }

    /// The certificates, in PEM, of those who may vouch for the server at the URL, instead of the system's. A file
    /// takes none.
    ///
    /// # Errors
    ///
    /// [`JwksError::Tls`] if it is no PEM, or has no certificate.
    pub fn tls_root(mut self, pem: impl AsRef<[u8]>) -> Result<Self, JwksError> {
        if let Origin::Url(url) = &self.origin {
            self.origin = Origin::Url(Arc::new(url.trusting(pem.as_ref())?));
        }
        Ok(self)
    }

    /// The clock to tell the age of keys by, instead of the system's: for tests.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }
}

impl fmt::Display for Origin {
    /// For the log: without what may be a secret in a URL.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Url(url) => url.fmt(f),
            Self::File(file) => file.fmt(f),
        }
    }
}

impl fmt::Debug for Jwks {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jwks")
            .field("origin", &self.origin.to_string())
            .field("keep_for", &self.keep_for)
            .finish_non_exhaustive()
    }
}
