#![no_main]

use channels_core::fuzzing::request;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| request(data));
