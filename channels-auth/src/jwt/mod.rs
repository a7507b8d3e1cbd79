//! JSON Web Tokens (RFC 7519), as SimpleJWT and most identity providers issue them.

mod claims;
mod issuer;
#[cfg(feature = "jwks")]
mod jwks;
mod key;
#[cfg(test)]
mod tests;
mod token;
#[cfg(test)]
mod vectors;

use std::{
    fmt,
    time::{Duration, SystemTime},
};

use async_trait::async_trait;
use serde_json::{Map, Value};

#[cfg(all(feature = "jwks", any(test, fuzzing)))]
pub(crate) use self::jwks::KeySet;
#[cfg(feature = "jwks")]
use self::jwks::Keyring;
#[cfg(feature = "jwks")]
pub use self::jwks::{Jwks, JwksError};
use self::{claims::Claims, token::Token};
pub use self::{
    issuer::JwtIssuer,
    key::{JwtKey, KeyError},
};
use crate::{AuthError, Authenticator, Credential, Identity, clock::Clock};

/// Accepts JSON Web Tokens (RFC 7519) that one of its keys signed.
///
/// By default these are access tokens of [SimpleJWT]: `exp` and `jti` must be there, `token_type` must be
/// `access`, and the user's id is in `user_id`, a number or text. [`standard_claims`](Self::standard_claims)
/// is for those of other issuers. A key has one algorithm, and a token's header cannot choose another:
/// `alg: none` is no algorithm.
///
/// ```
/// use channels_auth::Jwt;
/// # fn main() -> Result<(), channels_auth::KeyError> {
/// # let pem = "-----BEGIN PUBLIC KEY-----\nMCowBQYDK2VwAyEAGb9ECWmEzf6FQbrBZ9w7lshQhqowtrbLDFw4rXAxZuE=\n-----END PUBLIC KEY-----";
/// let django = Jwt::hs256("SECRET_KEY of settings.py");
/// let elsewhere =
///     Jwt::eddsa(pem)?.standard_claims().issuer("https://id.example.com").audience("chat");
/// # Ok(()) }
/// ```
///
/// Every JSON Web Token is *mine*: of two `Jwt`s in one stack, the second is never asked. Keys of one issuer go into
/// one `Jwt`, by [`or_key`](Self::or_key); sockets for another issuer's clients, with rules of its own, into a route with
/// a stack of their own.
///
/// [SimpleJWT]: https://django-rest-framework-simplejwt.readthedocs.io
#[derive(Clone)]
pub struct Jwt {
    keys: Vec<JwtKey>,
    #[cfg(feature = "jwks")]
    keyring: Option<Keyring>,
    claims: Claims,
    user_id_claim: String,
    clock: Clock,
}

impl Jwt {
    /// Accepts what `key` signed.
    pub fn new(key: JwtKey) -> Self {
        Self::without_keys().or_key(key)
    }

    /// Accepts what the keys of a set signed, which the issuer publishes and changes.
    ///
    /// ```
    /// use channels_auth::{Jwks, Jwt};
    /// # fn main() -> Result<(), channels_auth::JwksError> {
    /// let jwt = Jwt::jwks(Jwks::url("https://id.example.com/.well-known/jwks.json")?)
    ///     .standard_claims()
    ///     .issuer("https://id.example.com")
    ///     .audience("chat");
    /// # Ok(()) }
    /// ```
    ///
    /// The keys are loaded and kept up to date on the runtime that this is called on, `main`'s, say: keep that running.
    /// Without one, and when it is gone, it is that of the next token. Clones share the keys, and with the last one that
    /// ends.
    #[cfg(feature = "jwks")]
    pub fn jwks(keys: Jwks) -> Self {
        Self { keyring: Some(Keyring::start(keys)), ..Self::without_keys() }
    }

    fn without_keys() -> Self {
        Self {
            keys: Vec::new(),
            #[cfg(feature = "jwks")]
            keyring: None,
            claims: Claims::simplejwt(),
            user_id_claim: "user_id".to_owned(),
            clock: Clock::default(),
        }
    }

    /// Accepts tokens signed with a shared secret by HMAC with SHA-256: SimpleJWT's default, with Django's
    /// `SECRET_KEY` or `SIMPLE_JWT["SIGNING_KEY"]`.
    ///
    /// # Panics
    ///
    /// If the secret is empty, as a variable that is not set: it would let everybody in.
    #[track_caller]
    pub fn hs256(secret: impl AsRef<[u8]>) -> Self {
        Self::new(JwtKey::hs256(secret))
    }

    /// The same with SHA-384.
    ///
    /// # Panics
    ///
    /// If the secret is empty.
    #[track_caller]
    pub fn hs384(secret: impl AsRef<[u8]>) -> Self {
        Self::new(JwtKey::hs384(secret))
    }

    /// The same with SHA-512.
    ///
    /// # Panics
    ///
    /// If the secret is empty.
    #[track_caller]
    pub fn hs512(secret: impl AsRef<[u8]>) -> Self {
        Self::new(JwtKey::hs512(secret))
    }

    /// Accepts tokens signed by RSA with SHA-256. Takes the public key, as PEM.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is no such key.
    pub fn rs256(public_key: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        JwtKey::rs256(public_key).map(Self::new)
    }

