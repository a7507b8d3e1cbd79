//! Publishing without receiving anything.

use std::{pin::Pin, sync::Arc};

use tokio_util::task::AbortOnDropHandle;

use super::{Shared, cluster::Cluster};
use crate::{
    ChannelName, Delivery, Envelope, Group, LayerError, OnOutage,
    redis::{
        RedisOptions,
        connect::Connector,
        link::Link,
        outbox::{Sends as _, To},
    },
};

/// The sending half of the layer. What cannot be sent does not wait.
pub(in crate::redis) struct Announcer {
    shared: Arc<Shared>,
    _tasks: Vec<AbortOnDropHandle<()>>,
}

impl Announcer {
    /// Without the types beneath: rustc follows them into the `main` that awaits this, and may give up.
    pub(in crate::redis) fn open(
        options: RedisOptions,
    ) -> Pin<Box<dyn Future<Output = Result<Self, LayerError>> + Send>> {
        Box::pin(async move {
            let shared = Shared::new(&options.clone().on_outage(OnOutage::Fail));
            let mut tasks = Vec::new();
            if options.cluster {
                let cluster = Cluster::find(&shared, Connector::all(&options)).await?;
                tasks.push(AbortOnDropHandle::new(tokio::spawn(cluster.keep())));
            } else {
                for link in shared.servers().links.values() {
                    link.open().await?;
                    tasks.push(AbortOnDropHandle::new(tokio::spawn(Arc::clone(link).keep())));
                }
            }
            Ok(Self { shared, _tasks: tasks })
        })
    }

    /// The connections that it has at the moment.
    pub(in crate::redis) fn links(&self) -> Vec<Arc<Link>> {
        self.shared.servers().links.values().cloned().collect()
    }

    pub(in crate::redis) async fn send(
        &self,
        channel: &ChannelName,
        event: &Envelope,
    ) -> Result<(), LayerError> {
        self.shared.send_now(&To::Channel(channel.clone()), event).await.map(drop)
    }

    pub(in crate::redis) async fn group_send(
        &self,
        group: &Group,
        event: &Envelope,
    ) -> Result<Delivery, LayerError> {
        self.shared.send_now(&To::Group(group.clone()), event).await
    }
}

impl Drop for Announcer {
    fn drop(&mut self) {
        self.shared.registry.close();
        self.links().iter().for_each(|link| link.close());
    }
}
