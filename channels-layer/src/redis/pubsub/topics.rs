//! What one server is to send to this process, and what it was told of that.

use std::collections::{HashMap, HashSet};

use redis::RedisError;
use tokio::{sync::oneshot, time::Instant};

/// What one server is to send to this process: Redis' own channels, called topics here.
///
/// Nothing is queued for a server that is away. What is here and not wanted is what the server still knows.
#[derive(Debug, Default)]
pub(super) struct Topics {
    all: HashMap<String, Topic>,
    /// Those of which the server has to be told something.
    changed: HashSet<String>,
    /// Since when the server has been away.
    down: Option<Instant>,
}

#[derive(Debug)]
struct Topic {
    wanted: bool,
    place: Place,
    /// Those who wait until the server sends it.
    waiting: Vec<oneshot::Sender<Result<(), RedisError>>>,
}

/// Whether the server sends it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Place {
    /// It does not.
    Absent,
    /// It is just told to, or not to any more.
    Asked,
    /// It does.
    Present,
}

/// What becomes of asking a server for a topic. `None`: it sends it already.
pub(super) type Confirmation = Option<oneshot::Receiver<Result<(), RedisError>>>;

/// What a server has to be told.
#[derive(Debug, Default)]
pub(super) struct Changes {
    pub(super) subscribe: Vec<String>,
    pub(super) unsubscribe: Vec<String>,
}

impl Topics {
    /// Somebody wants it.
    pub(super) fn want(&mut self, name: &str) -> Confirmation {
        let absent = || Topic { wanted: true, place: Place::Absent, waiting: Vec::new() };
        let topic = self.all.entry(name.to_owned()).or_insert_with(absent);
        topic.wanted = true;
        if topic.place == Place::Present {
            return None;
        }
        if topic.waiting.len() == topic.waiting.capacity() {
            // who gave up needs no answer
            topic.waiting.retain(|waiting| !waiting.is_closed());
        }
        let (answer, confirmation) = oneshot::channel();
        topic.waiting.push(answer);
        self.changed.insert(name.to_owned());
        Some(confirmation)
    }

    /// Nobody does any more.
    pub(super) fn unwant(&mut self, name: &str) {
        let Some(topic) = self.all.get_mut(name) else { return };
        topic.wanted = false;
        match topic.place {
            Place::Absent => self.remove(name),
            // whoever has asked sees to it
            Place::Asked => {}
            Place::Present => {
                self.changed.insert(name.to_owned());
            }
        }
    }

    /// What the server has to be told now. What became of it has to be said with [`settled`](Self::settled),
    /// [`refused`](Self::refused) or [`lost`](Self::lost).
    pub(super) fn take_changes(&mut self) -> Changes {
        let mut changes = Changes::default();
        for name in std::mem::take(&mut self.changed) {
            let Some(topic) = self.all.get_mut(&name) else { continue };
            match (topic.wanted, topic.place) {
                (true, Place::Absent) => {
                    topic.place = Place::Asked;
                    changes.subscribe.push(name);
                }
                (false, Place::Present) => {
                    topic.place = Place::Asked;
                    changes.unsubscribe.push(name);
                }
                (false, Place::Absent) => drop(self.all.remove(&name)),
                (true, Place::Present) | (_, Place::Asked) => {}
            }
        }
        changes
    }

    /// The server did what it was asked to.
    pub(super) fn settled(&mut self, names: &[String], place: Place) {
        for name in names {
            let Some(topic) = self.all.get_mut(name) else { continue };
            topic.place = place;
            match (topic.wanted, place) {
                (true, Place::Present) => answer(topic, &Ok(())),
                (false, Place::Absent) => self.remove(name),
                (true, _) | (false, _) => {
                    self.changed.insert(name.clone());
                }
            }
        }
    }

    /// The server will not send it. It is asked again when it is next told something: whoever waited for it goes.
    pub(super) fn refused(&mut self, name: &str, error: RedisError) {
        if let Some(topic) = self.all.get_mut(name) {
            answer(topic, &Err(error));
            self.settled(&[name.to_owned()], Place::Absent);
        }
    }

