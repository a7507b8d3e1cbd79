//! Middleware, and what becomes of a connection when it goes wrong.

use std::{future::pending, time::Duration};

use channels_actix::{testing::TestServer, *};

use crate::support::{
    Client, Journal, Raw, channels,
    raw::{TEXT, frame},
    until,
};

struct Guest(Journal);

impl WebsocketConsumer for Guest {
    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        self.0.note("connect");
        socket.accept().await
    }

    async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> {
        Ok(())
    }

    async fn disconnect(&mut self, _: CloseCode, _: &mut Socket) -> Result<()> {
        self.0.note("disconnect");
        Ok(())
    }
}

fn behind(middleware: impl Middleware) -> (TestServer, Channels, Journal) {
    let journal = Journal::default();
    let for_consumers = journal.clone();
    let limits = Limits {
        handshake: Duration::from_millis(100),
        close_timeout: Duration::from_millis(100),
        ..Limits::default()
    };
    let channels =
        channels().limits(limits).wrap(middleware).websocket("/", move |_| Ok(Guest(for_consumers.clone())));
    (TestServer::start(&channels), channels, journal)
}

#[tokio::test]
async fn it_runs_before_the_consumer_and_after_it() {
    let journal = Journal::default();
    let notes = journal.clone();
    let (server, _, consumer) = behind(from_fn(async move |scope: Scope, next: Next<'_>| {
        notes.note("before");
        let outcome = next.run(scope).await;
        notes.note("after");
        outcome
    }));

    Client::connect(&server.url("/")).await.close().await;

    journal.wait_for("after").await;
    assert_eq!(
        (journal.lines(), consumer.lines()),
        (vec!["before".into(), "after".into()], vec!["connect".into(), "disconnect".into()])
    );
}

#[tokio::test]
async fn one_that_never_answers_is_1013_and_leaves_nothing() {
    let (server, channels, consumer) =
        behind(from_fn(async |_: Scope, _: Next<'_>| pending::<Result<(), Rejection>>().await));

    let mut client = Client::connect(&server.url("/")).await;

    assert_eq!(client.closed().await.0, 1013);
    until("the connection is over", || channels.connections() == 0).await;
    assert_eq!(consumer.lines(), Vec::<String>::new());
}

#[tokio::test]
async fn one_that_never_goes_on_after_a_first_message_ends_with_its_client() {
    let (server, channels, _) = behind(from_fn(async |scope: Scope, next: Next<'_>| {
        next.first_message(&scope, Duration::from_secs(60)).await?;
        pending().await
    }));
    let mut client = Client::connect(&server.url("/")).await;
    client.text("the first").await;

    client.close().await;

    until("the connection is over", || channels.connections() == 0).await;
}

#[tokio::test]
async fn one_that_never_returns_after_its_consumer_leaves_nothing() {
    let (server, channels, consumer) = behind(from_fn(async |scope: Scope, next: Next<'_>| {
        next.run(scope).await?;
        pending().await
    }));

    Client::connect(&server.url("/")).await.close().await;

    consumer.wait_for("disconnect").await;
    until("the connection is over", || channels.connections() == 0).await;
}

#[tokio::test]
async fn one_that_gives_its_consumer_up_closes_it_with_its_own_code_and_disconnect_runs() {
    let (server, channels, consumer) = behind(from_fn(async |scope: Scope, next: Next<'_>| {
        match tokio::time::timeout(Duration::from_millis(50), next.run(scope)).await {
            Ok(outcome) => outcome,
            Err(_) => Err(Rejection::new(CloseCode::POLICY, "long enough")),
        }
    }));
    let mut client = Client::connect(&server.url("/")).await;

    assert_eq!(client.closed().await, (1008, "long enough".to_owned()));
    consumer.wait_for("disconnect").await;
    drop(client);
    until("the connection is over", || channels.connections() == 0).await;
}

#[tokio::test]
async fn one_that_gives_its_consumer_up_and_goes_on_for_ever_leaves_nothing() {
    let (server, channels, consumer) = behind(from_fn(async |scope: Scope, next: Next<'_>| {
        let _timeout = tokio::time::timeout(Duration::from_millis(50), next.run(scope)).await;
        pending().await
    }));
    let mut client = Client::connect(&server.url("/")).await;

    assert_eq!(client.closed().await.0, 1000);
    consumer.wait_for("disconnect").await;
    drop(client);
    until("the connection is over", || channels.connections() == 0).await;
}

