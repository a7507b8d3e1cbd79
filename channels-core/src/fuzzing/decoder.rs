//! Any bytes as what a connection receives.

use super::{reference, said::said};
use crate::transport::{MessageLimits, Role};

/// The input: what was agreed on, a seed for where the stream is cut, the stream.
///
/// It means what the RFC says, and the same in one piece, in single bytes, and however it is cut: the same messages,
/// then the same breach. What is held meanwhile is bounded by what arrived.
pub fn decoder(data: &[u8]) {
    let Some((&[terms, seed], stream)) = data.split_first_chunk() else { return };
    let role = if terms & 1 == 0 { Role::Server } else { Role::Client };
    let limits = MessageLimits {
        message: if terms & 4 == 0 { 1 << 20 } else { 100 },
        fragments: if terms & 8 == 0 { 1_000 } else { 3 },
        inflation: (terms & 2 != 0).then_some(if terms & 16 == 0 { 100 } else { 2 }),
    };

    let whole = said(role, limits, [stream]);

    let (messages, refused) = reference::read(role, limits, stream);
    assert_eq!(whole.0, messages, "by the RFC");
    assert_eq!(whole.1.map(|breach| breach.close_code().as_u16()), refused, "by the RFC");
    assert_eq!(said(role, limits, stream.chunks(1)), whole, "in single bytes");
    assert_eq!(said(role, limits, Cuts { seed, rest: stream }), whole, "cut by {seed}");
}

/// A stream in pieces of 1 to 64 bytes.
struct Cuts<'a> {
    seed: u8,
    rest: &'a [u8],
}

impl<'a> Iterator for Cuts<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        if self.rest.is_empty() {
            return None;
        }
        // visits every seed there is before the first comes again
        self.seed = self.seed.wrapping_mul(5).wrapping_add(1);
        let (piece, rest) = self.rest.split_at((1 + usize::from(self.seed >> 2)).min(self.rest.len()));
        self.rest = rest;
        Some(piece)
    }
}
