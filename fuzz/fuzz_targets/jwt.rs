#![no_main]

use channels_auth::fuzzing::jwt;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| jwt(data));
