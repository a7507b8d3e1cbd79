//! Chance, where many would otherwise do a thing at once. Not for secrets.

use std::hash::{BuildHasher, RandomState};

/// A random part of one.
pub(crate) fn part_of_one() -> f64 {
    let random = RandomState::new().hash_one(());
    random as f64 / u64::MAX as f64
}
