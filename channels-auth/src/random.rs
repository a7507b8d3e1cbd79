//! Secrets that nobody guesses: from the system's random numbers.

use crate::BoxError;
pub(crate) use crate::hex::to_hex;

/// So many random bytes.
pub(crate) fn bytes<const N: usize>() -> Result<[u8; N], BoxError> {
    let mut random = [0; N];
    getrandom::fill(&mut random)?;
    Ok(random)
}
