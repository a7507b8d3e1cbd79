//! Messages compressed each by itself (RFC 7692, without context takeover), so that one serves everybody.

use std::cell::RefCell;

use flate2::{Compress, Compression, FlushCompress};

/// What ends a message, and is left out (RFC 7692 section 7.2.1).
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// How far back a compressed message refers: 2 to the power of 9 to 15 bytes. By default 15.
///
/// The RFC has 8, too, which zlib cannot write without a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window(u8);

impl Window {
    /// The window of so many bits; `None` if there is none.
    pub fn new(bits: u8) -> Option<Self> {
        (9..=15).contains(&bits).then_some(Self(bits))
    }

    /// The bits.
    pub fn bits(self) -> u8 {
        self.0
    }
}

impl Default for Window {
    fn default() -> Self {
        Self(15)
    }
}

thread_local! {
    /// One for each window: some 260 KiB each, made when it is first needed, for all connections of a worker.
    static COMPRESSORS: RefCell<[Option<Compress>; 7]> = const { RefCell::new([const { None }; 7]) };
}

/// The payload compressed as a whole message; `None` if that is not smaller.
pub(super) fn deflated(payload: &[u8], window: Window) -> Option<Vec<u8>> {
    COMPRESSORS.with_borrow_mut(|compressors| {
        let compressor = compressors.get_mut(usize::from(window.0) - 9)?;
        let compressor = compressor.get_or_insert_with(|| {
            // speed: what a level more saves costs more than its bytes
            Compress::new_with_window_bits(Compression::fast(), false, window.0)
        });
        compressor.reset();
        // no more than would be worth sending, and the tail
        let mut compressed = Vec::with_capacity(payload.len() + TAIL.len());
        let status = compressor.compress_vec(payload, &mut compressed, FlushCompress::Sync);
        let taken = status.is_ok() && compressor.total_in() == payload.len() as u64;
        let complete = taken && compressed.ends_with(&TAIL);
        compressed.truncate(compressed.len().saturating_sub(TAIL.len()));
        (complete && !compressed.is_empty() && compressed.len() < payload.len()).then_some(compressed)
    })
}

#[cfg(test)]
mod tests {
    use flate2::{Decompress, FlushDecompress};

    use super::*;

    fn inflated(compressed: &[u8], bits: u8) -> Vec<u8> {
        let mut inflated = Vec::with_capacity(1 << 20);
        let message = [compressed, &TAIL].concat();
        let mut decompressor = Decompress::new_with_window_bits(false, bits);
        decompressor.decompress_vec(&message, &mut inflated, FlushDecompress::Sync).unwrap();
        inflated
    }

    #[test]
    fn a_message_is_what_was_compressed_in_every_window() {
        let payload = (0..5_000_u32).flat_map(|n| (n * n % 251).to_string().into_bytes()).collect::<Vec<_>>();
        for bits in 9..=15 {
            let window = Window::new(bits).unwrap();

            // the second must not refer to the first
            for _ in 0..2 {
                let compressed = deflated(&payload, window).unwrap();
                assert_eq!(inflated(&compressed, bits), payload, "{bits} bits");
            }
        }
    }

    #[test]
    fn what_gets_no_smaller_is_not_compressed() {
        for payload in [&b""[..], b"a", b"1234567890abcdef"] {
            assert_eq!(deflated(payload, Window::default()), None, "{payload:?}");
        }
    }

    #[test]
    fn there_is_no_window_of_8_or_16_bits() {
        assert_eq!(Window::new(8), None);
        assert_eq!(Window::new(16), None);
    }
}
