//! One key of a set (RFC 7517 section 4), as what verifies its one algorithm.

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use jsonwebtoken::{Algorithm, DecodingKey};
use serde::{Deserialize, de::IgnoredAny};
use serde_json::Value;

use super::super::JwtKey;

/// The bits of an RSA modulus: at least those of RFC 7518 section 3.3, at most what the verifier takes.
const RSA_BITS: std::ops::RangeInclusive<usize> = 2048..=4096;

/// A key's members (RFC 7517 section 4, RFC 7518 section 6, RFC 8037 section 2).
#[derive(Deserialize)]
pub(super) struct Jwk {
    kty: String,
    #[serde(rename = "use")]
    purpose: Option<String>,
    key_ops: Option<Vec<String>>,
    alg: Option<String>,
    pub(super) kid: Option<String>,
    crv: Option<String>,
    n: Option<String>,
    e: Option<String>,
    x: Option<String>,
    y: Option<String>,
    /// Of a private key alone, whatever its kind.
    d: Option<IgnoredAny>,
}

/// Why a key of a set is of no use.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum Unusable {
    #[error("it has not the members of a key")]
    NoKey,
    #[error("its type or its curve is not supported")]
    Kind,
    #[error("it is not for verifying signatures")]
    Purpose,
    #[error("its algorithm is not supported, or not one of a key of its type")]
    Algorithm,
    #[error("it is a shared secret: nobody publishes that")]
    Secret,
    #[error("it is a private key: whoever reads the set can sign, so nobody's signature is worth anything")]
    Private,
    #[error("its numbers are none, or none of a key of its type")]
    Malformed,
    #[error("an RSA key has 2,048 to 4,096 bits")]
    Size,
}

impl Jwk {
    pub(super) fn of(value: &Value) -> Result<Self, Unusable> {
        Self::deserialize(value).or(Err(Unusable::NoKey))
    }

    /// What it verifies, with the one algorithm it has.
    pub(super) fn verifier(&self) -> Result<JwtKey, Unusable> {
        match self.kty.as_str() {
            "oct" => Err(Unusable::Secret),
            _ if self.d.is_some() => Err(Unusable::Private),
            _ if !self.is_for_signatures() => Err(Unusable::Purpose),
            "RSA" => self.rsa(),
            "EC" => self.elliptic(),
            "OKP" => self.edwards(),
            _ => Err(Unusable::Kind),
        }
    }

    fn is_for_signatures(&self) -> bool {
        self.purpose.as_ref().is_none_or(|purpose| purpose == "sig")
            && self
                .key_ops
                .as_ref()
                .is_none_or(|allowed| allowed.iter().any(|operation| operation == "verify"))
    }

    fn rsa(&self) -> Result<JwtKey, Unusable> {
        // which of them is not said by the key itself; PyJWT takes the first for granted, too
        let (algorithm, name) = match self.alg.as_deref() {
            Some("RS256") | None => (Algorithm::RS256, "RS256"),
            Some("RS384") => (Algorithm::RS384, "RS384"),
            Some("RS512") => (Algorithm::RS512, "RS512"),
            Some(_) => return Err(Unusable::Algorithm),
        };
        let (modulus, exponent) = (number(&self.n)?, number(&self.e)?);
        if !RSA_BITS.contains(&bits(&modulus)) {
            return Err(Unusable::Size);
        }
        let is_odd = |number: &[u8]| number.last().is_some_and(|last| last % 2 == 1);
        // one changes nothing, so that every number is its own signature; more than 32 bits takes long
        if !is_odd(&modulus) || !is_odd(&exponent) || !(2..=32).contains(&bits(&exponent)) {
            return Err(Unusable::Malformed);
        }
        made(algorithm, name, DecodingKey::from_rsa_raw_components(&modulus, &exponent))
    }

    fn elliptic(&self) -> Result<JwtKey, Unusable> {
        let (algorithm, name, length) = match self.crv.as_deref() {
            Some("P-256") => (Algorithm::ES256, "ES256", 32),
            Some("P-384") => (Algorithm::ES384, "ES384", 48),
            Some(_) | None => return Err(Unusable::Kind),
        };
        self.check_algorithm(name)?;
        let (x, y) = (coordinate(&self.x, length)?, coordinate(&self.y, length)?);
        // uncompressed (SEC 1 section 2.3.3); whether it is on the curve, the verifier looks
        made(algorithm, name, DecodingKey::from_ec_der(&[&[4][..], &x, &y].concat()))
    }

    fn edwards(&self) -> Result<JwtKey, Unusable> {
        if self.crv.as_deref() != Some("Ed25519") {
            return Err(Unusable::Kind);
        }
        self.check_algorithm("EdDSA")?;
        made(Algorithm::EdDSA, "EdDSA", DecodingKey::from_ed_der(&coordinate(&self.x, 32)?))
    }

    fn check_algorithm(&self, only: &str) -> Result<(), Unusable> {
        if self.alg.as_ref().is_none_or(|named| named == only) { Ok(()) } else { Err(Unusable::Algorithm) }
    }
}

fn made(algorithm: Algorithm, name: &'static str, key: DecodingKey) -> Result<JwtKey, Unusable> {
    JwtKey::new(algorithm, name, key).or(Err(Unusable::Malformed))
}

fn octets(member: &Option<String>) -> Result<Vec<u8>, Unusable> {
    let text = member.as_ref().ok_or(Unusable::Malformed)?;
    BASE64_URL_SAFE_NO_PAD.decode(text).or(Err(Unusable::Malformed))
}

/// A number, without the zeros that some put in front of it.
fn number(member: &Option<String>) -> Result<Vec<u8>, Unusable> {
    let mut octets = octets(member)?;
    let zeros = octets.iter().take_while(|octet| **octet == 0).count();
    octets.drain(..zeros);
    Ok(octets)
}

/// One of a point's coordinates: it has all of its octets, zeros too (RFC 7518 section 6.2.1.2).
fn coordinate(member: &Option<String>, length: usize) -> Result<Vec<u8>, Unusable> {
    octets(member)
        .and_then(|octets| if octets.len() == length { Ok(octets) } else { Err(Unusable::Malformed) })
}

fn bits(number: &[u8]) -> usize {
    number.first().map_or(0, |first| 8 * number.len() - first.leading_zeros() as usize)
}
