//! The work: primes are counted, in parts, so that there is progress to show and a place to go on from.

use std::ops::Range;

/// How many parts a task has: each is a percent.
pub(crate) const PARTS: u32 = 100;

/// The numbers of a part of those below a bound.
pub(crate) fn part(below: u32, part: u32) -> Range<u32> {
    // no product of two `u32` is too big for a `u64`, and no quotient here bigger than `below`
    let bound =
        |part: u32| u32::try_from(u64::from(below) * u64::from(part) / u64::from(PARTS)).unwrap_or(below);
    bound(part)..bound(part + 1)
}

/// How many primes there are among these numbers. It computes, by division, and takes its time.
pub(crate) fn count(numbers: Range<u32>) -> u32 {
    numbers.map(|number| u32::from(is_prime(number))).sum()
}

fn is_prime(number: u32) -> bool {
    number == 2
        || number > 2
            && !number.is_multiple_of(2)
            && (3..)
                .step_by(2)
                .take_while(|divisor| divisor * divisor <= number)
                .all(|divisor| !number.is_multiple_of(divisor))
}

#[cfg(test)]
mod tests {
    use super::{PARTS, count, part};

    #[test]
    fn all_parts_together_are_all_numbers() {
        for (below, primes) in [(2, 0), (3, 1), (100, 25), (101, 25), (10_007, 1_229)] {
            let counted: u32 = (0..PARTS).map(|number| count(part(below, number))).sum();

            assert_eq!(counted, primes, "below {below}");
            assert_eq!(part(below, PARTS - 1).end, below);
        }
    }
}
