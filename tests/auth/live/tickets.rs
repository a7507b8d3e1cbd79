//! Sockets that came with a ticket end with what the ticket was issued for.

use std::{
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    time::{Duration, SystemTime},
};

use channels_actix::{testing::TestServer, *};

use super::{Desk, Keys, SECRET, User, Users, jwt, lives, logged_out_everywhere, open, refused, revoked};
use crate::support::{channels, soon};

/// Requests with tokens, and sockets that take tickets alone: two stacks.
struct Site {
    server: TestServer,
    tickets: Tickets,
    rest: TokenAuth<Users>,
    revoker: Revoker,
    keys: Keys,
    /// By how many seconds the clock of requests is ahead.
    ahead: Arc<AtomicU64>,
}

impl Site {
    fn new() -> Self {
        let (channels, tickets, keys) = (channels(), Tickets::in_memory(), Keys::default());
        let (ahead, rest) = (Arc::new(AtomicU64::new(0)), TokenAuth::new(Users));
        let rest = rest.accept(Jwt::hs256(SECRET)).accept(keys.clone()).clock({
            let ahead = Arc::clone(&ahead);
            move || SystemTime::now() + Duration::from_secs(ahead.load(Ordering::Relaxed))
        });
        let revoker = rest.revoker(&channels.layer());
        let sockets = TokenAuth::new(Users).accept(Ticket::new(tickets.clone()));
        let server = TestServer::start(&channels.wrap(sockets).websocket("/ws/", |_| Ok(Desk)));
        Self { server, tickets, rest, revoker, keys, ahead }
    }

    async fn user(&self, token: &str) -> Result<Authenticated<User>, AuthError> {
        let request = actix_web::test::TestRequest::default();
        let request = request.insert_header(("Authorization", format!("Bearer {token}")));
        self.rest.rest().authenticate(&request.to_http_request()).await
    }

    /// A ticket for the bearer of this token.
    async fn ticket(&self, token: &str) -> String {
        let user = self.user(token).await.unwrap();
        self.tickets.issue(user.identity(), "/ws/").await.unwrap().expose().to_owned()
    }
}

#[tokio::test]
async fn a_token_that_is_revoked_takes_the_sockets_of_its_tickets_with_it_and_the_tickets() {
    let site = Site::new();
    let (token, other) = (jwt(7, 1), jwt(7, 2));
    let mut tab = open(&site.server, &site.ticket(&token).await).await;
    let mut phone = open(&site.server, &site.ticket(&other).await).await;
    let unused = site.ticket(&token).await;

    let ann = site.user(&token).await.unwrap();
    assert!(site.revoker.logout(&ann).await.unwrap());

    assert_eq!(tab.closed().await, revoked());
    lives(&mut phone).await;
    assert_eq!(refused(&site.server, &unused).await, (4001, "bad token".into()));
}

#[tokio::test]
async fn a_ticket_of_before_a_logout_everywhere_opens_no_socket_and_a_later_one_does() {
    let site = Site::new();
    site.keys.put("key_7_a", None);
    let mut tab = open(&site.server, &site.ticket("key_7_a").await).await;
    let unused = site.ticket("key_7_a").await;

    site.revoker.logout_everywhere(7).await.unwrap();

    assert_eq!(tab.closed().await, logged_out_everywhere());
    assert_eq!(refused(&site.server, &unused).await, (4001, "bad token".into()));
    site.keys.put("key_7_b", None);
    open(&site.server, &site.ticket("key_7_b").await).await;
}

#[tokio::test]
async fn who_logs_out_over_a_socket_with_a_ticket_logs_out_of_what_it_was_issued_for() {
    let site = Site::new();
    let (token, other) = (jwt(7, 1), jwt(7, 2));
    let mut tabs = [
        open(&site.server, &site.ticket(&token).await).await,
        open(&site.server, &site.ticket(&token).await).await,
    ];
    let mut phone = open(&site.server, &site.ticket(&other).await).await;

    tabs[0].text("log me out").await;

    for tab in &mut tabs {
        assert_eq!(tab.closed().await, revoked());
    }
    lives(&mut phone).await;
    // the other stack is told by the layer
    soon("requests are refused, too", async {
        while site.user(&token).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    assert!(site.user(&other).await.is_ok());
}

#[tokio::test]
async fn a_token_without_an_end_is_refused_for_a_minute_after_a_logout_over_a_socket_with_its_ticket() {
    let site = Site::new();
    site.keys.put("key_7_a", None);
    let mut tab = open(&site.server, &site.ticket("key_7_a").await).await;

    tab.text("log me out").await;

    assert_eq!(tab.closed().await, revoked());
    soon("requests are refused", async {
        while site.user("key_7_a").await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;
    site.ahead.store(61, Ordering::Relaxed);
    assert!(site.user("key_7_a").await.is_ok());
}
