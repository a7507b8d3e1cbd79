//! A stack that takes every kind of credential, from every source: what gets in, what does not, what is logged.

use std::time::Duration;

use channels_actix::{testing::TestServer, *};
use serde_json::json;

use super::{Greeter, SECRET, Users, token};
use crate::support::{Client, Raw, channels, log::Lines};

const PATH: &str = "/ws/every-kind/";

struct Site {
    server: TestServer,
    knox: Knox,
    drf: DrfToken,
    tickets: Tickets,
}

impl Site {
    /// Each kind of token stands before the other once, since a stack is written in any order.
    async fn both_ways() -> [Self; 2] {
        [
            Self::new(|auth, knox, drf| auth.accept(knox).accept(drf)).await,
            Self::new(|auth, knox, drf| auth.accept(drf).accept(knox)).await,
        ]
    }

    async fn new(tables: impl FnOnce(TokenAuth<Users>, Knox, DrfToken) -> TokenAuth<Users>) -> Self {
        let database = Database::connect("sqlite::memory:").await.unwrap();
        let knox = Knox::new(database.clone()).users(UserTable::elsewhere());
        let drf = DrfToken::new(database).users(UserTable::elsewhere());
        knox.create_table().await.unwrap();
        drf.create_table().await.unwrap();
        let tickets = Tickets::in_memory();
        let auth = tables(TokenAuth::new(Users), knox.clone(), drf.clone())
            .accept(Ticket::new(tickets.clone()))
            .accept(Jwt::hs256(SECRET))
            .sources([
                Source::subprotocol("bearer"),
                Source::cookie("access"),
                Source::authorization("Token"),
                Source::query("token"),
            ])
            .or_first_message(Duration::from_secs(60));
        let server = TestServer::start(&channels().wrap(auth).websocket(PATH, |_| Ok(Greeter)));
        Self { server, knox, drf, tickets }
    }

    fn url(&self, query: &str) -> String {
        self.server.url(&format!("{PATH}{query}"))
    }

    /// One of each kind, for this user.
    async fn credentials(&self, user: u32) -> Vec<String> {
        let ticket = self.tickets.issue(&Identity::new(user), PATH).await.unwrap();
        vec![
            self.knox.create(user).await.unwrap().0.expose().to_owned(),
            self.drf.create(user).await.unwrap().expose().to_owned(),
            ticket.expose().to_owned(),
            token(user),
        ]
    }
}

