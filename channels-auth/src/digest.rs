//! What a credential is known by where the credential itself must not be.

use sha2::{Digest as _, Sha256};

use crate::{Credential, hex::to_hex};

/// What a credential is known by on a channel layer and in memory: the SHA-256 of its text.
///
/// Tokens, tickets and keys of sessions are random, 128 bits at the least, or signed: nobody finds one by its digest.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub(crate) struct Digest([u8; 32]);

impl Digest {
    pub(crate) fn of(credential: &Credential) -> Self {
        Self(Sha256::digest(credential.expose()).into())
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
        for other in ["", "ba78", &text.replace('b', "x"), &text.replace('b', "€"), &format!("{text}00")] {
            assert!(Digest::parse(other).is_none(), "{other}");
        }
    }
}
