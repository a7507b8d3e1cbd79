//! Bytes as hexadecimal digits.

use std::fmt::Write as _;

/// Bytes in lower-case hexadecimal digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // a String takes all that is written to it
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}