#[tokio::test]
async fn one_that_panics_beside_its_consumer_closes_it_with_1011_and_disconnect_runs() {
    let (server, _, consumer) = behind(from_fn(async |scope: Scope, next: Next<'_>| {
        let panics = async {
            tokio::time::sleep(Duration::from_millis(50)).await;
            panic!("told to")
        };
        tokio::select! {
            outcome = next.run(scope) => outcome,
            () = panics => Ok(()),
        }
    }));
    let mut client = Client::connect(&server.url("/")).await;

    assert_eq!(client.closed().await.0, 1011);
    consumer.wait_for("disconnect").await;
}

#[tokio::test]
async fn one_that_panics_closes_its_own_connection_with_1011() {
    let (server, channels, _) = behind(from_fn(async |scope: Scope, next: Next<'_>| {
        assert!(scope.query("panic").is_none(), "told to");
        next.run(scope).await
    }));
    let mut other = Client::connect(&server.url("/")).await;

    assert_eq!(Client::connect(&server.url("/?panic=1")).await.closed().await.0, 1011);

    until("the connection is over", || channels.connections() == 1).await;
    other.text("still here").await;
    other.close().await;
}

/// Answers `ping`, whatever the consumer does in the meantime.
fn pinged() -> impl Middleware {
    from_fn(async |scope: Scope, next: Next<'_>| {
        let pings = next.take_aside(|frame| frame.as_text() == Some("ping"));
        let answers = async {
            while pings.recv().await.is_some() && pings.send_text("pong").await.is_ok() {}
            pending().await
        };
        tokio::select! {
            outcome = next.run(scope) => outcome,
            never = answers => never,
        }
    })
}

/// Tells what it was sent, and never returns from `wait`.
struct Patient;

impl WebsocketConsumer for Patient {
    async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
        if frame.as_text() == Some("wait") {
            pending::<()>().await;
        }
        socket.send_text(frame.as_text().unwrap_or_default()).await
    }
}

#[tokio::test]
async fn messages_that_are_taken_aside_are_answered_though_the_consumer_is_busy_and_never_reach_it() {
    let server = TestServer::start(&channels().wrap(pinged()).websocket("/", |_| Ok(Patient)));
    let mut client = Client::connect(&server.url("/")).await;

    client.text("hello").await;
    assert_eq!(client.next_text().await, "hello");
    for text in ["wait", "not heard", "ping", "ping"] {
        client.text(text).await;
    }

    assert_eq!(client.next_text().await, "pong");
    assert_eq!(client.next_text().await, "pong");
}

#[tokio::test]
async fn messages_that_came_before_somebody_takes_them_aside_are_taken_too() {
    let first = from_fn(async |scope: Scope, next: Next<'_>| {
        next.first_message(&scope, Duration::from_secs(60)).await?;
        next.run(scope).await
    });
    let channels = channels().wrap(first).wrap(pinged()).websocket("/", |_| Ok(Patient));
    let server = TestServer::start(&channels);
    let mut raw = Raw::connect(server.address(), "/").await;

    // in one piece: all of it waits when the first middleware has its message
    let texts = ["first", "ping", "hello", "ping"];
    raw.send(&texts.map(|text| frame(0x80 | TEXT, text.as_bytes())).concat()).await;

    let mut answers = Vec::new();
    for _ in 0..3 {
        answers.push(String::from_utf8(raw.next().await.payload).unwrap());
    }
    answers.sort();
    assert_eq!(answers, ["hello", "pong", "pong"]);
}

#[tokio::test]
async fn a_client_is_read_from_though_nobody_listens_to_what_is_taken_aside() {
    let deaf = from_fn(async |scope: Scope, next: Next<'_>| {
        drop(next.take_aside(|frame| frame.len() > 1_000));
        next.run(scope).await
    });
    let server = TestServer::start(&channels().wrap(deaf).websocket("/", |_| Ok(Patient)));
    let mut client = Client::connect(&server.url("/")).await;

    for _ in 0..200 {
        client.text(&"x".repeat(1_001)).await;
    }
    client.text("hello").await;

    assert_eq!(client.next_text().await, "hello");
}
