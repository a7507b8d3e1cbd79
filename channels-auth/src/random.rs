//! Secrets that nobody guesses: from the system's random numbers.

use std::fmt::Write as _;

use crate::BoxError;

/// So many random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], BoxError> {
    let mut random = [0; N];
    getrandom::fill(&mut random)?;
    Ok(random)
}

/// Bytes in lower-case hexadecimal digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // a String takes all that is written to it
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}
