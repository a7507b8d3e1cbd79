//! Secrets that nobody guesses: from the system's random numbers.

use std::fmt::Write as _;

use crate::StoreError;

/// Random bytes in lower-case hexadecimal digits, two for each.
pub(crate) fn hex(bytes: usize) -> Result<String, StoreError> {
    let mut random = vec![0; bytes];
    getrandom::fill(&mut random).map_err(|error| StoreError::Random(error.into()))?;
    Ok(to_hex(&random))
}

/// Bytes in lower-case hexadecimal digits.
pub(crate) fn to_hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::with_capacity(2 * bytes.len()), |mut text, byte| {
        // a String takes all that is written to it
        write!(text, "{byte:02x}").unwrap_or_default();
        text
    })
}
