//! What Knox keeps of a token: the first characters to look it up by, and a digest.

use blake2::{Blake2b512, Digest};
use sha2::{Sha256, Sha512};
use sha3::Sha3_512;

use crate::random::to_hex;

/// The hash of the tokens, Knox's `SECURE_HASH_ALGORITHM`. Knox's default is SHA-512.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum KnoxHash {
    /// `hashlib.sha256`.
    Sha256,
    /// `hashlib.sha512`.
    #[default]
    Sha512,
    /// `hashlib.sha3_512`.
    Sha3_512,
    /// `hashlib.blake2b`.
    Blake2b,
}

impl KnoxHash {
    fn of(self, bytes: &[u8]) -> String {
        match self {
            Self::Sha256 => to_hex(&Sha256::digest(bytes)),
            Self::Sha512 => to_hex(&Sha512::digest(bytes)),
            Self::Sha3_512 => to_hex(&Sha3_512::digest(bytes)),
            Self::Blake2b => to_hex(&Blake2b512::digest(bytes)),
        }
    }
}

/// How a version of Knox makes a row of a token.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Format {
    /// Knox 5: the digest is of the token as it stands, the key its first 15 characters.
    V5,
    /// Knox 4.2: the digest is of the bytes that the token spells in hexadecimal, the key its first 8 digits.
    V4,
}

impl Format {
    /// The column `token_key`.
    pub(super) fn key(self, token: &str) -> &str {
        let characters = match self {
            Self::V5 => 15,
            Self::V4 => 8,
        };
        token.char_indices().nth(characters).map_or(token, |(end, _)| &token[..end])
    }

    /// The column `digest`. `None` if there can be none.
    pub(super) fn digest(self, token: &str, hash: KnoxHash) -> Option<String> {
        match self {
            Self::V5 => Some(hash.of(token.as_bytes())),
            Self::V4 => Some(hash.of(&from_hex(token)?)),
        }
    }
}

/// The bytes that hexadecimal digits spell.
fn from_hex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<_>> = text.chars().map(|digit| digit.to_digit(16)).collect();
    let digits = digits.filter(|digits| digits.len() % 2 == 0)?;
    digits.chunks(2).map(|pair| u8::try_from(pair[0] << 4 | pair[1]).ok()).collect()
}

/// Whether it looks like a token of Knox: hexadecimal digits, after a prefix of at most ten characters.
///
/// The prefix and the length are settings, and tokens that were made before a change of either are good. So
/// any will do: this keeps what is something else, or far too long, away from the database.
pub(super) fn is_shaped(token: &str) -> bool {
    // before it is looked at: ten characters of four bytes each, and the digits
    if token.len() > 40 + 256 {
        return false;
    }
    // a prefix may have digits of its own, such as "knox5_"
    let tail = token.rsplit(|c: char| !is_digit(c)).next().unwrap_or_default();
    let prefix = &token[..token.len() - tail.len()];
    prefix.chars().count() <= 10
        && !prefix.contains(|c: char| c.is_whitespace() || c.is_control())
        && (16..=256).contains(&tail.len())
}

fn is_digit(c: char) -> bool {
    matches!(c, '0'..='9' | 'a'..='f')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_looks_like_a_token_is_looked_up_and_nothing_else() {
        let digits = "0123456789abcdef";
        for token in [digits.repeat(4), format!("knox5_{digits}"), format!("ten_chars_{digits}")] {
            assert!(is_shaped(&token), "{token}");
        }
        for other in [
            String::new(),
            "abc".to_owned(),
            digits.to_uppercase(),
            format!("{digits}."),
            format!("{digits}\0"),
            format!("a b{digits}"),
            format!("\0{digits}"),
            format!("eleven_char{}{digits}", "s_"),
            "a".repeat(64 * 1024),
        ] {
            assert!(!is_shaped(&other), "{other}");
        }
    }

    #[test]
    fn the_digest_of_knox_4_is_of_the_bytes_that_the_token_spells() {
        assert_eq!(Format::V4.key("0123456789ab"), "01234567");
        assert_eq!(Format::V4.digest("616263", KnoxHash::Sha256), Some(KnoxHash::Sha256.of(b"abc")));
        assert_eq!(Format::V4.digest("61626", KnoxHash::Sha256), None);
        assert_eq!(Format::V4.digest("6162xy", KnoxHash::Sha256), None);
    }
}
