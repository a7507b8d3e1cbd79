//! What one server is to send to this process, and what it was told of that.

use std::{
    collections::{HashMap, HashSet},
    sync::Arc,
};

use redis::RedisError;
use tokio::{
    sync::{Notify, oneshot},
    time::Instant,
};

use crate::redis::clock::now;

/// What one server is to send to this process: Redis' own channels, called topics here.
///
/// Nothing is queued for a server that is away. What is here and not wanted is what the server still knows.
#[derive(Debug)]
pub(super) struct Topics {
    all: HashMap<String, Topic>,
    /// Those of which the server has to be told something.
    changed: HashSet<String>,
    /// Since when the server has been away.
    down: Option<Instant>,
    /// What was published before this has arrived.
    well: f64,
    /// That the server has to be told something.
    pub(super) news: Arc<Notify>,
}

#[derive(Debug)]
struct Topic {
    wanted: bool,
    place: Place,
    /// Since when events may have been missed: it was sent, and is not at the moment.
    missed: Option<f64>,
    /// Those who wait until the server sends it.
    waiting: Vec<Waiting>,
}

type Waiting = oneshot::Sender<Result<(), RedisError>>;

/// A topic on its way from one server to another.
#[derive(Debug)]
pub(super) struct Moved {
    name: String,
    missed: Option<f64>,
    waiting: Vec<Waiting>,
}

impl Moved {
    pub(super) fn name(&self) -> &str {
        &self.name
    }
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
    /// Since when events of those to subscribe to may have been missed.
    pub(super) missed: Option<f64>,
}

impl Default for Topics {
    fn default() -> Self {
        Self { all: HashMap::new(), changed: HashSet::new(), down: None, well: now(), news: Arc::default() }
    }
}

impl Topics {
    /// What nobody sends: of a slot that no server has.
    pub(super) fn of_nobody() -> Self {
        Self { down: Some(Instant::now()), ..Self::default() }
    }

    /// Somebody wants it.
    pub(super) fn want(&mut self, name: &str) -> Confirmation {
        let absent = || Topic { wanted: true, place: Place::Absent, missed: None, waiting: Vec::new() };
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
                    changes.missed = earlier(changes.missed, topic.missed);
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
                (true, Place::Present) => {
                    topic.missed = None;
                    answer(topic, &Ok(()));
                }
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
        for topic in self.all.values_mut() {
            topic.misses(self.well);
            topic.place = Place::Absent;
        }
        self.changed = self.all.keys().cloned().collect();
    }

    /// The server says that it sends it now.
    pub(super) fn confirmed(&mut self, name: &str) {
        if self.is_asked(name) {
            self.settled(&[name.to_owned()], Place::Present);
        }
    }

    /// The server says that it does not send it any more, whoever wished that.
    pub(super) fn ended(&mut self, name: &str) {
        if let Some(topic) = self.all.get_mut(name) {
            topic.misses(self.well);
            self.settled(&[name.to_owned()], Place::Absent);
        }
    }

    /// Those that were asked for and are not sent will be asked for again when the server is next told something.
    pub(super) fn unsettled(&mut self, names: &[String]) {
        for name in names {
            if self.is_asked(name) {
                self.settled(std::slice::from_ref(name), Place::Absent);
            }
        }
    }

    pub(super) fn is_asked(&self, name: &str) -> bool {
        self.all.get(name).is_some_and(|topic| topic.place == Place::Asked)
    }

    /// Takes out what is another server's now. Nothing is taken from this one any more, before the other is
    /// asked: so nothing comes twice.
    pub(super) fn take_moved(&mut self, is_gone: impl Fn(&str) -> bool) -> Vec<Moved> {
        let mut moved = Vec::new();
        for (name, topic) in &mut self.all {
            if topic.wanted && is_gone(name) {
                topic.misses(self.well);
                let waiting = std::mem::take(&mut topic.waiting);
                moved.push(Moved { name: name.clone(), missed: topic.missed.take(), waiting });
            }
        }
        moved.iter().for_each(|moved| self.unwant(&moved.name));
        moved
    }

    /// Takes what was another server's.
    pub(super) fn arrive(&mut self, moved: Moved) {
        let confirmation = self.want(&moved.name);
        let Some(topic) = self.all.get_mut(&moved.name) else { return };
        topic.missed = earlier(topic.missed, moved.missed);
        topic.waiting.extend(moved.waiting);
        drop(confirmation);
    }

    /// What was published before this has arrived.
    pub(super) fn is_well(&mut self, at: f64) {
        self.well = at;
    }

    pub(super) fn well(&self) -> f64 {
        self.well
    }

    /// The server knows all again.
    pub(super) fn is_back(&mut self) {
        self.down = None;
    }

    /// Whether it sends all that it did.
    pub(super) fn is_whole(&self) -> bool {
        self.down.is_none() && self.all.values().all(|topic| topic.missed.is_none())
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

impl Topic {
    /// It is about not to be sent any more: if it was, something may be missed.
    fn misses(&mut self, well: f64) {
        if self.place == Place::Present && self.wanted {
            self.missed = earlier(self.missed, Some(well));
        }
    }
}

fn earlier(one: Option<f64>, other: Option<f64>) -> Option<f64> {
    one.into_iter().chain(other).reduce(f64::min)
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
        let Changes { mut subscribe, mut unsubscribe, .. } = topics.take_changes();
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

    #[test]
    fn what_moves_is_asked_for_elsewhere_and_tells_since_when_it_was_missed() {
        let (mut here, mut there) = (Topics::default(), Topics::default());
        let waiting = ["stays", "moves", "is-asked"].map(|name| here.want(name));
        told(&mut here);
        here.settled(&names(&["stays", "moves"]), Place::Present);
        here.is_well(7.0);

        for moved in here.take_moved(|name| name != "stays") {
            there.arrive(moved);
        }
        here.settled(&names(&["is-asked"]), Place::Present);

        assert_eq!(told(&mut here), (names(&[]), names(&["is-asked", "moves"])));
        let mut changes = there.take_changes();
        changes.subscribe.sort();
        assert_eq!((changes.subscribe, changes.missed), (names(&["is-asked", "moves"]), Some(7.0)));
        there.confirmed("is-asked");
        let [.., is_asked] = waiting;
        is_asked.unwrap().try_recv().unwrap().unwrap();
        assert_eq!(here.len(), 3);
    }

    #[test]
    fn a_server_that_ends_a_subscription_is_asked_again_and_what_is_missed_is_told() {
        let mut topics = Topics::default();
        drop(topics.want("a"));
        told(&mut topics);
        topics.confirmed("a");
        topics.is_well(3.0);

        topics.ended("a");
        let first = topics.take_changes();
        topics.unsettled(&first.subscribe);
        let second = topics.take_changes();

        for changes in [first, second] {
            assert_eq!((changes.subscribe, changes.missed), (names(&["a"]), Some(3.0)));
        }
        topics.confirmed("a");
        topics.unwant("a");
        assert_eq!(told(&mut topics), (names(&[]), names(&["a"])));
        topics.ended("a");
        assert_eq!(topics.len(), 0);
    }
}
