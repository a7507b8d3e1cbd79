//! The frames that wait to be written, how many bytes they are, and what gives way to a new one.

use std::collections::VecDeque;

use bytes::{Bytes, BytesMut};

/// How much of what waits is joined into one chunk, and so into one system call.
const CHUNK: usize = 64 << 10;

/// How many places an empty queue keeps, some 160 bytes: to give them back and take them again for each frame costs as
/// much as all the rest that is done for it here. What was longer holds no memory when it is idle.
const KEPT: usize = 4;

/// What a frame costs beyond its bytes: its place in the queue, and its own allocation. Empty ones are bounded, too.
pub(super) const OVERHEAD: usize = size_of::<Item>() + 64;

/// Frames in the order they are to be written.
#[derive(Default)]
pub(super) struct Waiting {
    frames: VecDeque<Item>,
    /// What they cost all together.
    cost: usize,
}

struct Item {
    frame: Bytes,
    /// The type of the event it is; none for what the consumer itself sent, which never gives way.
    event: Option<&'static str>,
}

impl Item {
    fn cost(&self) -> usize {
        self.frame.len() + OVERHEAD
    }
}

impl Waiting {
    pub(super) fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// Whether there is room for a frame of `length` bytes. One always fits.
    pub(super) fn fits(&self, length: usize, limit: usize) -> bool {
        self.is_empty() || self.cost + length + OVERHEAD <= limit
    }

    pub(super) fn push(&mut self, frame: Bytes, event: Option<&'static str>) {
        let item = Item { frame, event };
        self.cost += item.cost();
        self.frames.push_back(item);
    }

    /// Drops the oldest events, as many as it takes, and says how many those were.
    pub(super) fn drop_oldest(&mut self, length: usize, limit: usize) -> usize {
        let excess = (self.cost + length + OVERHEAD).saturating_sub(limit);
        let mut freed = 0;
        self.retain(|item| {
            let goes = freed < excess && item.event.is_some();
            freed += if goes { item.cost() } else { 0 };
            !goes
        })
    }

    /// Drops every event but the newest of each type, where one of type `newest` is about to come, and says how
    /// many those were.
    pub(super) fn keep_latest(&mut self, newest: &'static str) -> usize {
        let mut seen = vec![newest];
        let mut goes: VecDeque<bool> = VecDeque::with_capacity(self.frames.len());
        for item in self.frames.iter().rev() {
            let is_old = item.event.is_some_and(|event| seen.contains(&event));
            seen.extend(item.event.filter(|_| !is_old));
            goes.push_front(is_old);
        }
        self.retain(|_| !goes.pop_front().unwrap_or_default())
    }

    /// How many events wait, what the consumer itself sent aside.
    pub(super) fn events(&self) -> usize {
        self.frames.iter().filter(|item| item.event.is_some()).count()
    }

    fn retain(&mut self, mut stays: impl FnMut(&Item) -> bool) -> usize {
        let before = self.frames.len();
        let cost = &mut self.cost;
        self.frames.retain(|item| {
            let stays = stays(item);
            *cost -= if stays { 0 } else { item.cost() };
            stays
        });
        before - self.frames.len()
    }

    /// Joins what waits, after `first` if there is that: one write for many frames. Never empty, which would end the
    /// response.
    pub(super) fn take_chunk(&mut self, first: Option<Bytes>) -> Option<Bytes> {
        let first = first.or_else(|| self.pop())?;
        let chunk = match self.frames.front() {
            Some(next) if first.len() + next.frame.len() <= CHUNK => {
                let mut chunk = BytesMut::with_capacity((first.len() + self.cost).min(CHUNK));
                chunk.extend_from_slice(&first);
                while self.frames.front().is_some_and(|next| chunk.len() + next.frame.len() <= CHUNK) {
                    chunk.extend(self.pop());
                }
                chunk.freeze()
            }
            Some(_) | None => first,
        };
        if self.is_empty() && self.frames.capacity() > KEPT {
            self.frames = VecDeque::new();
        }
        Some(chunk)
    }

    fn pop(&mut self) -> Option<Bytes> {
        let item = self.frames.pop_front()?;
        self.cost -= item.cost();
        Some(item.frame)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Frames named for their events, `-` for none of an event.
    fn waiting(frames: &[(&'static str, &'static str)]) -> Waiting {
        let mut waiting = Waiting::default();
        for &(event, frame) in frames {
            waiting.push(Bytes::from_static(frame.as_bytes()), (event != "-").then_some(event));
        }
        waiting
    }

    fn left(mut waiting: Waiting) -> Bytes {
        waiting.take_chunk(None).unwrap_or_default()
    }

    #[test]
    fn the_oldest_events_give_way_and_no_more_than_it_takes() {
        let mut waiting = waiting(&[("a", "one"), ("b", "two"), ("a", "three")]);

        assert_eq!(waiting.drop_oldest(4, 12 + 3 * OVERHEAD), 1);

        assert_eq!(left(waiting), "twothree");
    }

    #[test]
    fn what_the_consumer_sent_never_gives_way() {
        let mut oldest = waiting(&[("-", "reply"), ("a", "one"), ("-", "reply")]);
        let mut latest = waiting(&[("-", "reply"), ("a", "one"), ("-", "reply")]);

        assert_eq!(oldest.drop_oldest(3, 0), 1);
        assert_eq!(latest.keep_latest("a"), 1);

        assert_eq!(left(oldest), "replyreply");
        assert_eq!(left(latest), "replyreply");
    }

    #[test]
    fn the_newest_of_each_type_is_kept_in_its_place() {
        let mut waiting =
            waiting(&[("a", "a1"), ("b", "b1"), ("-", "reply"), ("b", "b2"), ("c", "c1"), ("a", "a2")]);

        assert_eq!(waiting.keep_latest("c"), 3);

        assert_eq!(left(waiting), "replyb2a2");
    }

    #[test]
    fn an_empty_queue_keeps_a_few_places_and_no_more() {
        let mut short = waiting(&[("a", "one"), ("a", "two")]);
        let mut long = Waiting::default();
        (0..100).for_each(|_| long.push(Bytes::from_static(b"one"), None));

        assert!(short.take_chunk(None).is_some() && long.take_chunk(None).is_some());

        assert!((1..=KEPT).contains(&short.frames.capacity()), "{}", short.frames.capacity());
        assert_eq!(long.frames.capacity(), 0);
    }

    #[test]
    fn what_waits_is_joined_up_to_a_chunk() {
        let big = Bytes::from(vec![0; CHUNK - 1]);
        let mut waiting = waiting(&[("a", "one"), ("a", "two")]);
        waiting.push(big.clone(), None);

        assert_eq!(waiting.take_chunk(Some("ping".into())).unwrap(), "pingonetwo");
        assert_eq!(waiting.take_chunk(None).unwrap(), big);
        assert_eq!(waiting.take_chunk(None), None);
    }
}
