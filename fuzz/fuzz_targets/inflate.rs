#![no_main]

use channels_core::fuzzing::inflate;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| inflate(data));
