//! What the programs must not log. `cargo xtask test` names a folder for its logs, and for the secrets that it looks for
//! there.

use std::{
    env,
    fs::{File, OpenOptions},
    io::Write,
    path::PathBuf,
    process,
    sync::atomic::{AtomicUsize, Ordering},
};

fn path(name: &str) -> Option<PathBuf> {
    let folder = PathBuf::from(env::var_os("CHANNELS_TEST_LOGS")?);
    Some(folder.join(format!("site-{}{name}", process::id())))
}

/// Where one more program is to log to, if it is.
pub(super) fn log() -> Option<File> {
    static LOGS: AtomicUsize = AtomicUsize::new(0);
    let path = path(&format!("-{}.log", LOGS.fetch_add(1, Ordering::Relaxed)))?;
    Some(File::create(path).unwrap())
}

/// Notes a secret of one of them.
pub(super) fn note(kind: &str, secret: &str) {
    let Some(path) = path(".secrets") else { return };
    let hex: String = secret.bytes().map(|byte| format!("{byte:02x}")).collect();
    let mut file = OpenOptions::new().create(true).append(true).open(path).unwrap();
    // in one piece: tests run beside each other
    file.write_all(format!("{kind}\t{hex}\n").as_bytes()).unwrap();
}
