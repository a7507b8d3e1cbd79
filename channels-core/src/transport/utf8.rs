//! Text checked while it arrives (RFC 6455 section 8.1), so that a peer whose text cannot be UTF-8 any more is
//! told at that byte, and not a mebibyte later.

use bytes::Bytes;
use bytestring::ByteString;

/// What came as text is not UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("the text is not UTF-8 from byte {at} on")]
pub(crate) struct InvalidUtf8 {
    /// Where in the text the first character begins that is none.
    pub(crate) at: usize,
}

/// How much of a growing text is known to be whole characters.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Utf8Prefix(usize);

impl Utf8Prefix {
    /// Checks what `text`, all that arrived so far, has got since the last time. It may end inside a character.
    ///
    /// # Errors
    ///
    /// [`InvalidUtf8`] as soon as nothing that may follow makes `text` valid.
    pub(crate) fn extend(&mut self, text: &[u8]) -> Result<(), InvalidUtf8> {
        let unknown = text.get(self.0..).unwrap_or_default();
        match std::str::from_utf8(unknown) {
            Ok(_) => self.0 += unknown.len(),
            Err(error) => {
                self.0 += error.valid_up_to();
                if error.error_len().is_some() {
                    return Err(InvalidUtf8 { at: self.0 });
                }
            }
        }
        Ok(())
    }
}

/// The whole of `bytes` as text, without a copy.
///
/// # Errors
///
/// [`InvalidUtf8`] also where `bytes` end inside a character.
pub(crate) fn text(bytes: Bytes) -> Result<ByteString, InvalidUtf8> {
    ByteString::try_from(bytes).map_err(|error| InvalidUtf8 { at: error.valid_up_to() })
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    /// How many bytes of `text`, arriving one by one, are taken before one is refused.
    fn taken(text: &[u8]) -> usize {
        let mut prefix = Utf8Prefix::default();
        (0..text.len()).find(|&last| prefix.extend(&text[..=last]).is_err()).unwrap_or(text.len())
    }

    #[test]
    fn valid_text_passes_wherever_it_is_cut() {
        let text =
            "κόσμε, 你好, 👋🏽 \u{0}\u{7FF}\u{800}\u{D7FF}\u{E000}\u{FFFF}\u{10000}\u{10FFFF}".as_bytes();
        for cut in 0..=text.len() {
            let mut prefix = Utf8Prefix::default();

            assert_eq!(prefix.extend(&text[..cut]), Ok(()), "cut at {cut}");
            assert_eq!(prefix.extend(text), Ok(()), "cut at {cut}");
        }
    }

    #[test]
    fn text_fails_at_the_first_byte_that_nothing_can_mend() {
        let table: [(&str, &[u8], usize); 14] = [
            ("a continuation without a lead", b"a\x80", 1),
            ("an overlong of two", b"\xC0\xAF", 0),
            ("an overlong of two", b"\xC1\xBF", 0),
            ("an overlong of three", b"\xE0\x80\x80", 1),
            ("an overlong of four", b"\xF0\x80\x80\x80", 1),
            ("a surrogate", b"\xED\xA0\x80", 1),
            ("beyond U+10FFFF", b"\xF4\x90\x80\x80", 1),
            ("far beyond U+10FFFF", b"\xF5\x80\x80\x80", 0),
            ("a byte that is never used", b"\xFE", 0),
            ("a byte that is never used", b"\xFF", 0),
            ("a lead after a lead", b"\xE2\xE2", 1),
            ("the third of three missing", b"\xE2\x82A", 2),
            ("the fourth of four missing", b"\xF0\x9F\x98 ", 3),
            ("Autobahn 6.4", b"\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5\xF4\x90\x80\x80edited", 12),
        ];
        for (what, text, at) in table {
            assert_eq!(taken(text), at, "{what}");
        }
    }

    #[test]
    fn two_bytes_pass_if_and_only_if_some_text_begins_with_them() {
        let mut beginnings = HashSet::new();
        for character in '\0'..=char::MAX {
            match *character.encode_utf8(&mut [0; 4]).as_bytes() {
                [single] => beginnings.extend((0..0x80).chain(0xC2..=0xF4).map(|next| [single, next])),
                [first, second, ..] => beginnings.extend([[first, second]]),
                [] => unreachable!(),
            }
        }

        for pair in 0..=u16::MAX {
            let pair = pair.to_be_bytes();
            assert_eq!(taken(&pair) == 2, beginnings.contains(&pair), "{pair:x?}");
        }
    }

    #[test]
    fn the_error_names_where_the_bad_character_begins() {
        let mut prefix = Utf8Prefix::default();

        assert_eq!(prefix.extend(b"caf\xC3"), Ok(()));
        assert_eq!(prefix.extend(b"caf\xC3("), Err(InvalidUtf8 { at: 3 }));
        assert_eq!(text(Bytes::from_static(b"caf\xC3(")), Err(InvalidUtf8 { at: 3 }));
    }

    #[test]
    fn a_text_that_ends_inside_a_character_is_none() {
        assert_eq!(text(Bytes::from_static(b"caf\xC3")), Err(InvalidUtf8 { at: 3 }));
    }
}
