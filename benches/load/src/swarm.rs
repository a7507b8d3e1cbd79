//! All connections, in one thread and one epoll.

use std::io::{self, ErrorKind};
use std::time::{Duration, Instant};

use mio::{Events, Interest, Poll, Token};

use crate::{
    connection::{Connection, What},
    target::Target,
};

/// How much is read at once: sixty-four messages of 1 KiB, or all that waits after a pause.
const BUFFER: usize = 64 * 1024;

/// Which connection.
pub(crate) type Id = usize;

/// What a mode does with what happens.
pub(crate) trait Watch {
    fn opened(&mut self, _id: Id, _now: Instant) {}
    fn message(&mut self, _id: Id, _message: &[u8], _now: Instant) {}
    /// It ended, and not because we ended it.
    fn closed(&mut self, _id: Id, _why: &str, _now: Instant) {}
}

pub(crate) struct Swarm {
    poll: Poll,
    events: Events,
    buffer: Vec<u8>,
    /// By id. `None` is one that has ended.
    connections: Vec<Option<Connection>>,
}

impl Swarm {
    /// # Errors
    ///
    /// If the kernel has no epoll for us.
    pub(crate) fn new() -> io::Result<Self> {
        Ok(Self {
            poll: Poll::new()?,
            events: Events::with_capacity(1024),
            buffer: vec![0; BUFFER],
            connections: Vec::new(),
        })
    }

    /// How many there were ever.
    pub(crate) fn len(&self) -> usize {
        self.connections.len()
    }

    /// Begins to connect.
    ///
    /// # Errors
    ///
    /// If there is no socket to be had: too many files are open.
    pub(crate) fn open(&mut self, target: &Target) -> io::Result<Id> {
        let id = self.connections.len();
        self.connections.push(None);
        self.reopen(id, target, None)?;
        Ok(id)
    }

    /// As [`open`](Self::open), for one that will not read: the kernel keeps little for it.
    ///
    /// # Errors
    ///
    /// As there.
    pub(crate) fn open_narrow(&mut self, target: &Target) -> io::Result<Id> {
        let id = self.connections.len();
        self.connections.push(None);
        self.reopen(id, target, Some(4096))?;
        Ok(id)
    }

    /// Connects one again that has ended.
    ///
    /// # Errors
    ///
    /// As [`open`](Self::open).
    pub(crate) fn reopen(&mut self, id: Id, target: &Target, buffer: Option<usize>) -> io::Result<()> {
        let mut connection = Connection::begin(target, id, buffer)?;
        let interest = Interest::READABLE | Interest::WRITABLE;
        self.poll.registry().register(&mut connection.stream, Token(id), interest)?;
        self.connections[id] = Some(connection);
        Ok(())
    }

    /// Ends one, without a word.
    pub(crate) fn cut(&mut self, id: Id) {
        self.connections[id] = None;
    }

    /// Reads nothing more of one that stays open.
    ///
    /// # Errors
    ///
    /// If the kernel does not know it.
    pub(crate) fn stop_reading(&mut self, id: Id) -> io::Result<()> {
        match &mut self.connections[id] {
            Some(connection) => self.poll.registry().deregister(&mut connection.stream),
            None => Ok(()),
        }
    }

    /// Says something to the server.
    ///
    /// # Errors
    ///
    /// If that connection has ended.
    pub(crate) fn say(&mut self, id: Id, message: &[u8]) -> io::Result<()> {
        match &mut self.connections[id] {
            Some(connection) if connection.is_open() => connection.say(message),
            _ => Err(ErrorKind::NotConnected.into()),
        }
    }

    /// Waits until something happens, until `deadline` at the latest, and tells all that has happened.
    ///
    /// # Errors
    ///
    /// If the kernel fails us; what happens to a connection is told.
    pub(crate) fn turn(&mut self, deadline: Instant, watch: &mut impl Watch) -> io::Result<()> {
        let wait = deadline.saturating_duration_since(Instant::now());
        // epoll counts in milliseconds and would be late by up to one: the last one is spent asking
        let wait = Duration::from_millis(wait.as_millis() as u64);
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(()),
            outcome => outcome?,
        }
        for event in &self.events {
            let id = event.token().0;
            let Some(connection) = &mut self.connections[id] else { continue };
            let mut ended = None;
            if event.is_writable()
                && let Err(error) = connection.flush()
            {
                ended = Some(error.to_string());
            }
            if ended.is_none() && event.is_readable() {
                // when it came, as near as it can be known
                let now = Instant::now();
                connection.read(&mut self.buffer, event.is_read_closed(), |what| match what {
                    What::Opened => watch.opened(id, now),
                    What::Message(message) => watch.message(id, message, now),
                    What::Closed(why) => ended = Some(why),
                });
            }
            if let Some(why) = ended {
                self.connections[id] = None;
                watch.closed(id, &why, Instant::now());
            }
        }
        Ok(())
    }
}
