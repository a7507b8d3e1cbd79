//! permessage-deflate, as agreed on with clients that can (RFC 7692).

use channels_actix::{testing::TestServer, *};
use flate2::{Compress, Compression as Level, Decompress, FlushCompress, FlushDecompress};
use serde::{Deserialize, Serialize};

use crate::support::{
    Client, Raw, channels,
    raw::{PING, TEXT, frame},
    soon,
};

const OFFER: &str = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\n";
const FINAL: u8 = 0x80;
const COMPRESSED: u8 = 0x40;
const CONTINUATION: u8 = 0;
const TAIL: [u8; 4] = [0, 0, 0xff, 0xff];

/// Says again what it is told, and to everybody what is news.
struct Echo;

#[derive(Serialize, Deserialize)]
struct News {
    text: String,
}

impl Event for News {
    const TYPE: &str = "news.item";
}

impl WebsocketConsumer for Echo {
    fn events(on: &mut Handlers<Self>) {
        on.relay::<News>();
    }

    async fn connect(&mut self, socket: &mut Socket) -> Result<()> {
        socket.join(&Group::named("news")?).await?;
        socket.accept().await
    }

    async fn receive(&mut self, frame: Frame, socket: &mut Socket) -> Result<()> {
        socket.send_text(frame.as_text().unwrap_or_default()).await
    }
}

fn application() -> Channels {
    let limits = Limits { message: 100_000, ..Limits::default() };
    channels().limits(limits).compression(Compression::default()).websocket("/", |_| Ok(Echo))
}

fn deflated(text: &[u8]) -> Vec<u8> {
    let mut compressed = Vec::with_capacity(text.len() + 64);
    let mut compressor = Compress::new(Level::best(), false);
    compressor.compress_vec(text, &mut compressed, FlushCompress::Sync).unwrap();
    compressed.truncate(compressed.len() - TAIL.len());
    compressed
}

fn inflated(compressed: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(1 << 20);
    let message = [compressed, &TAIL].concat();
    Decompress::new(false).decompress_vec(&message, &mut text, FlushDecompress::Sync).unwrap();
    text
}

#[tokio::test]
async fn a_browsers_offer_is_taken_where_compression_is_on_and_not_where_it_is_off() {
    let on = TestServer::start(&application());
    let off = TestServer::start(&channels().websocket("/", |_| Ok(Echo)));
    let offer = [("sec-websocket-extensions", "permessage-deflate; client_max_window_bits")];

    // a client that knows no compression does not take an answer it did not ask for: this one is by hand
    let mut answered = Raw::knock_with(on.address(), "/", OFFER).await;
    let refused = Client::with_headers(&off.url("/"), &offer).await;

    let response = answered.response().await.to_ascii_lowercase();
    let agreed = "permessage-deflate; server_no_context_takeover; client_no_context_takeover\r\n";
    assert!(response.contains(&format!("sec-websocket-extensions: {agreed}")), "{response}");
    assert_eq!(refused.header("sec-websocket-extensions"), None);
}

#[tokio::test]
async fn messages_are_compressed_both_ways_and_each_by_itself() {
    let server = TestServer::start(&application());
    let mut raw = Raw::with_header(server.address(), "/", OFFER).await;
    let text = "compressed, ".repeat(100);

    for _ in 0..2 {
        raw.send(&frame(FINAL | COMPRESSED | TEXT, &deflated(text.as_bytes()))).await;

        let answer = raw.next().await;
        assert!(answer.compressed && answer.payload.len() < text.len() / 10);
        assert_eq!(inflated(&answer.payload), text.as_bytes());
    }
}

#[tokio::test]
async fn what_is_short_is_not_compressed() {
    let server = TestServer::start(&application());
    let mut raw = Raw::with_header(server.address(), "/", OFFER).await;

    raw.frame(TEXT, b"aaaaaaaaaaaaaaaa").await;

    let answer = raw.next().await;
    assert_eq!((answer.compressed, answer.payload.as_slice()), (false, &b"aaaaaaaaaaaaaaaa"[..]));
}

