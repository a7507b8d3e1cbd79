#![no_main]

use channels_core::fuzzing::pattern;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| pattern(data));
