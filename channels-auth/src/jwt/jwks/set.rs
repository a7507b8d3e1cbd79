//! A set of keys (RFC 7517 section 5), and which of them a token is checked with.

use std::{
    fmt,
    hash::{DefaultHasher, Hash, Hasher},
};

use serde::Deserialize;
use serde_json::{Map, Value};

use super::{
    super::{JwtKey, token::Token},
    JwksError,
    key::{Jwk, Unusable},
};
use crate::AuthError;

/// How many keys a set may have: a token that names none is checked with each of its algorithm.
const MOST: usize = 100;

/// What a key's name is shown with in the log, in characters.
const SHOWN: usize = 64;

/// The keys of a set that are of use.
pub(crate) struct KeySet {
    keys: Vec<Named>,
    skipped: Vec<Skipped>,
    /// Tells one set from the next, for the log.
    pub(super) fingerprint: u64,
}

struct Named {
    kid: Option<String>,
    key: JwtKey,
}

/// A key of a set that is of no use, and why.
pub(super) struct Skipped {
    /// Its place in the set, from 0.
    pub(super) place: usize,
    pub(super) kid: Option<String>,
    pub(super) why: Unusable,
}

impl KeySet {
    /// Reads a set. Only what is no set at all is an error.
    pub(crate) fn parse(text: &[u8]) -> Result<Self, JwksError> {
        #[derive(Deserialize)]
        struct Jwks {
            keys: Vec<Value>,
        }
        let Jwks { keys: values } = serde_json::from_slice(text).map_err(JwksError::Malformed)?;
        if values.len() > MOST {
            return Err(JwksError::TooMany(values.len()));
        }
        let mut fingerprint = DefaultHasher::new();
        text.hash(&mut fingerprint);
        let mut set = Self { keys: Vec::new(), skipped: Vec::new(), fingerprint: fingerprint.finish() };
        for (place, value) in values.iter().enumerate() {
            let jwk = Jwk::of(value);
            match jwk.as_ref().map_err(|why| *why).and_then(Jwk::verifier) {
                Ok(key) => set.keys.push(Named { kid: jwk.ok().and_then(|jwk| jwk.kid), key }),
                Err(why) => {
                    let kid = value.get("kid").and_then(Value::as_str);
                    let kid = kid.map(|kid| kid.chars().take(SHOWN).collect());
                    set.skipped.push(Skipped { place, kid, why });
                }
            }
        }
        Ok(set)
    }

    pub(super) fn len(&self) -> usize {
        self.keys.len()
    }

    pub(super) fn skipped(&self) -> &[Skipped] {
        &self.skipped
    }

    /// What a token claims, or why it is bad. `None` if another set may have the key that signed it.
    pub(super) fn verdict(&self, token: &Token<'_>) -> Option<Result<Map<String, Value>, AuthError>> {
        let Some(kid) = token.kid() else {
            return token.signed_by(self.keys.iter().map(|named| &named.key)).ok().map(Ok);
        };
        let of_that_name = self.keys.iter().filter(|named| named.kid.as_deref() == Some(kid));
        let mut keys = of_that_name.map(|named| &named.key).peekable();
        keys.peek().is_some().then(|| token.signed_by(keys))
    }
}

/// What the fuzz target asks.
#[cfg(any(test, fuzzing))]
impl KeySet {
    /// The algorithm of each key that is of use, by its place in the set.
    pub(crate) fn algorithms(&self) -> std::collections::HashMap<usize, &'static str> {
        let is_used = |place: &usize| self.skipped.iter().all(|skipped| skipped.place != *place);
        (0..).filter(is_used).zip(&self.keys).map(|(place, named)| (place, named.key.algorithm())).collect()
    }

    /// Whether a key signed this token.
    pub(crate) fn accepts(&self, token: &str) -> bool {
        let Ok(Some(token)) = Token::parse(token) else { return false };
        matches!(self.verdict(&token), Some(Ok(_)))
    }
}

impl fmt::Debug for KeySet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.keys.iter().map(|named| &named.key)).finish()
    }
}
