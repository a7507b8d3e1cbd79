#![no_main]

use channels_auth::fuzzing::credentials;
use libfuzzer_sys::fuzz_target;

fuzz_target!(|data: &[u8]| credentials(data));
