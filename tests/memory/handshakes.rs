//! Handshakes that do not get to their end.

use channels_actix::{testing::TestServer, *};
use futures_util::future::join_all;
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::{ALLOCATED, Member, alone, support::soon};

#[tokio::test]
async fn a_thousand_slow_handshakes_cost_a_buffer_each_and_are_ended() {
    const CLIENTS: usize = 1_000;
    let _turn = alone().await;
    rlimit::increase_nofile_limit(8_000).unwrap();
    let channels = Channels::new(MemoryLayer::default())
        .websocket("/{room}/", |_| Ok(Member { room: Group::named("a")? }));
    let server = TestServer::start(&channels);
    let before = ALLOCATED.current_usage();
    ALLOCATED.reset_peak_usage();

    let answers = join_all((0..CLIENTS).map(|_| async {
        let mut socket = TcpStream::connect(server.address()).await.unwrap();
        for byte in b"GET /1/ HTTP/1.1\r\nHost: localhost\r\nUpgrade: webs" {
            socket.write_all(&[*byte]).await.unwrap();
            tokio::task::yield_now().await;
        }
        let mut answer = String::new();
        soon("the server ends the connection", socket.read_to_string(&mut answer)).await.unwrap();
        answer
    }))
    .await;

    assert!(answers.iter().all(|answer| answer.starts_with("HTTP/1.1 408 ")), "{answers:?}");
    assert_eq!(channels.connections(), 0);
    // the clients' own ends and answers are in it
    let grown = ALLOCATED.peak_usage().saturating_sub(before);
    assert!(grown < CLIENTS * (32 << 10), "{grown} bytes");
}
