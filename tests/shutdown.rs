//! How an application ends.

use std::{future::pending, time::Duration};

use channels_actix::{testing::TestServer, *};
use tokio::sync::oneshot;

use crate::support::{Client, Journal, Raw, channels, soon, until};

struct Worker(Journal);

impl WebsocketConsumer for Worker {
    async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> {
        self.0.note("works");
        pending().await
    }

    async fn disconnect(&mut self, code: CloseCode, _: &mut Socket) -> Result<()> {
        self.0.note(format!("disconnect {code}"));
        Ok(())
    }
}

/// Cannot decide whether to accept.
struct Hesitant;

impl WebsocketConsumer for Hesitant {
    async fn connect(&mut self, _: &mut Socket) -> Result<()> {
        pending().await
    }

    async fn receive(&mut self, _: Frame, _: &mut Socket) -> Result<()> {
        Ok(())
    }
}

fn limits() -> Limits {
    Limits { close_timeout: Duration::from_millis(100), ..Limits::default() }
}

fn application() -> (Channels, Journal) {
    let journal = Journal::default();
    let for_consumers = journal.clone();
    (channels().limits(limits()).websocket("/", move |_| Ok(Worker(for_consumers.clone()))), journal)
}

#[tokio::test]
async fn all_are_closed_with_1012_even_those_whose_hook_never_returns() {
    let (channels, journal) = application();
    let server = TestServer::start(&channels);
    let mut busy = Client::connect(&server.url("/")).await;
    let mut idle = Client::connect(&server.url("/")).await;
    busy.text("work").await;
    journal.wait_for("works").await;

    let shutdown = tokio::spawn(async move { channels.shutdown().await });

    assert_eq!(idle.closed().await.0, 1012);
    assert_eq!(busy.closed().await.0, 1012);
    drop((idle, busy));
    soon("the shutdown", shutdown).await.unwrap();
    assert_eq!(journal.lines(), ["works", "disconnect 1012", "disconnect 1012"]);
}

#[tokio::test]
async fn who_comes_during_it_gets_503() {
    let (channels, _) = application();
    let server = TestServer::start(&channels);

    channels.shutdown().await;

    assert_eq!(Client::refused(&server.url("/"), &[]).await, 503);
    let answer = Raw::knock(server.address(), "/").await.response().await.to_ascii_lowercase();
    assert!(answer.contains("\r\nretry-after: 5\r\n"), "{answer}");
}

#[tokio::test]
async fn connections_are_closed_batch_by_batch_and_told_when_to_come_back() {
    let (channels, journal) = application();
    let drain = Drain { batch: 2, spread: Duration::from_secs(90), ..Drain::default() };
    let channels = channels.drain(drain);
    let server = TestServer::start(&channels);
    let mut clients = Vec::new();
    for _ in 0..5 {
        clients.push(Client::connect(&server.url("/")).await);
    }

    let shutdown = tokio::spawn(async move { channels.shutdown().await });

    for client in &mut clients {
        let told = client.closed().await;
        assert_eq!(told, (1012, "the server restarts, come back within 90 s".to_owned()));
    }
    drop(clients);
    soon("the shutdown", shutdown).await.unwrap();
    assert_eq!(journal.lines(), ["disconnect 1012"; 5]);
}

#[tokio::test]
async fn a_client_that_is_about_to_connect_is_refused_with_1012() {
    let channels = channels().limits(limits()).websocket("/", |_| Ok(Hesitant));
    let server = TestServer::start(&channels);
    let mut raw = Raw::knock(server.address(), "/").await;
    until("the consumer thinks", || channels.connections() == 1).await;

    let shutdown = tokio::spawn(async move { channels.shutdown().await });

    assert!(raw.response().await.starts_with("HTTP/1.1 101 "));
    assert_eq!(raw.close_code().await, 1012);
    drop(raw);
    soon("the shutdown", shutdown).await.unwrap();
}

#[tokio::test]
async fn a_server_ends_after_its_connections() {
    let (channels, journal) = application();
    let (signal, signalled) = oneshot::channel::<()>();
    let (address, started) = oneshot::channel();
    let server = std::thread::spawn(move || {
        actix_web::rt::System::new().block_on(async move {
            let shutdown = channels.shutdown_on(signalled);
            let app = move || actix_web::App::new().configure(channels.routes());
            let server = actix_web::HttpServer::new(app).workers(1).bind("127.0.0.1:0").unwrap();
            address.send(server.addrs()[0]).unwrap();
            server.shutdown_signal(shutdown).run().await
        })
    });
    let mut client = Client::connect(&format!("ws://{}/", started.await.unwrap())).await;

    signal.send(()).unwrap();

    assert_eq!(client.closed().await.0, 1012);
    drop(client);
    until("the server ends", || server.is_finished()).await;
    server.join().unwrap().unwrap();
    assert_eq!(journal.lines(), ["disconnect 1012"]);
}
