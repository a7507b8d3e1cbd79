//! What is remembered of each address, bounded.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, PoisonError},
};

use governor::{nanos::Nanos, state::StateStore};

/// What an address is asked about: whether it is locked out, which changes nothing, or a failure of it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Entry {
    Look(IpAddr),
    Failure(IpAddr),
}

/// When each address has made up for its failures: the state of governor's algorithm, GCRA.
///
/// Its own stores grow with every address that there is.
pub(super) struct Ledger {
    capacity: usize,
    // connections of all workers ask; held for a look-up, and once in a while for a clearing
    states: Mutex<HashMap<IpAddr, Nanos>>,
}

impl Ledger {
    pub(super) fn new(capacity: usize) -> Self {
        Self { capacity: capacity.max(1), states: Mutex::default() }
    }
}

impl StateStore for Ledger {
    type Key = Entry;

    fn measure_and_replace<T, F, E>(&self, entry: &Entry, decide: F) -> Result<T, E>
    where
        F: Fn(Option<Nanos>) -> Result<(T, Nanos), E>,
    {
        let mut states = self.states.lock().unwrap_or_else(PoisonError::into_inner);
        match entry {
            Entry::Look(address) => decide(states.get(address).copied()).map(|(decision, _)| decision),
            Entry::Failure(address) => {
                let (decision, state) = decide(states.get(address).copied())?;
                if states.len() >= self.capacity && !states.contains_key(address) {
                    forget_half(&mut states);
                }
                states.insert(*address, state);
                Ok(decision)
            }
        }
    }
}

/// Forgets those who have made up for their failures the soonest: half of them, so that it is not done again for
/// the next address.
fn forget_half(states: &mut HashMap<IpAddr, Nanos>) {
    let mut ends: Vec<_> = states.values().copied().collect();
    let middle = ends.len() / 2;
    let (_, &mut median, _) = ends.select_nth_unstable(middle);
    let mut surplus = middle.max(1);
    states.retain(|_, end| {
        let goes = *end <= median && surplus > 0;
        surplus -= usize::from(goes);
        !goes
    });
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    fn fail(ledger: &Ledger, number: u32, end: u64) {
        let address = IpAddr::from(Ipv4Addr::from(number));
        let noted: Result<(), ()> =
            ledger.measure_and_replace(&Entry::Failure(address), |_| Ok(((), Nanos::new(end))));
        noted.unwrap();
    }

    #[test]
    fn many_addresses_are_forgotten_down_to_the_worst() {
        let ledger = Ledger::new(100);
        fail(&ledger, u32::MAX, u64::MAX);

        for number in 0..10_000 {
            fail(&ledger, number, u64::from(number));
            assert!(ledger.states.lock().unwrap().len() <= 100);
        }

        let states = ledger.states.lock().unwrap();
        assert!(states.contains_key(&IpAddr::from(Ipv4Addr::BROADCAST)));
        assert!(states.len() > 40);
    }

    #[test]
    fn there_is_room_for_one_address_at_least_even_where_all_end_at_a_time() {
        for capacity in [0, 1, 2, 3] {
            let ledger = Ledger::new(capacity);
            for number in 0..10 {
                fail(&ledger, number, 7);
            }
            assert!((1..=capacity.max(1)).contains(&ledger.states.lock().unwrap().len()));
        }
    }
}
