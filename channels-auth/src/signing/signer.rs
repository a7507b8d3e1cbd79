//! A text and its signature.

use std::fmt;

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};

use super::SecretKeys;

/// Signs texts as `django.core.signing.Signer` does: `text:signature`.
#[derive(Clone)]
pub struct Signer {
    keys: SecretKeys,
    /// Django's salt, and the word it adds.
    salt: String,
}

/// Why a signed value is not accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SignatureError {
    /// None of the keys signed it, with this salt.
    #[error("its signature is not of a key and salt that are accepted")]
    Bad,
    /// It was signed longer ago than it may be.
    #[error("it was signed longer ago than it may be")]
    Expired,
    /// The signature is right, and what it is for cannot be read: not the JSON asked for, say, or over 1 MiB
    /// once inflated.
    #[error("what was signed cannot be read")]
    Unreadable,
}

impl Signer {
    /// Signs with the salt that `Signer()` has in Django, `django.core.signing.Signer`.
    ///
    /// # Panics
    ///
    /// If the key is empty.
    #[track_caller]
    pub fn new(keys: impl Into<SecretKeys>) -> Self {
        Self::salted(keys.into(), "django.core.signing.Signer")
    }

    /// Signs for another purpose: what is signed with one salt is not accepted with another.
    #[must_use]
    pub fn salt(self, salt: impl AsRef<str>) -> Self {
        Self::salted(self.keys, salt.as_ref())
    }

    pub(super) fn salted(keys: SecretKeys, salt: &str) -> Self {
        Self { keys, salt: format!("{salt}signer") }
    }

    /// The text and its signature.
    pub fn sign(&self, text: &str) -> String {
        let tag = self.keys.tag(&self.salt, text.as_bytes());
        format!("{text}:{}", BASE64_URL_SAFE_NO_PAD.encode(tag))
    }

    /// The text that was signed.
    ///
    /// # Errors
    ///
    /// [`SignatureError::Bad`] if none of the keys signed it.
    pub fn unsign<'a>(&self, signed: &'a str) -> Result<&'a str, SignatureError> {
        let (text, signature) = signed.rsplit_once(':').ok_or(SignatureError::Bad)?;
        let write = |tag: &_| BASE64_URL_SAFE_NO_PAD.encode(tag);
        let good = self.keys.vouch(&self.salt, text.as_bytes(), signature, write);
        good.then_some(text).ok_or(SignatureError::Bad)
    }
}

impl fmt::Debug for Signer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Signer").field("keys", &self.keys).finish_non_exhaustive()
    }
}
