//! Chance, where many would otherwise do a thing at once. Not for secrets.

use std::hash::{BuildHasher, RandomState};

/// A random number.
pub(crate) fn number() -> u64 {
    RandomState::new().hash_one(())
}

/// A random part of one.
pub(crate) fn part_of_one() -> f64 {
    number() as f64 / u64::MAX as f64
}
