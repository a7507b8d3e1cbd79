use std::{
    fs,
    path::{Path, PathBuf},
    process,
    sync::atomic::{AtomicUsize, Ordering},
};

/// A folder that is gone after the test.
#[derive(Debug)]
pub struct Folder(PathBuf);

impl Folder {
    /// A new one below `parent`: `env!("CARGO_TARGET_TMPDIR")`.
    pub fn new(parent: impl AsRef<Path>) -> Self {
        static COUNT: AtomicUsize = AtomicUsize::new(0);
        let name = format!("site-{}-{}", process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        let path = parent.as_ref().join(name);
        fs::create_dir_all(&path).unwrap();
        Self(path)
    }

    /// The path of a file in it.
    pub fn file(&self, name: &str) -> String {
        self.0.join(name).to_str().unwrap().to_owned()
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        if let Err(error) = fs::remove_dir_all(&self.0) {
            tracing::warn!(path = %self.0.display(), %error, "a test's folder stays");
        }
    }
}
