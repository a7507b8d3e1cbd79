//! One connection: its socket, how far it has come, and what it could not write yet.

use std::io::{self, ErrorKind, Read, Write};
use std::time::Duration;

use mio::net::TcpStream;
use socket2::{Domain, Socket, Type};

use crate::{
    dialect::{Dialect, Heard},
    frame::{self, FrameReader, Kind},
    target::{Target, source},
};

/// The end of an answer's head.
const END: &[u8] = b"\r\n\r\n";

/// The longest head of an answer to an upgrade.
const HEAD: usize = 8 * 1024;

#[derive(Debug)]
pub(crate) struct Connection {
    pub(crate) stream: TcpStream,
    dialect: Dialect,
    phase: Phase,
    frames: FrameReader,
    unsent: Vec<u8>,
}

#[derive(Debug, PartialEq, Eq)]
enum Phase {
    /// With what came of the answer.
    Answering(Vec<u8>),
    /// The WebSocket is open, and Socket.IO's handshake under way.
    Greeting,
    Open,
}

/// What became of a connection while it was read.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum What<'a> {
    Opened,
    Message(&'a [u8]),
    /// With what was wrong, if anything was.
    Closed(String),
}

impl Connection {
    /// Begins to connect, as the nth of all; `buffer` is how much the kernel may keep for it.
    ///
    /// # Errors
    ///
    /// If there is no socket to be had.
    pub(crate) fn begin(target: &Target, n: usize, buffer: Option<usize>) -> io::Result<Self> {
        let socket = Socket::new(Domain::IPV4, Type::STREAM, None)?;
        socket.set_nonblocking(true)?;
        socket.set_tcp_nodelay(true)?;
        // gone at once where it is closed: ports would run out in TIME_WAIT
        socket.set_linger(Some(Duration::ZERO))?;
        if let Some(buffer) = buffer {
            socket.set_recv_buffer_size(buffer)?;
        }
        socket.bind(&source(n).into())?;
        // EINPROGRESS, or what the first write will say as well
        if let Err(error) = socket.connect(&target.address.into())
            && !matches!(error.raw_os_error(), Some(code) if code == EINPROGRESS)
        {
            return Err(error);
        }
        Ok(Self {
            stream: TcpStream::from_std(socket.into()),
            dialect: target.dialect,
            phase: Phase::Answering(Vec::new()),
            frames: FrameReader::default(),
            unsent: target.request.clone(),
        })
    }

    pub(crate) fn is_open(&self) -> bool {
        self.phase == Phase::Open
    }

    /// Says `message`, at once where the kernel takes it.
    ///
    /// # Errors
    ///
    /// If the connection has ended.
    pub(crate) fn say(&mut self, message: &[u8]) -> io::Result<()> {
        self.send(Kind::Text, message)
    }

    fn send(&mut self, kind: Kind, payload: &[u8]) -> io::Result<()> {
        frame::write(kind, payload, &mut self.unsent);
        self.flush()
    }

    /// Writes what could not be written.
    ///
    /// # Errors
    ///
    /// If the connection has ended.
    pub(crate) fn flush(&mut self) -> io::Result<()> {
        let mut sent = 0;
        let outcome = loop {
            match self.stream.write(&self.unsent[sent..]) {
                _ if sent == self.unsent.len() => break Ok(()),
                Ok(0) => break Err(ErrorKind::WriteZero.into()),
                Ok(written) => sent += written,
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                // not connected yet: the kernel tells when it is
                Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::NotConnected) => {
                    break Ok(());
                }
                Err(error) => break Err(error),
            }
        };
        if sent == self.unsent.len() {
            self.unsent = Vec::new();
        } else {
            self.unsent.drain(..sent);
        }
        outcome
    }

    /// Reads all there is. `ended`: the kernel says that nothing will follow.
    pub(crate) fn read(&mut self, buffer: &mut [u8], ended: bool, mut on: impl FnMut(What<'_>)) {
        loop {
            let read = match self.stream.read(buffer) {
                Ok(0) => return on(What::Closed(String::new())),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(error) if error.kind() == ErrorKind::WouldBlock => return,
                Err(error) => return on(What::Closed(error.to_string())),
            };
            if let Err(why) = self.take(&buffer[..read], &mut on) {
                return on(What::Closed(why));
            }
            // a read that does not fill the buffer has emptied the socket
            if read < buffer.len() && !ended {
                return;
            }
        }
    }

    fn take(&mut self, bytes: &[u8], on: &mut impl FnMut(What<'_>)) -> Result<(), String> {
        let Phase::Answering(answer) = &mut self.phase else { return self.hear(bytes, on) };
        answer.extend(bytes);
        let Some(end) = answer.windows(END.len()).position(|window| window == END) else {
            return if answer.len() > HEAD { Err("an endless answer".to_owned()) } else { Ok(()) };
        };
        let rest = answer.split_off(end + END.len());
        if !Target::is_opened_by(answer) {
            let line = answer.split(|byte| *byte == b'\r').next().unwrap_or_default();
            return Err(format!("refused: {}", String::from_utf8_lossy(line)));
        }
        if self.dialect.is_open_at_once() {
            self.phase = Phase::Open;
            on(What::Opened);
        } else {
            self.phase = Phase::Greeting;
        }
        self.hear(&rest, on)
    }

    fn hear(&mut self, bytes: &[u8], on: &mut impl FnMut(What<'_>)) -> Result<(), String> {
        let Self { frames, dialect, phase, unsent, .. } = self;
        let mut closed = false;
        let read = frames.read(bytes, |kind, payload| match dialect.hear(kind, payload) {
            Heard::Message(message) => on(What::Message(message)),
            Heard::Answer(kind, answer) => frame::write(kind, answer, unsent),
            Heard::Welcome => {
                *phase = Phase::Open;
                on(What::Opened);
            }
            Heard::Closed => closed = true,
            Heard::Nothing => {}
        });
        read.map_err(|bad| bad.to_string())?;
        if closed {
            return Err("closed by the server".to_owned());
        }
        if !self.unsent.is_empty() { self.flush().map_err(|error| error.to_string()) } else { Ok(()) }
    }
}

/// Linux's number: std has a name for it that is not stable.
const EINPROGRESS: i32 = 115;
