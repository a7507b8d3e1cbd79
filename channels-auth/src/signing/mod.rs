//! Values that Django has signed, and that Django will read: `django.core.signing`.
//!
//! ```
//! use channels_auth::signing::{Compression, SecretKeys, TimestampSigner};
//! use std::time::Duration;
//!
//! # fn main() -> Result<(), Box<dyn std::error::Error>> {
//! // signing.dumps({"room": "attic"}, salt="invitation", compress=True)
//! let keys = SecretKeys::new("SECRET_KEY of settings.py").fallback("the one before");
//! let signer = TimestampSigner::new(keys).salt("invitation");
//! let signed = signer.dumps(&serde_json::json!({ "room": "attic" }), Compression::IfShorter)?;
//!
//! // signing.loads(signed, salt="invitation", max_age=3600)
//! let invitation: serde_json::Value = signer.loads(&signed, Some(Duration::from_secs(3600)))?;
//! assert_eq!(invitation["room"], "attic");
//! # Ok(()) }
//! ```

mod base62;
mod json;
mod keys;
mod signer;
#[cfg(test)]
mod tests;
mod timestamp;
mod zlib;

pub(crate) use self::keys::Tag;
pub use self::{
    keys::SecretKeys,
    signer::{SignatureError, Signer},
    timestamp::{Compression, TimestampSigner},
};
