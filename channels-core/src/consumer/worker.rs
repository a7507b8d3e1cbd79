//! A consumer of jobs: what is sent to a normal channel.

use crate::{Handlers, Job};

/// A consumer of jobs, which are events sent to a normal channel: a thumbnail to make, a mail to send.
///
/// In Django it is a consumer in a `ChannelNameRouter`, run by `manage.py runworker`; here,
/// [`Channels::worker`](crate::Channels::worker) or [`Workers`](crate::Workers) run it. Its methods get the event and
/// a [`Job`], with which they send to channels and groups.
///
/// ```
/// use channels_core::{Event, Group, Handlers, Job, Received, Result, Worker};
/// use serde::{Deserialize, Serialize};
///
/// #[derive(Serialize, Deserialize)]
/// struct MakeThumbnail { image: u64, owner: u64 }
/// impl Event for MakeThumbnail { const TYPE: &str = "thumbnail.make"; }
///
/// #[derive(Serialize, Deserialize)]
/// struct ThumbnailMade { image: u64 }
/// impl Event for ThumbnailMade { const TYPE: &str = "thumbnail.made"; }
///
/// struct Thumbnails;
///
/// impl Worker for Thumbnails {
///     fn events(on: &mut Handlers<Self, Job>) {
///         on.event(Self::make);
///     }
/// }
///
/// impl Thumbnails {
///     async fn make(&mut self, wanted: Received<MakeThumbnail>, job: &mut Job) -> Result<()> {
///         // ...
///         job.group_send(&Group::of("user", wanted.owner)?, ThumbnailMade { image: wanted.image }).await
///     }
/// }
/// ```
///
/// A value works on one job at a time, so that state is plain fields. There are as many values as jobs
/// [at a time](crate::Work::concurrency), made when they are first needed. One whose method panicked, or was dropped
/// at its await, is not used again.
///
/// A method that fails is logged and counted. What becomes of its job, and of the job of a program that was killed,
/// depends on [how it was sent](crate::Work).
pub trait Worker: Sized + 'static {
    /// Registers the events this worker takes. Called once, at start-up.
    fn events(on: &mut Handlers<Self, Job>);
}
