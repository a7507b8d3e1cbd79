//! What a credential is known by where the credential itself must not be.

use sha2::{Digest as _, Sha256};

use crate::{Credential, hex::to_hex};

/// What a credential is known by on a channel layer and in memory: the SHA-256 of its text; of a JSON Web Token, that of
/// what its signature is for, since the signature can be written in more than one way.
///
/// Tokens, tickets and keys of sessions are random, 128 bits at the least, or signed: nobody finds one by its digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(credential: &Credential) -> Self {
        Self(Sha256::digest(signed_part(credential.expose())).into())
    }

    /// Whether a credential's digest is that of all of it: of a JSON Web Token it is not, whose signature may be wrong.
    pub(crate) fn is_of_all(credential: &Credential) -> bool {
        signed_part(credential.expose()).len() == credential.expose().len()
    }

    /// 64 hexadecimal digits, in lower case.
    pub(crate) fn to_text(self) -> String {
        to_hex(&self.0)
    }

    /// The digest that these 64 digits are.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let digits: Option<Vec<_>> = text.chars().map(|digit| digit.to_digit(16)).collect();
        let digits = digits.filter(|digits| digits.len() == 64)?;
        let mut digest = [0; 32];
        for (byte, pair) in digest.iter_mut().zip(digits.chunks(2)) {
            *byte = u8::try_from(pair[0] << 4 | pair[1]).ok()?;
        }
        Some(Self(digest))
    }
}

/// What does not change, however a token is written: all of it, but for a JSON Web Token's signature.
fn signed_part(token: &str) -> &str {
    // Base64 of `{"`, or of `{` and space: no other kind of token with two dots begins so
    let is_jwt = (token.starts_with("ey") || token.starts_with("ew")) && token.matches('.').count() == 2;
    token.rsplit_once('.').filter(|_| is_jwt).map_or(token, |(signed, _)| signed)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn it_is_what_python_says_and_is_read_again() {
        let digest = Digest::of(&Credential::new("abc"));

        // hashlib.sha256(b"abc").hexdigest()
        let text = "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad";
        assert_eq!(digest.to_text(), text);
        assert!(Digest::parse(text) == Some(digest));
        assert!(digest != Digest::of(&Credential::new("abd")));
        for other in ["", "ba78", &text.replace('b', "x"), &text.replace('b', "€"), &format!("{text}00")] {
            assert!(Digest::parse(other).is_none(), "{other}");
        }
    }

    #[test]
    fn a_json_web_token_is_the_same_with_its_signature_written_otherwise() {
        let digest = |token: &str| Digest::of(&Credential::new(token));

        assert!(digest("eyJh.eyJi.c2ln") == digest("eyJh.eyJi.c2ln="));
        assert!(digest("eyJh.eyJi.c2ln") != digest("eyJh.eyJj.c2ln"));
        // tokens of other kinds are what they are, to the last character
        for (one, other) in [("v4.local.a", "v4.local.b"), ("eyJh.a", "eyJh.b"), ("eyJh.a.b.c", "eyJh.a.b.d")]
        {
            assert!(digest(one) != digest(other));
        }
    }
}
