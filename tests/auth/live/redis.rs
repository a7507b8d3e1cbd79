//! Two processes on one Redis: what is revoked in one closes the sockets of both.

use channels_actix::{testing::TestServer, *};

use super::{Site, jwt, lives, logged_out_everywhere, open, refused, revoked};
use crate::redis::server::Server;

/// Two processes on one Redis, by each kind of layer.
async fn pairs(redis: &Server) -> [[(Site, TestServer); 2]; 2] {
    let queue = async || Layer::new(RedisLayer::connect(&redis.url()).await.unwrap());
    let pubsub = async || Layer::new(RedisPubSubLayer::connect(&redis.url()).await.unwrap());
    let process = |layer| {
        let site = Site::on(layer, |auth| auth);
        let server = site.serve();
        (site, server)
    };
    [[process(queue().await), process(queue().await)], [process(pubsub().await), process(pubsub().await)]]
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "needs redis-server"]
async fn a_token_that_is_revoked_in_one_process_closes_its_sockets_in_both_and_opens_none() {
    let redis = Server::start();
    for [(here, one), (_, other)] in pairs(&redis).await {
        let token = jwt(7, 1);
        let mut tabs = [open(&one, &token).await, open(&other, &token).await];
        let mut phone = open(&other, &jwt(7, 2)).await;

        here.revoker.revoke(&Credential::new(&token)).await.unwrap();

        for tab in &mut tabs {
            assert_eq!(tab.closed().await, revoked());
        }
        lives(&mut phone).await;
        for server in [&one, &other] {
            assert_eq!(refused(server, &token).await, (4001, "bad token".into()));
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "needs redis-server"]
async fn a_logout_everywhere_in_one_process_closes_the_users_sockets_in_both() {
    let redis = Server::start();
    for [(_, one), (_, other)] in pairs(&redis).await {
        let mut tabs = [open(&one, &jwt(7, 1)).await, open(&other, &jwt(7, 2)).await];
        let mut dee = open(&other, &jwt(11, 1)).await;

        tabs[0].text("log me out everywhere").await;

        for tab in &mut tabs {
            assert_eq!(tab.closed().await, logged_out_everywhere());
        }
        lives(&mut dee).await;
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "needs redis-server"]
async fn what_was_revoked_during_an_outage_is_noticed_after_it() {
    let mut redis = Server::start();
    let mut tabs = Vec::new();
    let pairs = pairs(&redis).await;
    for (site, server) in pairs.iter().flatten() {
        site.keys.put("key_7_a", None);
        site.keys.put("key_7_b", None);
        tabs.push([open(server, "key_7_a").await, open(server, "key_7_b").await]);
    }

    redis.kill();
    for (site, _) in pairs.iter().flatten() {
        site.keys.remove("key_7_a");
    }
    redis.run();

    for [tab, other] in &mut tabs {
        assert_eq!(tab.closed().await, revoked());
        lives(other).await;
    }
}
