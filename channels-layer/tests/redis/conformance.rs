//! What every layer passes, on one server and on three.

use std::sync::LazyLock;

use channels_layer::{RedisHost, RedisLayer, RedisOptions, RedisPubSubLayer, Retention};
use uuid::Uuid;

use super::Server;

/// One for all tests, which have prefixes of their own.
static SERVER: LazyLock<Server> = LazyLock::new(Server::start);

fn options(retention: Retention) -> RedisOptions {
    let prefix = Uuid::new_v4().simple().to_string();
    RedisOptions::url(&SERVER.url()).unwrap().prefix(prefix).retention(retention)
}

mod one_server {
    channels_layer::conformance_tests!(
        async |retention| super::RedisLayer::with_options(super::options(retention)).await.unwrap();
        ignore = "needs redis-server"
    );
}

mod encrypted {
    channels_layer::conformance_tests!(
        async |retention| {
            let options = super::options(retention).encryption_keys(["new", "old"]);
            super::RedisLayer::with_options(options).await.unwrap()
        };
        ignore = "needs redis-server"
    );
}

/// Databases of one server, as good as servers of their own. Where the servers take turns with normal channels,
/// neither their order nor their capacity holds: that is how channels_redis does it.
mod three_servers {
    use super::*;

    channels_layer::conformance_tests!(
        async |retention| {
            let shard = |number| RedisHost::url(&SERVER.url()).unwrap().database(number);
            let options = super::options(retention).shard(shard(1)).shard(shard(2)).pin_channels();
            RedisLayer::with_options(options).await.unwrap()
        };
        ignore = "needs redis-server"
    );
}

mod pub_sub {
    use super::*;

    channels_layer::conformance_tests!(
        async |retention| RedisPubSubLayer::with_options(options(retention)).await.unwrap(), pub_sub;
        ignore = "needs redis-server"
    );
}

mod pub_sub_encrypted {
    use super::*;

    channels_layer::conformance_tests!(
        async |retention| {
            let options = options(retention).encryption_keys(["new", "old"]);
            RedisPubSubLayer::with_options(options).await.unwrap()
        },
        pub_sub;
        ignore = "needs redis-server"
    );
}
