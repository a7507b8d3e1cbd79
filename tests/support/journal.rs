use std::sync::{Arc, Mutex};

use super::until;

/// What consumers did, line by line. Its clones write into one.
#[derive(Clone, Default)]
pub(crate) struct Journal(Arc<Mutex<Vec<String>>>);

impl Journal {
    pub(crate) fn note(&self, line: impl Into<String>) {
        self.0.lock().unwrap().push(line.into());
    }

    pub(crate) fn lines(&self) -> Vec<String> {
        self.0.lock().unwrap().clone()
    }

    pub(crate) fn has(&self, line: &str) -> bool {
        self.lines().iter().any(|noted| noted == line)
    }

    /// Waits until a consumer noted `line`.
    pub(crate) async fn wait_for(&self, line: &str) {
        until(&format!("the journal says {line:?}"), || self.has(line)).await;
    }
}
