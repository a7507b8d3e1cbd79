//! How many connections there may be: in all, from one address, of one user.

use channels_actix::{testing::TestServer, *};

use crate::support::{Client, channels, until};

struct Anybody;

impl WebsocketConsumer for Anybody {
    async fn receive(&mut self, _: Frame, socket: &mut Socket) -> Result<()> {
        socket.send_text("still here").await
    }
}

struct User {
    name: String,
}

/// Users are who they say they are.
async fn believe(mut scope: Scope, next: Next<'_>) -> Result<(), Rejection> {
    if let Some(name) = scope.query("name") {
        scope.insert(User { name });
    }
    next.run(scope).await
}

/// An application with a limit, and with users.
fn serve(limit: impl Middleware) -> (Channels, TestServer) {
    let channels = channels()
        .trusted_proxies(["127.0.0.1"])
        .wrap(from_fn(believe))
        .wrap(limit)
        .websocket("/", |_| Ok(Anybody));
    let server = TestServer::start(&channels);
    (channels, server)
}

fn from(address: &str) -> [(&'static str, &str); 1] {
    [("x-forwarded-for", address)]
}

async fn assert_is_in(client: &mut Client) {
    client.text("are you there?").await;
    assert_eq!(client.next_text().await, "still here");
}

#[tokio::test]
async fn one_more_than_the_process_takes_is_1013_until_another_leaves() {
    let (channels, server) = serve(ConnectionLimit::per_process(2));
    let first = Client::connect(&server.url("/")).await;
    let mut second = Client::connect(&server.url("/")).await;

    let refused = Client::connect(&server.url("/")).await.closed().await;

    assert_eq!(refused, (1013, "too many connections".to_owned()));
    assert_is_in(&mut second).await;
    first.close().await;
    until("one has left", || channels.connections() == 1).await;
    assert_is_in(&mut Client::connect(&server.url("/")).await).await;
}

#[tokio::test]
async fn one_more_than_an_address_may_have_is_4029_and_others_come_in() {
    let (_, server) = serve(ConnectionLimit::per_address(1));
    let mut one = Client::with_headers(&server.url("/"), &from("192.0.2.1")).await;

    let mut again = Client::with_headers(&server.url("/"), &from("192.0.2.1")).await;
    let mut other = Client::with_headers(&server.url("/"), &from("192.0.2.2")).await;

    assert_eq!(again.closed().await.0, 4029);
    assert_is_in(&mut one).await;
    assert_is_in(&mut other).await;
}

#[tokio::test]
async fn an_ipv6_household_is_one_address() {
    let (_, server) = serve(ConnectionLimit::per_address(1));
    let _one = Client::with_headers(&server.url("/"), &from("2001:db8:0:1::7")).await;

    let mut neighbour = Client::with_headers(&server.url("/"), &from("2001:db8:0:2::7")).await;
    let mut again = Client::with_headers(&server.url("/"), &from("2001:db8:0:1:5:6:7:8")).await;

    assert_eq!(again.closed().await.0, 4029);
    assert_is_in(&mut neighbour).await;
}

#[tokio::test]
async fn what_a_client_says_of_its_address_counts_from_a_trusted_proxy_alone() {
    let channels = channels().wrap(ConnectionLimit::per_address(1)).websocket("/", |_| Ok(Anybody));
    let server = TestServer::start(&channels);
    let _one = Client::with_headers(&server.url("/"), &from("192.0.2.1")).await;

    let mut disguised = Client::with_headers(&server.url("/"), &from("192.0.2.2")).await;

    assert_eq!(disguised.closed().await.0, 4029);
}

#[tokio::test]
async fn one_more_than_a_user_may_have_is_4029_and_others_come_in() {
    let (_, server) = serve(ConnectionLimit::per_user(2, |user: &User| user.name.clone()));
    let mut tabs =
        [Client::connect(&server.url("/?name=ann")).await, Client::connect(&server.url("/?name=ann")).await];

    let refused = Client::connect(&server.url("/?name=ann")).await.closed().await;

    assert_eq!(refused, (4029, "too many connections of this user".to_owned()));
    assert_is_in(&mut tabs[0]).await;
    assert_is_in(&mut tabs[1]).await;
    assert_is_in(&mut Client::connect(&server.url("/?name=bob")).await).await;
    // a visitor is nobody's connection
    assert_is_in(&mut Client::connect(&server.url("/")).await).await;
    assert_is_in(&mut Client::connect(&server.url("/")).await).await;
}

#[tokio::test]
async fn the_oldest_of_a_user_is_closed_with_4009_where_that_is_the_policy() {
    let limit = ConnectionLimit::per_user(2, |user: &User| user.name.clone()).replace_oldest();
    let (channels, server) = serve(limit);
    let mut tabs = Vec::new();
    for _ in 0..2 {
        tabs.push(Client::connect(&server.url("/?name=ann")).await);
    }
    let mut bob = Client::connect(&server.url("/?name=bob")).await;

    for oldest in 0..4 {
        tabs.push(Client::connect(&server.url("/?name=ann")).await);
        assert_eq!(tabs[oldest].closed().await.0, 4009, "tab {oldest}");
    }

    assert_is_in(&mut tabs[4]).await;
    assert_is_in(&mut tabs[5]).await;
    assert_is_in(&mut bob).await;
    drop(tabs.drain(..4));
    until("the replaced ones are gone", || channels.connections() == 3).await;
}
