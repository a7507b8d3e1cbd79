//! The name of a session: what its cookie holds.

use std::fmt;

use crate::{StoreError, random};

/// Letters and digits of a new key (Django's `VALID_KEY_CHARS`).
const ALPHABET: &[u8; 36] = b"abcdefghijklmnopqrstuvwxyz0123456789";

/// The length of a new key: 165 bits of chance.
const LENGTH: usize = 32;

/// What a cookie may hold: below 8 characters Django takes it for no key, over 40 its column does.
const LENGTHS: std::ops::RangeInclusive<usize> = 8..=40;

/// The key of a session. Who knows it is logged in, so that its `Debug` does not show it.
#[derive(Clone, PartialEq, Eq)]
pub(super) struct SessionKey(String);

impl SessionKey {
    /// `None` if no session has such a key: too short, too long, or of characters that a cookie cannot have.
    pub(super) fn parse(cookie: &str) -> Option<Self> {
        let may_be = LENGTHS.contains(&cookie.len())
            && cookie.bytes().all(|byte| byte.is_ascii_graphic() && !b"\",;\\".contains(&byte));
        may_be.then(|| Self(cookie.to_owned()))
    }

    /// A key that nobody has.
    pub(super) fn random() -> Result<Self, StoreError> {
        let mut key = String::with_capacity(LENGTH);
        while key.len() < LENGTH {
            let chance = random::bytes::<{ 2 * LENGTH }>().map_err(StoreError::Random)?;
            // the last few bytes would make the first few letters likelier
            let fair =
                chance.iter().filter(|&&byte| byte < 7 * 36).map(|byte| ALPHABET[usize::from(byte % 36)]);
            key.extend(fair.take(LENGTH - key.len()).map(char::from));
        }
        Ok(Self(key))
    }

    pub(super) fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Debug for SessionKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SessionKey(***)")
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn a_key_has_8_to_40_visible_characters() {
        for key in ["abcd2345", "3PMTDR0547XZ5EWM0L85BDSL0CNNBODY", &"k".repeat(40)] {
            assert_eq!(SessionKey::parse(key).unwrap().as_str(), key);
        }
        for other in [
            "",
            "abcd234",
            &"k".repeat(41),
            "abcd\u{0}2345",
            "abcd 2345",
            "ключключ",
            "abcd2345\n",
            "abcd2345;Path=/",
        ] {
            assert_eq!(SessionKey::parse(other), None, "{other:?}");
        }
    }

    #[test]
    fn new_keys_are_of_all_letters_and_digits_and_no_two_are_the_same() {
        let keys: Vec<_> = (0..200).map(|_| SessionKey::random().unwrap().0).collect();

        let letters: BTreeSet<_> = keys.iter().flat_map(|key| key.bytes()).collect();
        assert_eq!(letters, ALPHABET.iter().copied().collect());
        assert!(keys.iter().all(|key| key.len() == 32));
        assert_eq!(keys.iter().collect::<BTreeSet<_>>().len(), 200);
    }

    #[test]
    fn debug_does_not_show_it() {
        assert_eq!(format!("{:?}", SessionKey::parse("abcd2345")), "Some(SessionKey(***))");
    }
}