    /// Accepts tokens signed by ECDSA on the curve P-256. Takes the public key, as PEM.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is no such key.
    pub fn es256(public_key: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        JwtKey::es256(public_key).map(Self::new)
    }

    /// Accepts tokens signed with Ed25519. Takes the public key, as PEM.
    ///
    /// # Errors
    ///
    /// [`KeyError`] if it is no such key.
    pub fn eddsa(public_key: impl AsRef<[u8]>) -> Result<Self, KeyError> {
        JwtKey::eddsa(public_key).map(Self::new)
    }

    /// Accepts what this key signed, too: the old one, until the last token it signed has expired.
    #[must_use]
    pub fn or_key(mut self, key: JwtKey) -> Self {
        self.keys.push(key);
        self
    }

    /// Demands that `iss` is this issuer, or one of those named by further calls.
    #[must_use]
    pub fn issuer(mut self, issuer: impl Into<String>) -> Self {
        self.claims.issuers.push(issuer.into());
        self
    }

    /// Demands that `aud` names this audience, or one of those named by further calls. Without it, `aud` may
    /// name any.
    #[must_use]
    pub fn audience(mut self, audience: impl Into<String>) -> Self {
        self.claims.audiences.push(audience.into());
        self
    }

    /// How far this clock and the issuer's may be apart. By default not at all.
    #[must_use]
    pub fn leeway(mut self, leeway: Duration) -> Self {
        self.claims.leeway = leeway;
        self
    }

    /// Demands another type of token than `access`: `sliding`, say.
    #[must_use]
    pub fn token_type(mut self, token_type: impl Into<String>) -> Self {
        self.claims.token_type = Some(token_type.into());
        self
    }

    /// Asks for no type. A refresh token, which lives for a day and is nothing for a URL, is then accepted.
    #[must_use]
    pub fn any_token_type(mut self) -> Self {
        self.claims.token_type = None;
        self
    }

    /// The claim that holds the type; by default `token_type` (SimpleJWT's `TOKEN_TYPE_CLAIM`).
    #[must_use]
    pub fn token_type_claim(mut self, name: impl Into<String>) -> Self {
        self.claims.token_type_claim = name.into();
        self
    }

    /// The claim that holds the token's own id, and must be there; by default `jti` (SimpleJWT's `JTI_CLAIM`).
    #[must_use]
    pub fn token_id_claim(mut self, name: impl Into<String>) -> Self {
        self.claims.token_id_claim = Some(name.into());
        self
    }

    /// Asks for no id of the token's own.
    #[must_use]
    pub fn without_token_id(mut self) -> Self {
        self.claims.token_id_claim = None;
        self
    }

    /// The claim that holds the user's id; by default `user_id` (SimpleJWT's `USER_ID_CLAIM`).
    #[must_use]
    pub fn user_id_claim(mut self, name: impl Into<String>) -> Self {
        self.user_id_claim = name.into();
        self
    }

    /// For tokens that are not SimpleJWT's: the user's id is in `sub`, and neither `token_type` nor `jti` is
    /// asked for. `exp` is.
    #[must_use]
    pub fn standard_claims(self) -> Self {
        self.any_token_type().without_token_id().user_id_claim("sub")
    }

    /// The clock to go by, instead of the system's: for tests.
    #[must_use]
    pub fn clock(mut self, now: impl Fn() -> SystemTime + Send + Sync + 'static) -> Self {
        self.clock = Clock::new(now);
        self
    }

    /// What a token claims. `None` if it is no JSON Web Token.
    async fn verified(&self, text: &str) -> Result<Option<Map<String, Value>>, AuthError> {
        let Some(token) = Token::parse(text)? else { return Ok(None) };
        token.check_header()?;
        let claims = match token.signed_by(&self.keys) {
            #[cfg(feature = "jwks")]
            Err(error) => match &self.keyring {
                Some(keyring) if token.is_by_a_private_key() => keyring.claims_of(&token).await,
                Some(_) | None => Err(error),
            },
            outcome => outcome,
        }?;
        self.claims.check(&claims, self.clock.now())?;
        Ok(Some(claims))
    }
}

#[async_trait]
impl Authenticator for Jwt {
    async fn authenticate(&self, credential: &Credential) -> Result<Option<Identity>, AuthError> {
        let Some(claims) = self.verified(credential.expose()).await? else { return Ok(None) };
        let user_id = match claims.get(&self.user_id_claim) {
            Some(Value::String(id)) if !id.is_empty() => id.clone(),
            Some(Value::Number(id)) if !id.is_f64() => id.to_string(),
            Some(_) => return Err(AuthError::Invalid("the claim with the user's id holds none")),
            None => return Err(AuthError::Invalid("it names no user")),
        };
        let end = claims::expiry(&claims);
        let expires = end.map(|end| end.checked_add(self.claims.leeway).unwrap_or(end));
        Ok(Some(Identity { expires, claims, ..Identity::new(user_id) }))
    }
}

impl fmt::Debug for Jwt {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut shown = f.debug_struct("Jwt");
        #[cfg(feature = "jwks")]
        shown.field("keyring", &self.keyring);
        shown
            .field("keys", &self.keys)
            .field("claims", &self.claims)
            .field("user_id_claim", &self.user_id_claim)
            .finish_non_exhaustive()
    }
}