    /// The connection is lost, and with it all that the server knew.
    pub(super) fn lost(&mut self) {
        self.down.get_or_insert_with(Instant::now);
        self.all.retain(|_, topic| topic.wanted);
        self.all.values_mut().for_each(|topic| topic.place = Place::Absent);
        self.changed = self.all.keys().cloned().collect();
    }

    /// The server knows all again.
    pub(super) fn is_back(&mut self) {
        self.down = None;
    }

    /// Since when it has been away.
    pub(super) fn down(&self) -> Option<Instant> {
        self.down
    }

    /// Whether it has to be told anything.
    pub(super) fn has_changes(&self) -> bool {
        !self.changed.is_empty()
    }

    pub(super) fn len(&self) -> usize {
        self.all.len()
    }

    /// Forgets all. Whoever waits is told that nothing comes of it.
    pub(super) fn clear(&mut self) {
        self.all.clear();
        self.changed.clear();
    }

    fn remove(&mut self, name: &str) {
        self.all.remove(name);
        self.changed.remove(name);
    }
}

fn answer(topic: &mut Topic, outcome: &Result<(), RedisError>) {
    for waiting in topic.waiting.drain(..) {
        if waiting.send(outcome.clone()).is_err() {
            tracing::trace!("somebody gave up waiting for a subscription");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(names: &[&str]) -> Vec<String> {
        names.iter().map(|&name| name.to_owned()).collect()
    }

    fn told(topics: &mut Topics) -> (Vec<String>, Vec<String>) {
        let Changes { mut subscribe, mut unsubscribe } = topics.take_changes();
        subscribe.sort();
        unsubscribe.sort();
        (subscribe, unsubscribe)
    }

    #[test]
    fn a_server_is_told_once_however_many_want_it() {
        let mut topics = Topics::default();

        let waiting = [topics.want("a"), topics.want("a"), topics.want("b")];
        assert_eq!(told(&mut topics), (names(&["a", "b"]), names(&[])));
        topics.settled(&names(&["a", "b"]), Place::Present);

        assert!(topics.want("a").is_none());
        assert!(!topics.has_changes());
        for confirmation in waiting {
            confirmation.unwrap().try_recv().unwrap().unwrap();
        }
    }

    #[test]
    fn who_comes_while_it_is_left_is_asked_for_again() {
        let mut topics = Topics::default();
        drop(topics.want("a"));
        told(&mut topics);
        topics.settled(&names(&["a"]), Place::Present);
        topics.unwant("a");
        assert_eq!(told(&mut topics), (names(&[]), names(&["a"])));

        let confirmation = topics.want("a");
        topics.settled(&names(&["a"]), Place::Absent);

        assert_eq!(told(&mut topics), (names(&["a"]), names(&[])));
        topics.settled(&names(&["a"]), Place::Present);
        confirmation.unwrap().try_recv().unwrap().unwrap();
    }

    #[test]
    fn who_goes_while_it_is_asked_for_leaves_nothing() {
        let mut topics = Topics::default();
        drop(topics.want("a"));
        told(&mut topics);

        topics.unwant("a");
        topics.settled(&names(&["a"]), Place::Present);
        assert_eq!(told(&mut topics), (names(&[]), names(&["a"])));
        topics.settled(&names(&["a"]), Place::Absent);

        assert_eq!(topics.len(), 0);
    }

    #[test]
    fn an_outage_leaves_what_is_wanted_and_no_more() {
        let mut topics = Topics::default();
        for name in ["stays", "goes", "went"] {
            drop(topics.want(name));
        }
        told(&mut topics);
        topics.settled(&names(&["stays", "goes", "went"]), Place::Present);
        topics.unwant("went");

        topics.lost();
        topics.unwant("goes");
        for number in 0..100 {
            let name = format!("passes-{number}");
            drop(topics.want(&name));
            topics.unwant(&name);
        }

        assert!(topics.down().is_some());
        assert_eq!(topics.len(), 1);
        assert_eq!(told(&mut topics), (names(&["stays"]), names(&[])));
    }
}
