//! A set of keys in a file.

use std::{
    fmt,
    fs::File,
    io::{self, Read},
    path::PathBuf,
    time::{Duration, SystemTime},
};

use super::{JwksError, LARGEST, set::KeySet};

/// How often it is looked at.
pub(super) const EVERY: Duration = Duration::from_secs(5);

pub(super) struct KeyFile {
    path: PathBuf,
}

/// What a file was like when its keys were read.
#[derive(Clone, Copy, PartialEq)]
pub(super) struct Seen {
    /// Some file systems do not tell: then it is the length alone.
    modified: Option<SystemTime>,
    length: u64,
}

impl KeyFile {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path }
    }

    /// The keys, or `None` if the file is as it was `seen` before. It blocks.
    pub(super) fn read(&self, seen: Option<Seen>) -> Result<Option<(KeySet, Seen)>, JwksError> {
        let (file, now) = self.open().map_err(JwksError::File)?;
        if seen == Some(now) {
            return Ok(None);
        }
        let mut text = Vec::new();
        file.take(LARGEST as u64 + 1).read_to_end(&mut text).map_err(JwksError::File)?;
        if text.len() > LARGEST {
            return Err(JwksError::TooLarge);
        }
        Ok(Some((KeySet::parse(&text)?, now)))
    }

    fn open(&self) -> io::Result<(File, Seen)> {
        let file = File::open(&self.path)?;
        let metadata = file.metadata()?;
        Ok((file, Seen { modified: metadata.modified().ok(), length: metadata.len() }))
    }
}

impl fmt::Display for KeyFile {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())
    }
}
