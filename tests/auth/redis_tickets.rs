//! Tickets that several processes share over Redis.

use std::time::{Duration, SystemTime};

use actix_web::{ResponseError, http::StatusCode};
use channels_actix::*;
use serde_json::json;

use super::{Site, Users};
use crate::{redis::server::Server, support::Client};

const PATH: &str = "/ws/";

async fn tickets(redis: &Server) -> Tickets {
    Tickets::in_redis(&options(redis)).await.unwrap()
}

fn options(redis: &Server) -> RedisOptions {
    RedisOptions::url(&redis.url()).unwrap().time_limit(Duration::from_secs(1))
}

async fn used(tickets: &Tickets, ticket: &Credential, path: &str) -> Result<Option<Identity>, AuthError> {
    Ticket::new(tickets.clone()).authenticate(&ticket.clone().presented_at(path)).await
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn what_one_process_issues_is_good_once_in_another() {
    let redis = Server::start();
    let (one, other) = (tickets(&redis).await, tickets(&redis).await);
    let mut ann = Identity::new(7);
    ann.claims.insert("name".into(), json!("Ann ☃ \0"));
    ann.expires = Some(SystemTime::UNIX_EPOCH + Duration::from_millis(4_102_444_800_123));

    let ticket = one.issue(&ann, PATH).await.unwrap();

    assert_eq!(used(&other, &ticket, PATH).await.unwrap(), Some(ann));
    for process in [one, other] {
        assert!(matches!(used(&process, &ticket, PATH).await, Err(AuthError::Invalid(_))));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
#[ignore = "needs redis-server"]
async fn of_many_in_two_processes_who_use_a_ticket_at_a_time_one_gets_in() {
    let redis = Server::start();
    let processes = [tickets(&redis).await, tickets(&redis).await];

    for _ in 0..20 {
        let ticket = processes[0].issue(&Identity::new(7), PATH).await.unwrap();
        let uses = (0..20).map(|number| {
            let (process, ticket) = (processes[number % 2].clone(), ticket.clone());
            tokio::spawn(async move { used(&process, &ticket, PATH).await.is_ok() })
        });
        let mut got_in = 0;
        for outcome in uses.collect::<Vec<_>>() {
            got_in += usize::from(outcome.await.unwrap());
        }
        assert_eq!(got_in, 1);
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_ticket_for_another_path_is_refused_and_used_up() {
    let redis = Server::start();
    let tickets = tickets(&redis).await;
    let ticket = tickets.issue(&Identity::new(7), PATH).await.unwrap();

    for path in ["/ws/other/", PATH] {
        assert!(matches!(used(&tickets, &ticket, path).await, Err(AuthError::Invalid(_))));
    }
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn redis_drops_a_ticket_that_has_ended_and_all_that_is_kept_of_it() {
    let redis = Server::start();
    let (brief, usual) = (tickets(&redis).await.lifetime(Duration::from_millis(50)), tickets(&redis).await);

    let late = brief.issue(&Identity::new(7), PATH).await.unwrap();
    crate::support::until("Redis is empty", || redis.ask::<usize>("DBSIZE") == 0).await;
    assert!(matches!(used(&brief, &late, PATH).await, Err(AuthError::Invalid(_))));

    usual.issue(&Identity::new(7), PATH).await.unwrap();
    brief.issue(&Identity::new(7), PATH).await.unwrap();
    for key in redis.ask::<Vec<String>>("KEYS asgi:*") {
        let left = redis.ask::<i64>(&format!("PTTL {key}"));
        assert!((0..=30_001).contains(&left) || left == -2, "{key} has {left} ms");
    }
    let list = redis.ask::<i64>("PTTL asgi:tickets:7");
    assert!(list > 1_000, "the list goes with its last ticket, not in {list} ms");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_ticket_that_was_used_leaves_nothing_behind() {
    let redis = Server::start();
    let tickets = tickets(&redis).await;

    let ticket = tickets.issue(&Identity::new(7), PATH).await.unwrap();
    used(&tickets, &ticket, PATH).await.unwrap();

    assert_eq!(redis.ask::<usize>("DBSIZE"), 0);
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn who_reads_redis_opens_no_socket_with_it() {
    let redis = Server::start();
    let tickets = tickets(&redis).await;
    let ticket = tickets.issue(&Identity::new(7), PATH).await.unwrap();
    let secret = ticket.expose().strip_prefix("tkt_").unwrap();

    let keys = redis.ask::<Vec<String>>("KEYS *");
    let kept = keys.iter().find(|key| key.starts_with("asgi:ticket:")).expect("the ticket is kept");
    let content = redis.ask::<Vec<String>>(&format!("HGETALL {kept}"));

    assert_eq!(keys.len(), 2);
    assert!(keys.iter().chain(&content).all(|text| !text.contains(secret)));
    for key in [kept.as_str(), kept.rsplit(':').next().unwrap()] {
        assert!(!matches!(used(&tickets, &Credential::new(key), PATH).await, Ok(Some(_))));
    }
    used(&tickets, &ticket, PATH).await.unwrap();
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_user_who_asks_for_many_loses_the_oldest_and_takes_nobodys_room() {
    let redis = Server::start();
    let tickets = tickets(&redis).await;
    let bob = tickets.issue(&Identity::new(8), PATH).await.unwrap();
    let mut anns = Vec::new();
    for _ in 0..20 {
        anns.push(tickets.issue(&Identity::new(7), PATH).await.unwrap());
    }

    assert!(matches!(used(&tickets, &anns[3], PATH).await, Err(AuthError::Invalid(_))));
    // one that was used makes room
    used(&tickets, &anns[19], PATH).await.unwrap();
    tickets.issue(&Identity::new(7), PATH).await.unwrap();
    used(&tickets, &anns[4], PATH).await.unwrap();
    used(&tickets, &bob, PATH).await.unwrap();
}

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
#[ignore = "needs redis-server"]
async fn while_redis_is_down_a_socket_is_1013_and_a_request_503_and_then_tickets_are_issued_again() {
    let mut redis = Server::start();
    let tickets = tickets(&redis).await;
    let site = Site::new(|_| TokenAuth::new(Users).accept(Ticket::new(tickets.clone())));
    let lost = tickets.issue(&Identity::new(7), PATH).await.unwrap();

    redis.kill();
    let refusal = tickets.issue(&Identity::new(7), PATH).await.unwrap_err();
    assert_eq!(refusal.status_code(), StatusCode::SERVICE_UNAVAILABLE);
    let closed = Client::connect(&site.url(&format!("?token={}", lost.expose()))).await.closed().await;
    assert_eq!(closed.0, 1013);

    redis.run();
    let mut issued = None;
    let again = async {
        while issued.is_none() {
            issued = tickets.issue(&Identity::new(7), PATH).await.ok();
        }
    };
    crate::support::soon("tickets are issued again", again).await;
    let query = format!("?token={}", issued.unwrap().expose());
    assert_eq!(site.greeting(&query, &[]).await, "hello Ann");
}

#[tokio::test]
#[ignore = "needs redis-server"]
async fn a_server_of_a_cluster_is_refused_and_one_that_is_not_there_is_unavailable() {
    let (server, _) = Server::start_in_cluster();
    let url = server.url();
    assert!(matches!(Tickets::in_redis(&options(&server)).await, Err(LayerError::Host(_))));

    drop(server);
    let gone = RedisOptions::url(&url).unwrap();
    assert!(matches!(Tickets::in_redis(&gone).await, Err(LayerError::Unavailable(_))));
}
