#![no_main]

use channels_layer::fuzzing::event;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| event(data));
