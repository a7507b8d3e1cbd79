//! What becomes of an event that is sent while the server is away.

use std::time::Duration;

/// What becomes of an event that is sent while the server is away. Other calls, such as joining a group, fail in
/// either case.
///
/// ```
/// use std::time::Duration;
/// use channels_layer::{OnOutage, RedisOptions};
///
/// let options = RedisOptions::url("redis://127.0.0.1")?.on_outage(OnOutage::Queue {
///     events: 10_000,
///     bytes: 16 * 1024 * 1024,
///     for_at_most: Duration::from_secs(30),
/// });
/// # Ok::<_, channels_layer::RedisHostError>(())
/// ```
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum OnOutage {
    /// The send waits until the outage is as old as the [time limit](crate::RedisOptions::time_limit), and then
    /// fails with [`LayerError::Unavailable`](crate::LayerError::Unavailable).
    #[default]
    Fail,
    /// The event waits in this process, and the send is done at once, with nobody in its
    /// [`Delivery`](crate::Delivery). When the server is back, what waits is sent in the order it came, before
    /// anything newer for the same server (in a cluster, for the same slot): who sends meanwhile waits for that.
    ///
    /// Each is sent at most once: one that the server may have got when its connection broke is lost, and counted.
    /// So is one that has waited too long.
    Queue {
        /// How many may wait. Beyond that the newest fails with
        /// [`LayerError::OutboxFull`](crate::LayerError::OutboxFull).
        events: usize,
        /// How many bytes of memory they may take, as they are encoded, with some hundred for each.
        bytes: usize,
        /// How long one may wait. Then it is dropped. [`Duration::MAX`] stands for as long as it takes.
        for_at_most: Duration,
    },
}

/// What waits for a server that is away, and what became of what has waited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct OutboxStats {
    /// Events that wait.
    pub waiting: usize,
    /// The memory they take, in bytes.
    pub bytes: usize,
    /// Events that waited and were sent, since the layer was connected.
    pub sent: u64,
    /// Events that waited too long, since the layer was connected.
    pub expired: u64,
    /// Events that waited and were not sent for another reason, since the layer was connected: the connection broke
    /// while they were sent, their channel was full, or the layer ended.
    pub lost: u64,
}
