//! Compressed messages (RFC 7692), each inflated by itself, and no further than it may.

use std::cell::RefCell;

use flate2::{Decompress, FlushDecompress, Status};

/// What every message ends with, and leaves out (RFC 7692 section 7.2.2).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// So much a message may inflate to in any case: in a short text, what repeats may be nearly all of it.
const ALWAYS: usize = 16 << 10;

/// How a message cannot be inflated.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub(crate) enum InflateError {
    #[error("a compressed message is damaged")]
    Malformed,
    #[error("a message inflates to more than {limit} bytes")]
    TooBig { limit: usize },
    #[error("a message inflates to more than {ratio} times its size")]
    Bomb { ratio: usize },
}

thread_local! {
    /// One for all connections of a worker: between two messages it remembers nothing.
    static DECOMPRESSOR: RefCell<Decompress> = RefCell::new(Decompress::new(false));
}

/// The message inflated: to at most `limit` bytes, and at most `ratio` times its size or 16 KiB.
pub(crate) fn inflated(message: &[u8], ratio: usize, limit: usize) -> Result<Vec<u8>, InflateError> {
    let bomb = message.len().saturating_mul(ratio).max(ALWAYS);
    let most = bomb.min(limit);
    DECOMPRESSOR.with_borrow_mut(|decompressor| {
        decompressor.reset(false);
        let mut inflated = Vec::with_capacity(message.len().saturating_mul(4).clamp(64, most.max(64)));
        for mut input in [message, &TAIL] {
            loop {
                let taken = decompressor.total_in();
                let given = inflated.len();
                let status = decompressor.decompress_vec(input, &mut inflated, FlushDecompress::Sync);
                let taken = usize::try_from(decompressor.total_in() - taken).unwrap_or(usize::MAX);
                input = input.get(taken..).unwrap_or_default();
                if inflated.len() > most {
                    let too_big = InflateError::TooBig { limit };
                    return Err(if bomb < limit { InflateError::Bomb { ratio } } else { too_big });
                }
                match status {
                    Err(_) => return Err(InflateError::Malformed),
                    // a final block ends a stream, not the message (RFC 7692 section 7.2.3.4)
                    Ok(Status::StreamEnd) => decompressor.reset(false),
                    Ok(Status::Ok | Status::BufError) if inflated.len() == inflated.capacity() => {
                        // one byte more than may be, to see that it is too much
                        let left = (most - inflated.len()).saturating_add(1);
                        inflated.reserve_exact(inflated.len().min(left));
                    }
                    Ok(Status::Ok | Status::BufError) if input.is_empty() => break,
                    Ok(Status::Ok | Status::BufError) if taken == 0 && inflated.len() == given => {
                        return Err(InflateError::Malformed);
                    }
                    Ok(Status::Ok | Status::BufError) => {}
                }
            }
        }
        Ok(inflated)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_examples_of_the_rfc_are_hello() {
        // RFC 7692 section 7.2.3
        for message in [
            &b"\xf2\x48\xcd\xc9\xc9\x07\x00"[..],
            b"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00",
            b"\xf3\x48\xcd\xc9\xc9\x07\x00\x00",
            b"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00",
        ] {
            assert_eq!(inflated(message, 100, 100), Ok(b"Hello".to_vec()), "{message:x?}");
        }
        assert_eq!(inflated(b"\x00", 100, 100), Ok(Vec::new()));
    }

    #[test]
    fn a_message_does_not_refer_to_the_one_before() {
        // RFC 7692 section 7.2.3.2: the second "Hello" of a sender that keeps its context
        assert_eq!(inflated(b"\xf2\x48\xcd\xc9\xc9\x07\x00", 100, 100), Ok(b"Hello".to_vec()));
        assert_eq!(inflated(b"\xf2\x00\x11\x00\x00", 100, 100), Err(InflateError::Malformed));
    }

    #[test]
    fn a_message_inflates_to_its_limit_and_no_further() {
        let hello = b"\xf2\x48\xcd\xc9\xc9\x07\x00";

        assert_eq!(inflated(hello, 100, 5), Ok(b"Hello".to_vec()));
        assert_eq!(inflated(hello, 100, 4), Err(InflateError::TooBig { limit: 4 }));
    }
}
