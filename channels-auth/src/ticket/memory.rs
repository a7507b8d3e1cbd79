//! Tickets in memory.

use std::{
    collections::{HashMap, VecDeque},
    fmt,
    sync::{Mutex, MutexGuard, PoisonError},
    time::SystemTime,
};

use async_trait::async_trait;

use super::{PER_USER, StoredTicket, TicketStore};
use crate::AuthError;

/// Tickets in this process's memory.
///
/// 10,000 wait at most; then no more are issued until some are used, or 30 seconds old. One user has 16: with
/// the next one the oldest is gone, so that nobody takes the room of all.
pub struct MemoryTickets {
    capacity: usize,
    // two tasks of any two workers issue and use; held for a look-up, and for a sweep when it is full
    shelf: Mutex<Shelf>,
}

#[derive(Default)]
struct Shelf {
    tickets: HashMap<String, StoredTicket>,
    /// The digests of each user's tickets, the oldest first.
    owners: HashMap<String, VecDeque<String>>,
    /// Nothing is to be swept before.
    first_end: Option<SystemTime>,
}

impl MemoryTickets {
    /// Room for so many tickets, some hundred bytes each.
    pub fn with_capacity(capacity: usize) -> Self {
        Self { capacity, shelf: Mutex::default() }
    }

    fn shelf(&self) -> MutexGuard<'_, Shelf> {
        self.shelf.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Default for MemoryTickets {
    fn default() -> Self {
        Self::with_capacity(10_000)
    }
}

#[async_trait]
impl TicketStore for MemoryTickets {
    async fn put(&self, digest: &str, ticket: StoredTicket, now: SystemTime) -> Result<(), AuthError> {
        let mut shelf = self.shelf();
        shelf.make_room_for(&ticket.owner);
        if shelf.tickets.len() >= self.capacity {
            shelf.sweep(now);
        }
        if shelf.tickets.len() >= self.capacity {
            return Err(AuthError::unavailable("too many tickets wait to be used"));
        }
        shelf.add(digest, ticket);
        Ok(())
    }

    async fn take(&self, digest: &str) -> Result<Option<StoredTicket>, AuthError> {
        Ok(self.shelf().take(digest))
    }
}

impl Shelf {
    fn add(&mut self, digest: &str, ticket: StoredTicket) {
        self.owners.entry(ticket.owner.clone()).or_default().push_back(digest.to_owned());
        self.first_end = self.first_end.into_iter().chain([ticket.expires]).min();
        self.tickets.insert(digest.to_owned(), ticket);
    }

    fn take(&mut self, digest: &str) -> Option<StoredTicket> {
        let ticket = self.tickets.remove(digest)?;
        if let Some(digests) = self.owners.get_mut(&ticket.owner) {
            digests.retain(|other| other != digest);
            if digests.is_empty() {
                self.owners.remove(&ticket.owner);
            }
        }
        Some(ticket)
    }

    fn make_room_for(&mut self, owner: &str) {
        let digests = self.owners.get(owner).filter(|digests| digests.len() >= PER_USER);
        if let Some(oldest) = digests.and_then(|digests| digests.front().cloned()) {
            self.take(&oldest);
        }
    }

    fn sweep(&mut self, now: SystemTime) {
        if self.first_end.is_some_and(|end| now < end) {
            return;
        }
        let ended = self.tickets.iter().filter(|(_, ticket)| ticket.expires <= now);
        let ended: Vec<_> = ended.map(|(digest, _)| digest.clone()).collect();
        for digest in &ended {
            self.take(digest);
        }
        self.first_end = self.tickets.values().map(|ticket| ticket.expires).min();
    }
}

impl fmt::Debug for MemoryTickets {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryTickets").field("capacity", &self.capacity).finish_non_exhaustive()
    }
}
