#![no_main]

use channels_core::fuzzing::close;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| close(data));
