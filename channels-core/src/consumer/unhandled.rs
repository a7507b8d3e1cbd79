//! Events that nobody handles: counted each time, logged once a type.

use std::{
    collections::HashSet,
    sync::{LazyLock, Mutex, PoisonError},
};

use channels_layer::{Event, Gap};

use crate::metrics;

/// Types that other processes make up must not fill the memory.
const MOST_TYPES: usize = 1_000;

static LOGGED: LazyLock<Mutex<HashSet<Box<str>>>> = LazyLock::new(Mutex::default);

pub(crate) fn note(kind: &str) {
    if kind == Gap::TYPE {
        // the layer has logged and counted it, and not every consumer has something to reload
        return;
    }
    metrics::event_dropped("unhandled");
    let first = {
        let mut logged = LOGGED.lock().unwrap_or_else(PoisonError::into_inner);
        logged.len() < MOST_TYPES && logged.insert(kind.into())
    };
    if first {
        tracing::warn!(
            kind,
            "event dropped: the consumer has no handler for it; add `on.event(..)` (or, for a socket, `on.relay::<..>()`) to its `events`"
        );
    }
}
