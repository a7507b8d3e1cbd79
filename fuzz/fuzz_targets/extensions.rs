#![no_main]

use channels_core::fuzzing::extensions;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| extensions(data));
