//! The layer for threads that cannot await.

use tokio::runtime::Handle;

use crate::{ChannelName, Delivery, Envelope, Event, Group, Layer, LayerError};

/// A [`Layer`] for plain threads: a thread pool's jobs, a C callback, a `main` without a runtime.
///
/// ```
/// # use channels_layer::*;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Serialize, Deserialize)] struct Progress { percent: u8 }
/// # impl Event for Progress { const TYPE: &str = "task.progress"; }
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), NameError> {
/// # let layer = Layer::new(MemoryLayer::default());
/// let tasks = Group::of("tasks", 5)?;
/// let layer = layer.blocking();
/// let job = std::thread::spawn(move || layer.group_send(&tasks, Progress { percent: 50 }));
/// # job.join().unwrap().unwrap();
/// # Ok(()) }
/// ```
#[derive(Clone, Debug)]
pub struct BlockingLayer {
    layer: Layer,
    runtime: Handle,
}

impl BlockingLayer {
    #[track_caller]
    pub(crate) fn new(layer: Layer) -> Self {
        Self { layer, runtime: Handle::current() }
    }

    /// Sends `event` to one channel, and waits until the layer has it.
    ///
    /// # Errors
    ///
    /// As [`Layer::send`].
    ///
    /// # Panics
    ///
    /// On a thread that runs async tasks: await [`Layer::send`] there.
    pub fn send(&self, channel: &ChannelName, event: impl Event) -> Result<(), LayerError> {
        self.forward_to(channel, Envelope::new(event))
    }

    /// Sends an envelope to one channel, as it is: [`send`](Self::send).
    ///
    /// # Errors
    ///
    /// As [`Layer::send`].
    ///
    /// # Panics
    ///
    /// On a thread that runs async tasks: await [`Layer::forward_to`] there.
    pub fn forward_to(&self, channel: &ChannelName, envelope: Envelope) -> Result<(), LayerError> {
        self.runtime.block_on(self.layer.forward_to(channel, envelope))
    }

    /// Sends `event` to every channel in `group`, and waits until the layer has it.
    ///
    /// # Errors
    ///
    /// As [`Layer::group_send`].
    ///
    /// # Panics
    ///
    /// On a thread that runs async tasks: await [`Layer::group_send`] there.
    pub fn group_send(&self, group: &Group, event: impl Event) -> Result<Delivery, LayerError> {
        self.forward(group, Envelope::new(event))
    }

    /// Sends an envelope to every channel in `group`, as it is: [`group_send`](Self::group_send).
    ///
    /// # Errors
    ///
    /// As [`Layer::group_send`].
    ///
    /// # Panics
    ///
    /// On a thread that runs async tasks: await [`Layer::forward`] there.
    pub fn forward(&self, group: &Group, envelope: Envelope) -> Result<Delivery, LayerError> {
        self.runtime.block_on(self.layer.forward(group, envelope))
    }
}
