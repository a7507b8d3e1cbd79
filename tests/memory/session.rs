//! What a session may make of memory.

use std::io::{BufReader, Read, Write};

use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use channels_actix::signing::{SignatureError, TimestampSigner};
use flate2::{Compression, read::ZlibDecoder, write::ZlibEncoder};

use super::{ALLOCATED, alone};

/// A gibibyte of zeros, in a mebibyte.
fn bomb() -> Vec<u8> {
    let mut encoder = ZlibEncoder::new(Vec::new(), Compression::best());
    let zeros = vec![0; 1 << 20];
    encoder.write_all(&zeros).unwrap();
    encoder.flush().unwrap();
    let once = encoder.get_ref().len();
    encoder.write_all(&zeros).unwrap();
    encoder.flush().unwrap();
    // after a flush a block stands on its own: the same again, and again
    let again = encoder.get_ref()[once..].to_vec();
    let bomb = [encoder.get_ref()[..once].to_vec(), again.repeat(1023)].concat();
    let zeros = BufReader::new(ZlibDecoder::new(&bomb[..])).bytes().take_while(|byte| matches!(byte, Ok(0)));
    assert_eq!(zeros.take(16 << 20).count(), 16 << 20, "it is no bomb");
    bomb
}

#[tokio::test]
async fn a_session_that_inflates_to_a_gibibyte_allocates_nothing_like_it() {
    let _turn = alone().await;
    let signer = TimestampSigner::new("key");
    let bomb = bomb();
    assert!(bomb.len() < 2 << 20, "{}", bomb.len());
    let signed = signer.sign(&format!(".{}", BASE64_URL_SAFE_NO_PAD.encode(bomb)));
    ALLOCATED.reset_peak_usage();
    let before = ALLOCATED.current_usage();

    let outcome = signer.loads::<String>(&signed, None);

    assert_eq!(outcome, Err(SignatureError::Unreadable));
    let grown = ALLOCATED.peak_usage().saturating_sub(before);
    assert!(grown < 8 << 20, "{grown} bytes");
}
