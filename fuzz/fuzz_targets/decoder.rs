#![no_main]

use channels_core::fuzzing::decoder;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| decoder(data));
