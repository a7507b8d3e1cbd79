//! Whole numbers in the digits `0-9A-Za-z`, as Django writes a timestamp.

const DIGITS: &[u8; 62] = b"0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";

pub(super) fn encode(number: i64) -> String {
    let mut rest = number.unsigned_abs();
    let mut digits = Vec::new();
    loop {
        digits.push(char::from(DIGITS[(rest % 62) as usize]));
        rest /= 62;
        if rest == 0 {
            break;
        }
    }
    if number < 0 {
        digits.push('-');
    }
    digits.iter().rev().collect()
}

/// `None` if it is no such number, or no `i64`.
pub(super) fn decode(text: &str) -> Option<i64> {
    let (sign, digits) = text.strip_prefix('-').map_or((1, text), |digits| (-1, digits));
    if digits.is_empty() {
        return None;
    }
    digits.bytes().try_fold(0_i64, |number, digit| {
        let value = DIGITS.iter().position(|&known| known == digit)?;
        number.checked_mul(62)?.checked_add(sign * i64::try_from(value).ok()?)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_are_written_and_read_as_django_does() {
        for (number, text) in [
            (0, "0"),
            (61, "z"),
            (62, "10"),
            (1_700_000_000, "1r31eq"),
            (-86_400, "-MTY"),
            (i64::MAX, "AzL8n0Y58m7"),
            (i64::MIN, "-AzL8n0Y58m8"),
        ] {
            assert_eq!(encode(number), text);
            assert_eq!(decode(text), Some(number), "{text}");
        }
    }

    #[test]
    fn what_is_no_number_is_none() {
        for text in ["", "-", "--1", "1!", " 1", "1 ", "é", "AzL8n0Y58m8", &"z".repeat(1000)] {
            assert_eq!(decode(text), None, "{text:?}");
        }
    }
}
