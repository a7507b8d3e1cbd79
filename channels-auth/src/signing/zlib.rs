//! Compression, with a bound on what comes out of it.

use std::io::{self, Read, Write};

use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};

/// The most that is taken out of a compressed value, in bytes. Deflate can make a thousandfold of what
/// goes in.
const LARGEST: u64 = 1024 * 1024;

/// At Django's level, 6.
pub(super) fn compressed(bytes: &[u8]) -> io::Result<Vec<u8>> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::new(6));
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// `None` if it is not what `compressed` writes, is cut off, or is more than 1 MiB.
pub(super) fn inflated(bytes: &[u8]) -> Option<Vec<u8>> {
    let mut plain = Vec::new();
    ZlibDecoder::new(bytes).take(LARGEST + 1).read_to_end(&mut plain).ok()?;
    (plain.len() as u64 <= LARGEST).then_some(plain)
}
