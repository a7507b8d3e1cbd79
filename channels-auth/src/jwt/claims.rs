//! What a token claims, and whether that will do (RFC 7519 section 4.1).

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Map, Value};

use crate::AuthError;

/// The last second of the year 9999, after which Python has no dates.
const LAST_SECOND: f64 = 253_402_300_799.0;

/// What is demanded of a token's claims.
#[derive(Clone, Debug)]
pub(super) struct Claims {
    /// Empty if any will do.
    pub(super) issuers: Vec<String>,
    /// Empty if any will do.
    pub(super) audiences: Vec<String>,
    pub(super) leeway: Duration,
    pub(super) token_type: Option<String>,
    /// SimpleJWT's `TOKEN_TYPE_CLAIM`.
    pub(super) token_type_claim: String,
    /// SimpleJWT's `JTI_CLAIM`.
    pub(super) token_id_claim: Option<String>,
}

impl Claims {
    /// The settings that SimpleJWT has where a site sets none.
    pub(super) fn simplejwt() -> Self {
        Self {
            issuers: Vec::new(),
            audiences: Vec::new(),
            leeway: Duration::ZERO,
            token_type: Some("access".to_owned()),
            token_type_claim: "token_type".to_owned(),
            token_id_claim: Some("jti".to_owned()),
        }
    }

    /// Checks in PyJWT's order, then SimpleJWT's: it decides whether a token has expired or is bad.
    pub(super) fn check(&self, claims: &Map<String, Value>, now: SystemTime) -> Result<(), AuthError> {
        self.check_times(claims, now)?;
        self.check_issuer(claims)?;
        self.check_audience(claims)?;
        for name in ["sub", "jti"] {
            if claims.get(name).is_some_and(|value| !value.is_string()) {
                return Err(AuthError::Invalid("its `sub` or `jti` is no text"));
            }
        }
        if !claims.contains_key("exp") {
            return Err(AuthError::Invalid("it has no `exp`"));
        }
        if self.token_id_claim.as_ref().is_some_and(|name| !claims.contains_key(name)) {
            return Err(AuthError::Invalid("it has no id of its own, `jti`"));
        }
        match &self.token_type {
            Some(wanted) if claims.get(&self.token_type_claim).and_then(Value::as_str) != Some(wanted) => {
                Err(AuthError::Invalid("it is no token of the type that is accepted"))
            }
            Some(_) | None => Ok(()),
        }
    }

    fn check_times(&self, claims: &Map<String, Value>, now: SystemTime) -> Result<(), AuthError> {
        let now = now.duration_since(UNIX_EPOCH).unwrap_or_default().as_secs_f64();
        let leeway = self.leeway.as_secs_f64();
        if seconds(claims, "iat")?.is_some_and(|issued| issued > now + leeway) {
            return Err(AuthError::Invalid("it was issued in the future; do the clocks agree?"));
        }
        if seconds(claims, "nbf")?.is_some_and(|begin| begin > now + leeway) {
            return Err(AuthError::Invalid("it is not valid yet"));
        }
        if seconds(claims, "exp")?.is_some_and(|end| end <= now - leeway) {
            return Err(AuthError::Expired);
        }
        Ok(())
    }

    fn check_issuer(&self, claims: &Map<String, Value>) -> Result<(), AuthError> {
        let issuer = claims.get("iss").and_then(Value::as_str);
        if self.issuers.is_empty() || self.issuers.iter().any(|wanted| Some(wanted.as_str()) == issuer) {
            return Ok(());
        }
        Err(AuthError::Invalid("it is of another issuer"))
    }

    fn check_audience(&self, claims: &Map<String, Value>) -> Result<(), AuthError> {
        let named = match claims.get("aud") {
            Some(Value::Array(names)) if names.iter().all(Value::is_string) => names.as_slice(),
            Some(name @ Value::String(_)) => std::slice::from_ref(name),
            Some(_) | None => &[],
        };
        let names = |wanted: &String| named.iter().any(|name| name == wanted.as_str());
        if self.audiences.is_empty() || self.audiences.iter().any(names) {
            return Ok(());
        }
        Err(AuthError::Invalid("it is for another audience"))
    }
}

/// When a token that was checked expires.
pub(super) fn expiry(claims: &Map<String, Value>) -> Option<SystemTime> {
    let end = seconds(claims, "exp").ok().flatten()?;
    Some(UNIX_EPOCH + Duration::from_secs_f64(end.max(0.0)))
}

/// A time in whole seconds since 1970, fractions cut off as PyJWT does. `None` if it is not claimed.
fn seconds(claims: &Map<String, Value>, name: &str) -> Result<Option<f64>, AuthError> {
    let Some(value) = claims.get(name) else { return Ok(None) };
    let time = value.as_f64().map(f64::trunc).filter(|time| time.abs() <= LAST_SECOND);
    time.map(Some).ok_or(AuthError::Invalid("one of its times is no number of seconds"))
}
