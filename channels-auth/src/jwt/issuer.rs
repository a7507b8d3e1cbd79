//! Issuing tokens, for sites whose login is not Django's.

use std::{
    fmt,
    time::{Duration, SystemTime, UNIX_EPOCH},
};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, EncodingKey, crypto::rust_crypto::DEFAULT_PROVIDER};
use serde_json::{Map, Value, json};
use uuid::Uuid;

use super::{Jwt, JwtKey};

/// Issues access tokens as SimpleJWT does: for a site whose login is its own.
///
/// ```
/// use std::time::Duration;
/// use channels_auth::JwtIssuer;
///
/// let issuer = JwtIssuer::hs256("a long random secret").lifetime(Duration::from_secs(600));
/// let token = issuer.issue(7); // for the client of user 7
/// let jwt = issuer.verifier(); // for `TokenAuth::accept`
/// ```
#[derive(Clone)]
pub struct JwtIssuer {
    algorithm: Algorithm,
    name: &'static str,
    key: EncodingKey,
    verifier: Jwt,
    lifetime: Duration,
    issuer: Option<String>,
    audience: Option<String>,
}

impl JwtIssuer {
    /// Signs by HMAC with SHA-256.
    ///
    /// # Panics
    ///
    /// If the secret is empty, as a variable that is not set: everybody could issue tokens.
    #[track_caller]
    pub fn hs256(secret: impl AsRef<[u8]>) -> Self {
        Self::new(secret.as_ref(), JwtKey::hs256(&secret))
    }

    /// Signs by HMAC with SHA-384.
    ///
    /// # Panics
    ///
    /// If the secret is empty.
    #[track_caller]
    pub fn hs384(secret: impl AsRef<[u8]>) -> Self {
        Self::new(secret.as_ref(), JwtKey::hs384(&secret))
    }

    /// Signs by HMAC with SHA-512.
    ///
    /// # Panics
    ///
    /// If the secret is empty.
    #[track_caller]
    pub fn hs512(secret: impl AsRef<[u8]>) -> Self {
        Self::new(secret.as_ref(), JwtKey::hs512(&secret))
    }

    fn new(secret: &[u8], verifier: JwtKey) -> Self {
        Self {
            algorithm: verifier.algorithm,
            name: verifier.algorithm(),
            key: EncodingKey::from_secret(secret),
            verifier: Jwt::new(verifier),
            lifetime: Duration::from_secs(5 * 60),
            issuer: None,
            audience: None,
        }
    }

    /// How long a token is valid, in whole seconds. By default 5 minutes (SimpleJWT's
    /// `ACCESS_TOKEN_LIFETIME`).
    #[must_use]
    pub fn lifetime(mut self, lifetime: Duration) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Names the issuer, in `iss`.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.issuer = Some(issuer.into());
        self
    }

    /// Names whom tokens are for, in `aud`.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.audience = Some(audience.into());
        self
    }

    /// A token for the user of this id.
    pub fn issue(&self, user_id: impl fmt::Display) -> String {
        self.issue_with(user_id, Map::new())
    }

    /// A token with claims of your own: a name, a tenant. They cannot replace those that say who it is for,
    /// and until when.
    pub fn issue_with(&self, user_id: impl fmt::Display, mut claims: Map<String, Value>) -> String {
        let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        claims.extend([
            ("token_type".to_owned(), json!("access")),
            ("exp".to_owned(), json!(now.saturating_add(self.lifetime).as_secs())),
            ("iat".to_owned(), json!(now.as_secs())),
            ("jti".to_owned(), json!(Uuid::new_v4().simple().to_string())),
            // text since SimpleJWT 5.5.1
            ("user_id".to_owned(), json!(user_id.to_string())),
        ]);
        claims.extend(self.issuer.iter().map(|issuer| ("iss".to_owned(), json!(issuer))));
        claims.extend(self.audience.iter().map(|audience| ("aud".to_owned(), json!(audience))));
        self.signed(&Value::Object(claims))
    }

    /// What accepts the tokens issued here: for [`TokenAuth::accept`](crate::TokenAuth::accept).
    pub fn verifier(&self) -> Jwt {
        let verifier = self.issuer.iter().fold(self.verifier.clone(), Jwt::issuer);
        self.audience.iter().fold(verifier, Jwt::audience)
    }

    #[expect(clippy::expect_used, reason = "HMAC takes a key of any length, and signs all there is")]
    fn signed(&self, claims: &Value) -> String {
        let header = json!({ "alg": self.name, "typ": "JWT" });
        let [header, payload] = [&header, claims].map(|part| BASE64_URL_SAFE_NO_PAD.encode(part.to_string()));
        let message = format!("{header}.{payload}");
        let signer = (DEFAULT_PROVIDER.signer_factory)(&self.algorithm, &self.key).expect("a key for HMAC");
        let signature = signer.try_sign(message.as_bytes()).expect("HMAC signs everything");
        format!("{message}.{}", BASE64_URL_SAFE_NO_PAD.encode(signature))
    }
}

impl fmt::Debug for JwtIssuer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("JwtIssuer")
            .field("algorithm", &self.name)
            .field("lifetime", &self.lifetime)
            .field("issuer", &self.issuer)
            .field("audience", &self.audience)
            .finish_non_exhaustive()
    }
}
