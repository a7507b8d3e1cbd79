//! The message that goes round: JSON of a given size with a number in it.

/// The number's name, as it stands in the text.
const KEY: &[u8] = b"\"seq\":";

/// `{"type":"bench.message","seq":7,"pad":"xxx"}`, of `size` bytes where that is possible.
///
/// It is what our relay makes of an event, so that every server sends the same bytes on.
pub(crate) fn of(seq: u32, size: usize) -> Vec<u8> {
    let head = format!("{{\"type\":\"bench.message\",\"seq\":{seq},\"pad\":\"");
    let mut message = head.into_bytes();
    message.resize(size.saturating_sub(2).max(message.len()), b'x');
    message.extend(b"\"}");
    message
}

/// Finds the number in messages that are much alike.
#[derive(Debug, Default)]
pub(crate) struct Finder {
    /// Where the last one was: the next one is there, too.
    at: usize,
}

impl Finder {
    /// The number in `message`, if it has one.
    pub(crate) fn seq(&mut self, message: &[u8]) -> Option<u32> {
        if !message.get(self.at..).is_some_and(|rest| rest.starts_with(KEY)) {
            self.at = message.windows(KEY.len()).position(|window| window == KEY)?;
        }
        let digits = message[self.at + KEY.len()..].iter().skip_while(|byte| **byte == b' ');
        let mut digits = digits.take_while(|byte| byte.is_ascii_digit()).peekable();
        digits.peek()?;
        digits.try_fold(0_u32, |seq, digit| seq.checked_mul(10)?.checked_add(u32::from(digit - b'0')))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_message_has_the_size_that_is_asked_for() {
        for size in [64, 100, 128, 1024] {
            assert_eq!(of(7, size).len(), size);
            assert_eq!(of(4_000_000_000, size).len(), size);
        }
    }

    #[test]
    fn the_number_is_found_wherever_it_stands() {
        let mut finder = Finder::default();

        assert_eq!(finder.seq(&of(12, 100)), Some(12));
        assert_eq!(finder.seq(br#"{"pad": "x", "seq": 13}"#), Some(13));
        assert_eq!(finder.seq(br#"["said",{"seq":14}]"#), Some(14));
        assert_eq!(finder.seq(&of(15, 100)), Some(15));
    }

    #[test]
    fn a_message_without_a_number_has_none() {
        let mut finder = Finder { at: 50 };

        for message in ["", "{}", r#"{"seq":}"#, r#"{"seq":"7"}"#, r#"{"seq":99999999999}"#] {
            assert_eq!(finder.seq(message.as_bytes()), None, "{message}");
        }
    }
}
