#![no_main]

use channels_core::fuzzing::origin;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| origin(data));
