//! A server of a layer's, for what is no event.

use std::{fmt, pin::Pin, sync::Arc};

use redis::Script;
use tokio_util::task::AbortOnDropHandle;

use super::{RedisHostError, RedisOptions, connect::Connector, link::Link};
use crate::LayerError;

/// One Redis server, for what several processes share beside events: tickets, say. It is reached as layers reach it.
///
/// The connection is kept, and reopened when it breaks, on the runtime on which it was made. With this value it ends.
/// Any call ends within the [time limit](RedisOptions::time_limit).
pub struct RedisServer {
    link: Arc<Link>,
    prefix: String,
    _keeper: AbortOnDropHandle<()>,
}

/// What is done in Redis at one stroke: a program in Lua.
pub struct RedisScript(Script);

impl RedisServer {
    /// The first of the servers that `options` name.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if it cannot be reached within the time limit; [`LayerError::Host`] if it is part of
    /// a Redis Cluster.
    pub async fn connect(options: &RedisOptions) -> Result<Self, LayerError> {
        // without the types beneath, as for layers
        let opened: Pin<Box<dyn Future<Output = _> + Send + '_>> = Box::pin(Self::open(options));
        opened.await
    }

    async fn open(options: &RedisOptions) -> Result<Self, LayerError> {
        // there is always one: options are made with it
        let connector = Connector::all(options).swap_remove(0);
        let link = Link::new(connector, options.time_limit);
        link.open().await?;
        if link.is_in_a_cluster().await {
            return Err(RedisHostError::Cluster(link.shown()).into());
        }
        let keeper = AbortOnDropHandle::new(tokio::spawn(Arc::clone(&link).keep()));
        Ok(Self { link, prefix: options.prefix.clone(), _keeper: keeper })
    }

    /// A key that begins as those of the layer do.
    pub fn key(&self, name: &str) -> String {
        format!("{}:{name}", self.prefix)
    }

    /// What the script answers: a list of texts.
    ///
    /// # Errors
    ///
    /// [`LayerError::Unavailable`] if there was no answer in time, or an error. It may have been done all the same.
    pub async fn run(
        &self,
        script: &RedisScript,
        keys: &[&str],
        arguments: &[&str],
    ) -> Result<Vec<String>, LayerError> {
        let mut invocation = script.0.prepare_invoke();
        for key in keys {
            invocation.key(*key);
        }
        for argument in arguments {
            invocation.arg(*argument);
        }
        let work = |mut connection| async move { invocation.invoke_async(&mut connection).await };
        Ok(self.link.run(work).await?)
    }
}

impl RedisScript {
    /// The program. `KEYS` and `ARGV` are what it is run with.
    pub fn new(program: &str) -> Self {
        Self(Script::new(program))
    }
}

impl fmt::Debug for RedisServer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("RedisServer")
            .field("server", &self.link.shown())
            .field("prefix", &self.prefix)
            .finish_non_exhaustive()
    }
}

impl fmt::Debug for RedisScript {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("RedisScript").field(&self.0.get_hash()).finish()
    }
}
