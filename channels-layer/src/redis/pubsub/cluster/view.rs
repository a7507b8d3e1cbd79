//! Who has which slots, as one node of a cluster sees it.

use std::ops::RangeInclusive;

use super::slot::SLOTS;

/// Where a node is: what a certificate names, and the port.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(in super::super) struct Address {
    pub(in super::super) host: String,
    pub(in super::super) port: u16,
}

/// A master with slots.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Master {
    pub(super) address: Address,
    /// The greater one is right, where two nodes claim a slot.
    pub(super) epoch: u64,
    pub(super) slots: Vec<RangeInclusive<usize>>,
}

/// The masters in an answer to `CLUSTER NODES`. What cannot be read is left out.
///
/// A node that does not know its own address is where it was `asked`. Only with TLS does a name count more than an
/// address: there it is what the certificate is for.
pub(super) fn masters(answer: &str, asked: &Address, tls: bool) -> Vec<Master> {
    answer.lines().filter_map(|line| master(line, asked, tls)).collect()
}

fn master(line: &str, asked: &Address, tls: bool) -> Option<Master> {
    let mut words = line.split_ascii_whitespace();
    let [_id, place, flags, _of, _ping, _pong, epoch, _link] = std::array::from_fn(|_| words.next());
    let (flags, epoch) = (flags?, epoch?.parse().ok()?);
    let is = |wanted: &str| flags.split(',').any(|flag| flag == wanted);
    if !is("master") || is("handshake") || is("noaddr") {
        return None;
    }
    // a slot on its way is in brackets, and is still whose it was
    let slots: Vec<_> = words.filter_map(slots).collect();
    let address = address(place?, asked, tls)?;
    (!slots.is_empty()).then_some(Master { address, epoch, slots })
}

/// `0-5460`, or one alone.
fn slots(word: &str) -> Option<RangeInclusive<usize>> {
    let (first, last) = word.split_once('-').unwrap_or((word, word));
    let (first, last) = (first.parse().ok()?, last.parse().ok()?);
    (last < SLOTS).then_some(first..=last)
}

/// `ip:port@port[,name[,…]]`.
fn address(place: &str, asked: &Address, tls: bool) -> Option<Address> {
    let (place, more) = place.split_once(',').unwrap_or((place, ""));
    let (ip, port) = place.split_once('@').unwrap_or((place, "")).0.rsplit_once(':')?;
    let name = more.split(',').next().filter(|name| tls && !name.is_empty() && !name.contains('='));
    let host = name.unwrap_or(ip);
    let host = if host.is_empty() { &asked.host } else { host };
    Some(Address { host: host.to_owned(), port: port.parse().ok()? })
}

#[cfg(test)]
mod tests {
    use super::*;

    const ANSWER: &str = "\
07c37df 127.0.0.1:30004@31004,host4 slave e7d1eec 0 1426238317239 4 connected
67ed2db :30002@31002 myself,master - 0 0 2 connected 5461-10922 [93-<-292f8b3]
292f8b3 ::1:30003@31003,shard-id=abc master,fail - 0 1426238318243 3 connected 10923-16382 16383
6ec2392 127.0.0.1:30005@31005,host5 master - 0 1426238316232 5 connected
824fe11 :0@0 master,noaddr - 0 1426238316232 7 disconnected 1-2
broken";

    fn at(host: &str, port: u16) -> Address {
        Address { host: host.to_owned(), port }
    }

    #[test]
    fn masters_are_read_and_all_else_is_left_out() {
        let asked = at("example.org", 1);

        let masters = masters(ANSWER, &asked, false);

        let first = Master { address: at("example.org", 30_002), epoch: 2, slots: vec![5_461..=10_922] };
        let slots = vec![10_923..=16_382, 16_383..=16_383];
        assert_eq!(masters, [first, Master { address: at("::1", 30_003), epoch: 3, slots }]);
    }

    #[test]
    fn a_name_counts_with_tls_alone_and_slots_that_do_not_exist_not_at_all() {
        let line =
            "1 10.0.0.1:6379@16379,redis-1.example.org master - 0 0 1 connected 0-99 16384 7-99999 x-y";
        let asked = at("", 0);

        assert_eq!(masters(line, &asked, true)[0].address, at("redis-1.example.org", 6_379));
        assert_eq!(masters(line, &asked, false)[0].address, at("10.0.0.1", 6_379));
        assert_eq!(masters(line, &asked, false)[0].slots, [0..=99]);
    }
}
