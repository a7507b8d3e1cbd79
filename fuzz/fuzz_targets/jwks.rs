#![no_main]

use channels_auth::fuzzing::jwks;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| jwks(data));
