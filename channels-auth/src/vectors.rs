//! Test data that the real packages made.

use std::{env, fs, path::PathBuf};

use serde_json::Value;

/// The vectors of this file, from the directory named by `CHANNELS_VECTORS` or from the copy.
pub(crate) fn read(file: &str) -> Value {
    let directory = env::var_os("CHANNELS_VECTORS").map_or_else(
        || concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/django/vectors").into(),
        PathBuf::from,
    );
    serde_json::from_str(&fs::read_to_string(directory.join(file)).unwrap()).unwrap()
}
