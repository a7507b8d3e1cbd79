//! What a worker's method may do beside its work.

use std::fmt;

use channels_layer::{ChannelName, Event, Group, Layer};

use super::orders::Orders;
use crate::Result;

/// A job under way: what a [`Worker`](crate::Worker)'s method gets beside the event.
///
/// ```
/// # use channels_core::*;
/// # use serde::{Deserialize, Serialize};
/// # #[derive(Serialize, Deserialize)] struct SendInvoice { id: u64, customer: u64 }
/// # impl Event for SendInvoice { const TYPE: &str = "invoice.send"; }
/// # #[derive(Serialize, Deserialize)] struct InvoiceSent { id: u64 }
/// # impl Event for InvoiceSent { const TYPE: &str = "invoice.sent"; }
/// # struct Invoices;
/// # impl Invoices {
/// async fn send(&mut self, invoice: Received<SendInvoice>, job: &mut Job) -> Result<()> {
///     self.mail(&invoice, job.key()).await?; // a mail server that sends nothing twice with one key
///     job.group_send(&Group::of("user", invoice.customer)?, InvoiceSent { id: invoice.id }).await
/// }
/// # async fn mail(&self, _: &SendInvoice, _: &str) -> Result<()> { Ok(()) }
/// # }
/// ```
pub struct Job {
    pub(super) layer: Layer,
    pub(super) channel: ChannelName,
    pub(super) key: String,
    pub(super) attempt: u32,
    pub(super) orders: Orders,
    pub(super) retry: bool,
}

impl Job {
    /// The channel it came by.
    pub fn channel(&self) -> &ChannelName {
        &self.channel
    }

    /// What names this job, and no other: the same at every attempt. Whoever must not do a thing twice remembers it.
    pub fn key(&self) -> &str {
        &self.key
    }

    /// Which attempt this is, counted from 1. An earlier one failed, or was cut off, and may have done some of the
    /// work, or all of it. Always 1 where jobs are worked on at most once.
    pub fn attempt(&self) -> u32 {
        self.attempt
    }

    /// That another attempt would be in vain: if the method returns an error after this, the job goes to the dead
    /// letters at once.
    pub fn do_not_retry(&mut self) {
        self.retry = false;
    }

    /// Whether the program is about to end: no new job is taken, and this one has until the end of
    /// [`Drain::within`](crate::Drain::within).
    pub fn is_stopping(&self) -> bool {
        self.orders.is_stopping()
    }

    /// Waits until the program is about to end. For a long job that can be left at a good place.
    pub async fn stopping(&self) {
        self.orders.stopping().await;
    }

    /// Sends an event to one channel.
    ///
    /// # Errors
    ///
    /// [`LayerError`](crate::LayerError) if the channel is full, or the layer's server did not answer.
    pub async fn send(&self, channel: &ChannelName, event: impl Event) -> Result<()> {
        Ok(self.layer.send(channel, event).await?)
    }

    /// Sends an event to every channel in `group`.
    ///
    /// # Errors
    ///
    /// [`LayerError`](crate::LayerError) if the layer's server did not answer. A member that is full is no
    /// error: see [`Layer::group_send`].
    pub async fn group_send(&self, group: &Group, event: impl Event) -> Result<()> {
        self.layer.group_send(group, event).await?;
        Ok(())
    }

    /// The channel layer.
    pub fn layer(&self) -> &Layer {
        &self.layer
    }
}

impl fmt::Debug for Job {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("channel", &self.channel)
            .field("key", &self.key)
            .field("attempt", &self.attempt)
            .finish_non_exhaustive()
    }
}