#[tokio::test]
async fn a_compressed_message_may_come_in_fragments_with_a_ping_between() {
    let server = TestServer::start(&application());
    let mut raw = Raw::with_header(server.address(), "/", OFFER).await;
    let text = "in fragments, ".repeat(50);
    let compressed = deflated(text.as_bytes());
    let (first, second) = compressed.split_at(compressed.len() / 2);

    raw.send(&frame(COMPRESSED | TEXT, first)).await;
    raw.frame(PING, b"still there?").await;
    raw.send(&frame(FINAL | CONTINUATION, second)).await;

    assert_eq!(raw.next().await.payload, b"still there?");
    assert_eq!(inflated(&raw.next().await.payload), text.as_bytes());
}

#[tokio::test]
async fn an_event_reaches_members_with_and_without_compression() {
    let channels = application();
    let server = TestServer::start(&channels);
    let mut compressing = Raw::with_header(server.address(), "/", OFFER).await;
    let small = OFFER.replace("client_max_window_bits", "server_max_window_bits=10");
    let mut with_a_small_window = Raw::with_header(server.address(), "/", &small).await;
    let mut plain = Client::connect(&server.url("/")).await;
    let text = "news ".repeat(100);

    channels.layer().group_send(&Group::named("news").unwrap(), News { text: text.clone() }).await.unwrap();

    let heard = plain.next_text().await;
    assert!(heard.contains(&text));
    let frame = compressing.next().await;
    assert!(frame.compressed);
    assert_eq!(inflated(&frame.payload), heard.as_bytes());
    let frame = with_a_small_window.next().await;
    assert_eq!((frame.compressed, frame.payload.as_slice()), (false, heard.as_bytes()));
}

#[tokio::test]
async fn a_message_that_inflates_too_far_is_1009() {
    let server = TestServer::start(&application());
    let bomb = deflated(&vec![b' '; 90_000]);
    assert!(bomb.len() * 100 < 90_000, "it is within the ratio");
    let over_the_limit = deflated(&(0..30_000_u32).flat_map(u32::to_be_bytes).collect::<Vec<_>>());
    for message in [bomb, over_the_limit] {
        let mut raw = Raw::with_header(server.address(), "/", OFFER).await;

        raw.send(&frame(FINAL | COMPRESSED | TEXT, &message)).await;

        assert_eq!(raw.close_code().await, 1009);
    }
}

#[tokio::test]
async fn a_compressed_message_that_is_damaged_or_no_text_is_1007() {
    let server = TestServer::start(&application());
    for message in [vec![0xff; 20], deflated(b"caf\xe9 and more of it")] {
        let mut raw = Raw::with_header(server.address(), "/", OFFER).await;

        raw.send(&frame(FINAL | COMPRESSED | TEXT, &message)).await;

        assert_eq!(raw.close_code().await, 1007);
    }
}

#[tokio::test]
async fn the_bit_of_compression_elsewhere_than_on_a_first_frame_is_1002() {
    let server = TestServer::start(&application());
    let on_a_ping = frame(FINAL | COMPRESSED | PING, b"");
    let on_a_continuation = [frame(TEXT, b"a"), frame(FINAL | COMPRESSED | CONTINUATION, b"b")].concat();
    for bytes in [on_a_ping, on_a_continuation] {
        let mut raw = Raw::with_header(server.address(), "/", OFFER).await;

        raw.send(&bytes).await;

        assert_eq!(raw.close_code().await, 1002);
    }
}

#[tokio::test]
async fn routes_have_limits_of_their_own() {
    let small = Limits { message: 10, ..Limits::default() };
    let channels = application().nest("/small/", Routes::new().limits(small).websocket("", |_| Ok(Echo)));
    let server = TestServer::start(&channels);
    let mut bounded = Client::connect(&server.url("/small/")).await;
    let mut other = Client::connect(&server.url("/")).await;

    bounded.text("more than ten bytes").await;
    other.text("more than ten bytes").await;

    assert_eq!(bounded.closed().await.0, 1009);
    assert_eq!(soon("the echo", other.next_text()).await, "more than ten bytes");
}
