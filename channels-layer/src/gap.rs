//! What a layer tells its receivers when they may have missed something.

use serde::{Deserialize, Serialize};

use crate::Event;

/// Events may have been missed: the layer was cut off from its server.
///
/// A layer sends it to every subscription and every channel of the process, after it is connected again and
/// before anything newer: what comes after it is complete. A consumer gets it once, however many groups it is
/// in. One that keeps a state made of events reloads it, or tells its client to:
///
/// ```
/// # use channels_layer::{Event, Gap};
/// // in a consumer's `events`: `on.relay::<Gap>()`, and the client gets
/// // {"type": "channels.gap", "since": 1790642813.5}
/// assert_eq!(Gap::TYPE, "channels.gap");
/// ```
///
/// A consumer without a handler for it is not warned of that. It is the layers' own: one that an application sends
/// to a group reaches no consumer.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Gap {
    /// When the layer was last known to be well, in seconds since 1970, as Python's `time.time()`. Nothing
    /// sent before that is concerned.
    pub since: f64,
}

impl Event for Gap {
    const TYPE: &str = "channels.gap";
}
