//! Any bytes as a compressed message.

use crate::transport::inflated;

/// So much a message may inflate to in any case.
const ALWAYS: usize = 16 << 10;

/// The input: the ratio, the limit's logarithm, a message.
///
/// It inflates to no more than the limit and the ratio allow, and no more is reserved; and to the same again: the
/// decompressor, which connections share, remembers nothing.
pub fn inflate(data: &[u8]) {
    let Some((&[ratio, limit], message)) = data.split_first_chunk() else { return };
    let (ratio, limit) = (usize::from(ratio), 1 << (limit % 20));
    let most = message.len().saturating_mul(ratio).max(ALWAYS).min(limit);

    let first = inflated(message, ratio, limit);

    if let Ok(bytes) = &first {
        assert!(bytes.len() <= most, "{} bytes where {most} are allowed", bytes.len());
        assert!(bytes.capacity() <= most.max(64) + 1, "{} bytes are held", bytes.capacity());
        let exactly = inflated(message, usize::MAX, bytes.len());
        assert_eq!(exactly.as_ref(), Ok(bytes), "its own size does not do as a limit");
        if let Some(less) = bytes.len().checked_sub(1) {
            assert!(inflated(message, usize::MAX, less).is_err(), "more than the limit");
        }
    }
    assert_eq!(inflated(message, ratio, limit), first, "it is not the same again");
}
