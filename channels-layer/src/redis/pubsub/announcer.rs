//! Publishing without receiving anything.

use std::sync::Arc;

use super::Shared;
use crate::{
    ChannelName, Delivery, Envelope, Group, LayerError,
    metrics::{self, Reason},
    redis::{RedisOptions, link::Link},
};

/// The sending half of the layer.
pub(in crate::redis) struct Announcer(Arc<Shared>);

impl Announcer {
    /// Not connected: somebody has to open the links, and to keep them.
    pub(in crate::redis) fn new(options: &RedisOptions) -> Self {
        Self(Shared::new(options))
    }

    pub(in crate::redis) fn links(&self) -> Vec<Arc<Link>> {
        self.0.links.clone()
    }

    pub(in crate::redis) async fn send(
        &self,
        channel: &ChannelName,
        event: &Envelope,
    ) -> Result<(), LayerError> {
        if self.0.publish(channel.as_str(), event).await? == 0 {
            metrics::dropped(Reason::Gone);
            tracing::debug!(%channel, kind = event.kind(), "event dropped: nobody receives there");
        }
        Ok(())
    }

    pub(in crate::redis) async fn group_send(
        &self,
        group: &Group,
        event: &Envelope,
    ) -> Result<Delivery, LayerError> {
        let delivered = self.0.publish(&self.0.registry.names.of_group(group), event).await?;
        Ok(Delivery { delivered, dropped: 0 })
    }
}
