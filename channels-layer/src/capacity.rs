//! How much a layer keeps, and for how long.

use std::time::Duration;

use glob::Pattern;

use crate::ChannelName;

/// How much a layer keeps, and for how long. The defaults are Django Channels'.
///
/// ```
/// use std::time::Duration;
/// use channels_layer::{MemoryLayer, Retention};
///
/// let retention = Retention::default()
///     .capacity(200)
///     .channel_capacity("thumbnails.*", 10)?
///     .expiry(Duration::from_secs(10));
/// let layer = MemoryLayer::new(retention);
/// # Ok::<_, channels_layer::CapacityError>(())
/// ```
#[derive(Clone, Debug)]
pub struct Retention {
    capacity: usize,
    channel_capacity: Vec<(Pattern, usize)>,
    expiry: Duration,
    group_expiry: Duration,
}

/// What stands for "never": a clock cannot add [`Duration::MAX`].
pub(crate) const LONGEST: Duration = Duration::from_secs(100 * 365 * 24 * 60 * 60);

/// A capacity's pattern does not compile.
#[derive(Debug, thiserror::Error)]
#[error("{pattern:?} is no pattern for channel names; use `*`, `?`, `[abc]` and `[!abc]`")]
pub struct CapacityError {
    pattern: String,
    #[source]
    source: glob::PatternError,
}

impl Default for Retention {
    fn default() -> Self {
        Self {
            capacity: 100,
            channel_capacity: Vec::new(),
            expiry: Duration::from_secs(60),
            group_expiry: Duration::from_secs(86_400),
        }
    }
}

impl Retention {
    /// How many events a channel holds before it is full. Default 100 (Channels' `capacity`); at least 1.
    #[must_use]
    pub fn capacity(mut self, events: usize) -> Self {
        self.capacity = events.max(1);
        self
    }

    /// How many events a channel holds whose whole name fits `pattern`: `*`, `?`, `[abc]`, `[!abc]`. The
    /// first pattern that fits decides (Channels' `channel_capacity`).
    ///
    /// # Errors
    ///
    /// [`CapacityError`] if the pattern does not compile.
    pub fn channel_capacity(mut self, pattern: &str, events: usize) -> Result<Self, CapacityError> {
        match Pattern::new(pattern) {
            Ok(compiled) => self.channel_capacity.push((compiled, events.max(1))),
            Err(source) => return Err(CapacityError { pattern: pattern.to_owned(), source }),
        }
        Ok(self)
    }

    /// How long an event waits to be received. Default 60 s (Channels' `expiry`).
    #[must_use]
    pub fn expiry(mut self, after: Duration) -> Self {
        self.expiry = after.min(LONGEST);
        self
    }

    /// How long a channel stays in a group after it was last added. Default 86,400 s (Channels'
    /// `group_expiry`). Connected consumers are added again in time.
    #[must_use]
    pub fn group_expiry(mut self, after: Duration) -> Self {
        self.group_expiry = after.min(LONGEST);
        self
    }

    /// The capacity of one channel.
    pub fn capacity_of(&self, channel: &ChannelName) -> usize {
        self.capacity_of_named(channel.as_str())
    }

    /// The capacity of a channel whose name another process may have made.
    pub(crate) fn capacity_of_named(&self, channel: &str) -> usize {
        let fits = |(pattern, _): &&(Pattern, usize)| pattern.matches(channel);
        self.channel_capacity.iter().find(fits).map_or(self.capacity, |(_, events)| *events)
    }

    /// How long an event waits to be received.
    pub fn event_lifetime(&self) -> Duration {
        self.expiry
    }

    /// How long a membership lasts after it was last renewed.
    pub fn membership_lifetime(&self) -> Duration {
        self.group_expiry
    }
}
