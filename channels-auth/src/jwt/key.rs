//! Keys that verify signatures, each with its one algorithm.

use std::fmt;

use jsonwebtoken::{Algorithm, DecodingKey, crypto::rust_crypto::DEFAULT_PROVIDER, errors::Error};

/// Verifies what one algorithm signed. Its `Debug` shows the algorithm alone.
#[derive(Clone)]
pub struct JwtKey {
    pub(super) algorithm: Algorithm,
    name: &'static str,
    key: DecodingKey,
}

/// Why a text is no key.
#[derive(Debug, thiserror::Error)]
#[error("this is no public key for {algorithm}: give it as PEM, `-----BEGIN PUBLIC KEY-----`")]
pub struct KeyError {
    algorithm: &'static str,
    #[source]
    source: Error,
}

macro_rules! shared_secrets {
    ($($name:ident, $algorithm:ident, $hash:literal;)+) => {
        impl JwtKey {$(
            #[doc = concat!(stringify!($algorithm), ": a shared secret, HMAC with ", $hash)]
            /// (RFC 7518 section 3.2).
            ///
            /// # Panics
            ///
            /// If the secret is empty, as a variable that is not set: it would let everybody in.
            #[track_caller]
            pub fn $name(secret: impl AsRef<[u8]>) -> Self {
                let secret = secret.as_ref();
                assert!(!secret.is_empty(), "the secret for {} is empty; is its variable set?", stringify!($algorithm));
                Self {
                    algorithm: Algorithm::$algorithm,
                    name: stringify!($algorithm),
                    key: DecodingKey::from_secret(secret),
                }
            }
        )+}
    };
}

macro_rules! public_keys {
    ($($name:ident, $algorithm:ident, $read:ident, $what:literal;)+) => {
        impl JwtKey {$(
            #[doc = concat!(stringify!($algorithm), ": ", $what, " The public key, as PEM.")]
            ///
            /// # Errors
            ///
            /// [`KeyError`] if it is no such key.
            pub fn $name(public_key: impl AsRef<[u8]>) -> Result<Self, KeyError> {
                let key = DecodingKey::$read(public_key.as_ref());
                Self::checked(Algorithm::$algorithm, stringify!($algorithm), key)
            }
        )+}
    };
}

shared_secrets! {
    hs256, HS256, "SHA-256";
    hs384, HS384, "SHA-384";
    hs512, HS512, "SHA-512";
}

public_keys! {
    rs256, RS256, from_rsa_pem, "RSA PKCS #1 v1.5 with SHA-256 (RFC 7518 section 3.3).";
    rs384, RS384, from_rsa_pem, "RSA PKCS #1 v1.5 with SHA-384 (RFC 7518 section 3.3).";
    rs512, RS512, from_rsa_pem, "RSA PKCS #1 v1.5 with SHA-512 (RFC 7518 section 3.3).";
    es256, ES256, from_ec_pem, "ECDSA on P-256 with SHA-256 (RFC 7518 section 3.4).";
    es384, ES384, from_ec_pem, "ECDSA on P-384 with SHA-384 (RFC 7518 section 3.4).";
    eddsa, EdDSA, from_ed_pem, "Ed25519 (RFC 8037 section 3.1).";
}

impl JwtKey {
    fn checked(
        algorithm: Algorithm,
        name: &'static str,
        key: Result<DecodingKey, Error>,
    ) -> Result<Self, KeyError> {
        key.and_then(|key| Self::new(algorithm, name, key))
            .map_err(|source| KeyError { algorithm: name, source })
    }

    /// Unless it is a key of another kind: that is only noticed by the verifier.
    pub(super) fn new(algorithm: Algorithm, name: &'static str, key: DecodingKey) -> Result<Self, Error> {
        (DEFAULT_PROVIDER.verifier_factory)(&algorithm, &key)?;
        Ok(Self { algorithm, name, key })
    }

    /// The algorithm's name in a token's header (RFC 7518 section 3.1).
    pub fn algorithm(&self) -> &'static str {
        self.name
    }

    /// Whether the owner of this key made `signature` for `message`. Takes as long for a bad one.
    pub(super) fn verifies(&self, message: &[u8], signature: &Vec<u8>) -> bool {
        // not by way of the process's default: that may be another one, or none
        let verifier = (DEFAULT_PROVIDER.verifier_factory)(&self.algorithm, &self.key);
        verifier.is_ok_and(|verifier| verifier.verify(message, signature).is_ok())
    }
}

impl fmt::Debug for JwtKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "JwtKey({})", self.algorithm())
    }
}
