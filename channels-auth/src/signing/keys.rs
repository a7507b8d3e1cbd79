//! Django's `SECRET_KEY`, and those it had before.

use std::{fmt, iter, sync::Arc};

use hmac::{Hmac, KeyInit, Mac};
use sha2::{Digest, Sha256};
use subtle::ConstantTimeEq;

/// Django's `SECRET_KEY`, and its `SECRET_KEY_FALLBACKS`. Its `Debug` shows neither. Cheap to clone.
///
/// The first key signs; what any of them signed is accepted. Where one key is enough, its text does:
///
/// ```
/// use channels_auth::signing::{SecretKeys, Signer};
///
/// let keys = SecretKeys::new("SECRET_KEY of settings.py").fallback("the one before");
/// assert!(Signer::new(keys).unsign(&Signer::new("the one before").sign("room 5")).is_ok());
/// ```
#[derive(Clone)]
pub struct SecretKeys {
    current: Arc<[u8]>,
    fallbacks: Vec<Arc<[u8]>>,
}

/// An HMAC with SHA-256.
pub(crate) type Tag = [u8; 32];

impl SecretKeys {
    /// The key that signs.
    ///
    /// # Panics
    ///
    /// If it is empty, as a variable that is not set: everybody could sign.
    #[track_caller]
    pub fn new(secret_key: impl AsRef<[u8]>) -> Self {
        Self { current: not_empty(secret_key.as_ref()), fallbacks: Vec::new() }
    }

    /// A key that does not sign any more, whose signatures are still accepted.
    ///
    /// # Panics
    ///
    /// If it is empty.
    #[must_use]
    #[track_caller]
    pub fn fallback(mut self, old_key: impl AsRef<[u8]>) -> Self {
        self.fallbacks.push(not_empty(old_key.as_ref()));
        self
    }

    /// The tag of `message` under the key that signs (`salted_hmac`).
    pub(crate) fn tag(&self, salt: &str, message: &[u8]) -> Tag {
        tag(&self.current, salt, message)
    }

    /// Whether `shown` is the tag of `message` under one of the keys, as `write` writes tags.
    ///
    /// Compares texts, as Django does: what decodes to the same bytes is not the same signature.
    pub(crate) fn vouch<W: AsRef<[u8]>>(
        &self,
        salt: &str,
        message: &[u8],
        shown: &str,
        write: impl Fn(&Tag) -> W,
    ) -> bool {
        let mut keys = iter::once(&self.current).chain(&self.fallbacks);
        keys.any(|key| {
            let expected = write(&tag(key, salt, message));
            expected.as_ref().ct_eq(shown.as_bytes()).into()
        })
    }
}

#[track_caller]
fn not_empty(key: &[u8]) -> Arc<[u8]> {
    assert!(!key.is_empty(), "the SECRET_KEY is empty; is its variable set?");
    key.into()
}

fn tag(key: &[u8], salt: &str, message: &[u8]) -> Tag {
    let derived = Sha256::new().chain_update(salt).chain_update(key).finalize();
    // a key shorter than a block is filled up with zeros (RFC 2104 section 2)
    let mut block = [0; 64];
    block[..derived.len()].copy_from_slice(&derived);
    Hmac::<Sha256>::new(&block.into()).chain_update(message).finalize().into_bytes().into()
}

impl<K: AsRef<[u8]>> From<K> for SecretKeys {
    #[track_caller]
    fn from(secret_key: K) -> Self {
        Self::new(secret_key)
    }
}

impl fmt::Debug for SecretKeys {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "SecretKeys(*** and {} fallbacks)", self.fallbacks.len())
    }
}