async fn first_words(url: &str, headers: &[(&'static str, &str)]) -> String {
    Client::with_headers(url, headers).await.next_text().await
}

#[tokio::test]
async fn every_kind_gets_in_from_every_source_in_any_order_of_the_stack() {
    for site in Site::both_ways().await {
        for credential in site.credentials(7).await {
            assert_eq!(first_words(&site.url(&format!("?token={credential}")), &[]).await, "hello Ann");
        }
        for credential in site.credentials(7).await {
            let offers = format!("bearer, {credential}");
            let words = first_words(&site.url(""), &[("Sec-WebSocket-Protocol", &offers)]).await;
            assert_eq!(words, "hello Ann");
        }
        for credential in site.credentials(7).await {
            let cookie = format!("access={credential}");
            assert_eq!(first_words(&site.url(""), &[("Cookie", &cookie)]).await, "hello Ann");
        }
        for credential in site.credentials(7).await {
            let header = format!("Token {credential}");
            assert_eq!(first_words(&site.url(""), &[("Authorization", &header)]).await, "hello Ann");
        }
        for credential in site.credentials(7).await {
            let mut client = Client::connect(&site.url("")).await;
            client.json(&json!({ "type": "authenticate", "token": credential })).await;
            assert_eq!(client.next_text().await, "hello Ann");
        }
    }
}

#[tokio::test]
async fn a_user_who_may_not_log_in_gets_in_with_no_kind() {
    for site in Site::both_ways().await {
        for credential in site.credentials(8).await {
            let mut client = Client::connect(&site.url(&format!("?token={credential}"))).await;
            assert_eq!(client.closed().await, (4001, "user inactive".into()));
        }
    }
}

#[tokio::test]
async fn a_revoked_token_gets_nobody_in() {
    for site in Site::both_ways().await {
        let (knox, _) = site.knox.create(7).await.unwrap();
        let drf = site.drf.create(7).await.unwrap();
        site.knox.revoke(&knox).await.unwrap();
        site.drf.revoke(&drf).await.unwrap();

        for credential in [knox, drf] {
            let mut client = Client::connect(&site.url(&format!("?token={}", credential.expose()))).await;
            assert_eq!(client.closed().await, (4001, "bad token".into()));
        }
    }
}

#[tokio::test]
async fn what_is_no_credential_is_4001_wherever_it_stands() {
    let [site, _] = Site::both_ways().await;
    let good = site.credentials(7).await;

    for query in [
        // the first counts, and no other makes up for it
        format!("?token=bad&token={}", good[0]),
        format!("?token={}%00", good[0]),
        format!("?token=%00{}", good[0]),
        format!("?token={}%20", good[0]),
        format!("?token={}", good[0].to_uppercase()),
        // encoded twice
        format!("?token={}", good[1].bytes().map(|byte| format!("%25{byte:02x}")).collect::<String>()),
        "?token=%u0030".to_owned(),
        "?token=%".to_owned(),
        "?token=%E2%82%AC%F0%9F%A6%80".to_owned(),
        format!("?token={}", "0".repeat(20_000)),
        format!("?token={}", "a.".repeat(10_000)),
        format!("?token=tkt_{}", "A".repeat(20_000)),
    ] {
        let mut client = Client::connect(&site.url(&query)).await;
        assert_eq!(client.closed().await, (4001, "bad token".into()), "{query}");
    }
    for text in [
        json!({ "type": "authenticate", "token": "0".repeat(64 * 1024) }),
        json!({ "type": "authenticate", "token": format!("\0{}", good[0]) }),
        json!({ "type": "authenticate", "token": "a.".repeat(64 * 1024) }),
    ] {
        let mut client = Client::connect(&site.url("")).await;
        client.json(&text).await;
        assert_eq!(client.closed().await, (4001, "bad token".into()));
    }
}

#[tokio::test]
async fn a_token_of_64_kib_in_the_url_is_refused_in_http() {
    let [site, _] = Site::both_ways().await;

    let path = format!("{PATH}?token={}", "0".repeat(64 * 1024));
    let response = Raw::knock(site.server.address(), &path).await.response().await;

    assert!(response.starts_with("HTTP/1.1 4"), "{response}");
}

#[tokio::test]
async fn no_credential_is_in_any_line_of_the_log() {
    let lines = Lines::captured();
    let [site, _] = Site::both_ways().await;
    let mut secrets = site.credentials(7).await;
    let bad: Vec<_> = secrets.iter().map(|good| format!("{}ffff", &good[..good.len() - 4])).collect();
    secrets.extend(bad);

    for secret in &secrets {
        let header = format!("Token {secret}");
        Client::with_headers(&site.url(""), &[("Authorization", &header)]).await.next().await;
        Client::connect(&site.url(&format!("?token={secret}"))).await.next().await;
        let mut client = Client::connect(&site.url("")).await;
        client.json(&json!({ "type": "authenticate", "token": secret })).await;
        client.next().await;
    }

    assert!(!lines.with(PATH).is_empty() && !lines.with("not authenticated").is_empty());
    for secret in &secrets {
        // the client of these tests is in this process, and is not what is tested
        let ours = lines.with(secret).into_iter().filter(|line| !line.contains("tungstenite"));
        assert_eq!(ours.collect::<Vec<_>>(), Vec::<String>::new());
    }
}
