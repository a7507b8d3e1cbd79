//! A token's three parts (RFC 7515 section 3.1), and whether one of our keys signed them.

use base64::{
    Engine,
    alphabet::URL_SAFE,
    engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig},
};
use serde_json::{Map, Value};

use super::JwtKey;
use crate::AuthError;

/// The longest token that is looked at, in bytes: what servers take as a header, all in all.
const LONGEST: usize = 8 * 1024;

/// Base64 for URLs. RFC 7515 has no padding; PyJWT takes it all the same.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &URL_SAFE,
    GeneralPurposeConfig::new().with_decode_padding_mode(DecodePaddingMode::Indifferent),
);

/// What looks like a JSON Web Token, and may be signed by anybody.
pub(super) struct Token<'a> {
    header: Map<String, Value>,
    /// What the signature is for: header and payload, as they came.
    message: &'a str,
    payload: &'a str,
    signature: &'a str,
}

impl<'a> Token<'a> {
    /// `None` if it is no JSON Web Token: not three parts, or the first is no JSON object.
    pub(super) fn parse(text: &'a str) -> Result<Option<Self>, AuthError> {
        let Some((message, signature)) = text.rsplit_once('.') else { return Ok(None) };
        let Some((header, payload)) = message.split_once('.') else { return Ok(None) };
        if payload.contains('.') {
            return Ok(None);
        }
        if text.len() > LONGEST {
            return Err(AuthError::Invalid("it is longer than 8 KiB"));
        }
        let Some(header) = object(header) else { return Ok(None) };
        Ok(Some(Self { header, message, payload, signature }))
    }

    fn algorithm(&self) -> &str {
        self.header.get("alg").and_then(Value::as_str).unwrap_or_default()
    }

    /// Whether a set may have its key: those of HMAC are secrets, and `none` has none.
    #[cfg(feature = "jwks")]
    pub(super) fn is_by_a_private_key(&self) -> bool {
        ["RS256", "RS384", "RS512", "ES256", "ES384", "EdDSA"].contains(&self.algorithm())
    }

    /// Which of its issuer's keys signed it, as it says itself.
    #[cfg(feature = "jwks")]
    pub(super) fn kid(&self) -> Option<&str> {
        self.header.get("kid").and_then(Value::as_str)
    }

    /// The claims, if one of `keys` signed them.
    pub(super) fn signed_by<'k>(
        &self,
        keys: impl IntoIterator<Item = &'k JwtKey>,
    ) -> Result<Map<String, Value>, AuthError> {
        let mut keys = keys.into_iter().filter(|key| key.algorithm() == self.algorithm()).peekable();
        if keys.peek().is_none() {
            return Err(AuthError::Invalid("its algorithm is not accepted"));
        }
        let signature =
            BASE64.decode(self.signature).or(Err(AuthError::Invalid("its signature is no base64")))?;
        if !keys.any(|key| key.verifies(self.message.as_bytes(), &signature)) {
            return Err(AuthError::Invalid("its signature is not of a key that is accepted"));
        }
        object(self.payload).ok_or(AuthError::Invalid("its payload is no JSON object"))
    }

    /// Refuses what would change how the token is to be read, since we would read it as ever.
    pub(super) fn check_header(&self) -> Result<(), AuthError> {
        // RFC 7515 section 4.1.11, RFC 7797 section 3
        if self.header.contains_key("crit") || self.header.get("b64") == Some(&Value::Bool(false)) {
            return Err(AuthError::Invalid("its header demands what is not supported"));
        }
        if self.header.get("kid").is_some_and(|kid| !kid.is_string()) {
            return Err(AuthError::Invalid("its `kid` is no text"));
        }
        Ok(())
    }
}

fn object(part: &str) -> Option<Map<String, Value>> {
    serde_json::from_slice(&BASE64.decode(part).ok()?).ok()
}
