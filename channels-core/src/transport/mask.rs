//! The mask on what a client sends (RFC 6455 section 5.3): the payload XORed with a key of four bytes. It
//! guards proxies against scripts, and hides nothing.

/// A frame's masking key, turned to where the payload goes on.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Mask([u8; 4]);

impl Mask {
    /// The mask of a frame whose payload begins now. The default is the key of zeros, which changes nothing.
    pub(crate) fn new(key: [u8; 4]) -> Self {
        Self(key)
    }

    /// Masks the next `piece` of the payload, or unmasks it: the two are one.
    pub(crate) fn apply(&mut self, piece: &mut [u8]) {
        let [a, b, c, d] = self.0;
        let key = u64::from_ne_bytes([a, b, c, d, a, b, c, d]);
        let turn = piece.len() % self.0.len();

        let (words, rest) = piece.as_chunks_mut::<8>();
        for word in words {
            *word = (u64::from_ne_bytes(*word) ^ key).to_ne_bytes();
        }
        for (byte, key) in rest.iter_mut().zip(self.0.iter().cycle()) {
            *byte ^= key;
        }
        self.0.rotate_left(turn);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; 4] = [0x37, 0xFA, 0x21, 0x3D];

    fn payload(len: usize) -> Vec<u8> {
        (0..=u8::MAX).cycle().take(len).collect()
    }

    /// RFC 6455 section 5.3, word for word: octet i is XORed with octet i modulo 4 of the key.
    fn by_the_rfc(payload: &[u8]) -> Vec<u8> {
        payload.iter().enumerate().map(|(i, byte)| byte ^ KEY[i % 4]).collect()
    }

    #[test]
    fn a_payload_of_any_length_is_masked_as_the_rfc_says() {
        for len in 0..70 {
            let mut masked = payload(len);

            Mask::new(KEY).apply(&mut masked);

            assert_eq!(masked, by_the_rfc(&payload(len)), "{len} bytes");
        }
    }

    #[test]
    fn a_payload_in_pieces_is_masked_as_one() {
        for first in 0..40 {
            for second in first..40 {
                let mut masked = payload(40);
                let mut mask = Mask::new(KEY);

                mask.apply(&mut masked[..first]);
                mask.apply(&mut masked[first..second]);
                mask.apply(&mut masked[second..]);

                assert_eq!(masked, by_the_rfc(&payload(40)), "cut at {first} and {second}");
            }
        }
    }

    #[test]
    fn masking_twice_gives_the_payload_back() {
        let mut piece = payload(1_000);

        Mask::new(KEY).apply(&mut piece);
        Mask::new(KEY).apply(&mut piece);

        assert_eq!(piece, payload(1_000));
    }

    #[test]
    fn the_default_mask_changes_nothing() {
        let mut piece = payload(1_000);

        Mask::default().apply(&mut piece);

        assert_eq!(piece, payload(1_000));
    }
}
