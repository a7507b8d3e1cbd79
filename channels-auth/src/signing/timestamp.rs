//! Values signed with the time they were signed at.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde::{Serialize, de::DeserializeOwned};

use super::{SecretKeys, SignatureError, Signer, base62, json, zlib};
use crate::clock::Clock;

/// Base64 for URLs. Django writes no padding, and takes it all the same.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new()
        .with_encode_padding(false)
        .with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// Signs values with the time they are signed at, as `django.core.signing.TimestampSigner` does.
#[derive(Clone)]
pub struct TimestampSigner {
    signer: Signer,
    clock: Clock,
}

/// Whether JSON is compressed before it is signed: Django's `compress`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Compression {
    /// As it stands.
    Never,
    /// If that saves more than a byte.
    IfShorter,
}

impl TimestampSigner {
    /// Signs with the salt that `TimestampSigner()` has in Django. `signing.dumps` and `signing.loads` have
    /// another one, `django.core.signing`: give it to [`salt`](Self::salt).
    ///
    /// # Panics
    ///
    /// If the key is empty.
    #[track_caller]
    pub fn new(keys: impl Into<SecretKeys>) -> Self {
        let signer = Signer::salted(keys.into(), "django.core.signing.TimestampSigner");
        Self { signer, clock: Clock::default() }
    }

    /// Signs for another purpose: what is signed with one salt is not accepted with another.
    #[must_use]
    pub fn salt(self, salt: impl AsRef<str>) -> Self {
        Self { signer: self.signer.salt(salt), ..self }
    }

    /// The clock to go by, instead of the system's: for tests.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    pub(crate) fn with_clock(self, clock: Clock) -> Self {
        Self { clock, ..self }
    }

    /// The text, this second, and the signature of both.
    pub fn sign(&self, text: &str) -> String {
        let seconds = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
        let stamp = base62::encode(i64::try_from(seconds).unwrap_or(i64::MAX));
        self.signer.sign(&format!("{text}:{stamp}"))
    }

    /// The text that was signed, if that was no more than `max_age` ago.
    ///
    /// # Errors
    ///
    /// [`SignatureError`] if none of the keys signed it, or too long ago.
    pub fn unsign<'a>(&self, signed: &'a str, max_age: Option<Duration>) -> Result<&'a str, SignatureError> {
        Ok(self.stamped(signed, max_age)?.0)
    }

    /// The text, and the second it was signed in.
    fn stamped<'a>(
        &self,
        signed: &'a str,
        max_age: Option<Duration>,
    ) -> Result<(&'a str, i64), SignatureError> {
        let stamped = self.signer.unsign(signed)?;
        let (text, stamp) = stamped.rsplit_once(':').ok_or(SignatureError::Unreadable)?;
        let signed_at = base62::decode(stamp).ok_or(SignatureError::Unreadable)?;
        let now = self.clock.now().duration_since(UNIX_EPOCH).unwrap_or_default();
        // a float, as in Python: a quarter of a second too late is too late
        let age = now.as_secs_f64() - signed_at as f64;
        match max_age {
            Some(limit) if age > limit.as_secs_f64() => Err(SignatureError::Expired),
            Some(_) | None => Ok((text, signed_at)),
        }
    }

    /// A value as JSON, signed: `signing.dumps`.
    ///
    /// # Errors
    ///
    /// [`serde_json::Error`] if it does not serialize.
    pub fn dumps(
        &self,
        value: &(impl Serialize + ?Sized),
        compression: Compression,
    ) -> Result<String, serde_json::Error> {
        Ok(self.sign_bytes(&json::to_vec(value)?, compression))
    }

    /// JSON as it stands, signed.
    pub(crate) fn sign_bytes(&self, bytes: &[u8], compression: Compression) -> String {
        let short = match compression {
            Compression::Never => None,
            Compression::IfShorter => zlib::compressed(bytes).ok().filter(|z| z.len() + 1 < bytes.len()),
        };
        let payload = match short {
            Some(short) => format!(".{}", BASE64.encode(short)),
            None => BASE64.encode(bytes),
        };
        self.sign(&payload)
    }

    /// The value that was signed, if that was no more than `max_age` ago: `signing.loads`.
    ///
    /// # Errors
    ///
    /// [`SignatureError`] if none of the keys signed it, or too long ago, or it is no JSON of this type.
    pub fn loads<T: DeserializeOwned>(
        &self,
        signed: &str,
        max_age: Option<Duration>,
    ) -> Result<T, SignatureError> {
        Ok(self.loads_stamped(signed, max_age)?.0)
    }

    /// The value, and the second it was signed in.
    pub(crate) fn loads_stamped<T: DeserializeOwned>(
        &self,
        signed: &str,
        max_age: Option<Duration>,
    ) -> Result<(T, i64), SignatureError> {
        let (payload, signed_at) = self.stamped(signed, max_age)?;
        let value = bytes(payload).and_then(|bytes| json::from_slice(&bytes).ok());
        Ok((value.ok_or(SignatureError::Unreadable)?, signed_at))
    }
}

fn bytes(payload: &str) -> Option<Vec<u8>> {
    match payload.strip_prefix('.') {
        Some(compressed) => zlib::inflated(&BASE64.decode(compressed).ok()?),
        None => BASE64.decode(payload).ok(),
    }
}

impl fmt::Debug for TimestampSigner {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TimestampSigner").field("signer", &self.signer).finish_non_exhaustive()
    }
}
