use std::net::SocketAddr;

use tokio::{
    io::{AsyncRead, AsyncReadExt, AsyncWrite, AsyncWriteExt},
    net::{TcpSocket, TcpStream},
};

use super::soon;

/// A client without manners: it sends any bytes there are, and answers nothing by itself.
pub(crate) struct Raw<S = TcpStream>(S);

/// A frame of the server's.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct RawFrame {
    pub(crate) opcode: u8,
    pub(crate) compressed: bool,
    pub(crate) payload: Vec<u8>,
}

pub(crate) const TEXT: u8 = 1;
pub(crate) const BINARY: u8 = 2;
pub(crate) const CLOSE: u8 = 8;
pub(crate) const PING: u8 = 9;
pub(crate) const PONG: u8 = 10;

impl Raw {
    /// Connects, and reads the response up to the first frame.
    pub(crate) async fn connect(address: SocketAddr, path: &str) -> Self {
        Self::with_header(address, path, "").await
    }

    /// Connects with one more header line.
    pub(crate) async fn with_header(address: SocketAddr, path: &str, header: &str) -> Self {
        let mut raw = Self::knock_with(address, path, header).await;
        let response = raw.response().await;
        assert!(response.starts_with("HTTP/1.1 101 "), "{response}");
        raw
    }

    /// Connects as one that takes little and reads nothing.
    pub(crate) async fn sleeper(address: SocketAddr, path: &str) -> Self {
        Self::over(sleepy(address).await, path).await
    }

    /// Asks to connect, and leaves the answer unread.
    pub(crate) async fn knock(address: SocketAddr, path: &str) -> Self {
        Self::knock_with(address, path, "").await
    }

    pub(crate) async fn knock_with(address: SocketAddr, path: &str, header: &str) -> Self {
        let mut raw = Self(TcpStream::connect(address).await.unwrap());
        raw.ask(path, header).await;
        raw
    }

    /// Is gone without a word, not even TCP's.
    pub(crate) fn vanish(self) {
        self.0.set_zero_linger().unwrap();
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> Raw<S> {
    /// Connects over a stream that is there already.
    pub(crate) async fn over(stream: S, path: &str) -> Self {
        let mut raw = Self(stream);
        raw.ask(path, "").await;
        assert!(raw.response().await.starts_with("HTTP/1.1 101 "));
        raw
    }

    async fn ask(&mut self, path: &str, header: &str) {
        let request = format!(
            "GET {path} HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n\
             Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n{header}\r\n"
        );
        self.send(request.as_bytes()).await;
    }

    pub(crate) async fn response(&mut self) -> String {
        let mut head = Vec::new();
        while !head.ends_with(b"\r\n\r\n") {
            head.push(soon("the response", self.0.read_u8()).await.unwrap());
        }
        String::from_utf8(head).unwrap()
    }

    pub(crate) async fn send(&mut self, bytes: &[u8]) {
        soon("bytes are sent", self.0.write_all(bytes)).await.unwrap();
    }

    /// Sends a whole message in one frame.
    pub(crate) async fn frame(&mut self, opcode: u8, payload: &[u8]) {
        self.send(&frame(0x80 | opcode, payload)).await;
    }

    /// Sends a whole message, if the server still takes it.
    pub(crate) async fn try_frame(&mut self, opcode: u8, payload: &[u8]) {
        // refused where the server has ended the connection
        soon("bytes are sent", self.0.write_all(&frame(0x80 | opcode, payload))).await.ok();
    }

    /// The server's next frame that is no ping: one can come at any time.
    pub(crate) async fn next(&mut self) -> RawFrame {
        loop {
            let frame = self.next_or_ping().await;
            if frame.opcode != PING {
                return frame;
            }
        }
    }

    /// The server's next frame.
    pub(crate) async fn next_or_ping(&mut self) -> RawFrame {
        soon("a frame", async {
            let first = self.0.read_u8().await.unwrap();
            let length = match self.0.read_u8().await.unwrap() {
                126 => u64::from(self.0.read_u16().await.unwrap()),
                127 => self.0.read_u64().await.unwrap(),
                short => u64::from(short),
            };
            let mut payload = vec![0; usize::try_from(length).unwrap()];
            self.0.read_exact(&mut payload).await.unwrap();
            RawFrame { opcode: first & 0x0F, compressed: first & 0x40 != 0, payload }
        })
        .await
    }

    /// The code that the server closes with, after whatever else it sends.
    pub(crate) async fn close_code(&mut self) -> u16 {
        loop {
            let frame = self.next().await;
            if frame.opcode == CLOSE {
                return u16::from_be_bytes(frame.payload[..2].try_into().unwrap());
            }
        }
    }

    /// Reads on until the server ends the connection.
    pub(crate) async fn end(&mut self) {
        let mut rest = Vec::new();
        // a reset is an end, too
        soon("the server ends the connection", self.0.read_to_end(&mut rest)).await.ok();
    }
}

/// A stream of one who takes little: what its kernel keeps for it is a few KiB.
pub(crate) async fn sleepy(address: SocketAddr) -> TcpStream {
    let socket = TcpSocket::new_v4().unwrap();
    socket.set_recv_buffer_size(4 << 10).unwrap();
    socket.connect(address).await.unwrap()
}

/// A client's frame, masked with zeros. `first` holds FIN, the reserved bits, and the opcode.
pub(crate) fn frame(first: u8, payload: &[u8]) -> Vec<u8> {
    let mut frame = vec![first];
    match u16::try_from(payload.len()) {
        Ok(length @ 0..126) => frame.push(0x80 | length as u8),
        Ok(length) => {
            frame.push(0x80 | 126);
            frame.extend(length.to_be_bytes());
        }
        Err(_) => {
            frame.push(0x80 | 127);
            frame.extend((payload.len() as u64).to_be_bytes());
        }
    }
    frame.extend([0; 4]);
    frame.extend(payload);
    frame
}
