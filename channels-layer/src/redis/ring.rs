//! Which of several servers has a key: channels_redis' choice.

/// The server, of `servers`, that has what goes by this name. It is no true consistent hash: another number
/// of servers moves almost everything.
pub(super) fn shard(name: &str, servers: usize) -> usize {
    /// channels_redis keeps twelve bits of the checksum.
    const SLOTS: usize = 0x1000;
    let slot = crc32fast::hash(name.as_bytes()) as usize % SLOTS;
    slot * servers / SLOTS
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::vectors;

    #[test]
    fn vectors_of_names_are_on_the_servers_where_channels_redis_has_them() {
        let vectors = vectors::read("core_shards.json");
        let mut compared = 0;

        for row in vectors.at("names").list() {
            for (servers, wanted) in row.at("shards").map().iter() {
                let name = row.at("name").text();
                assert_eq!(shard(name, servers.parse().unwrap()) as u64, wanted.int(), "{name} of {servers}");
                compared += 1;
            }
        }
        assert!(compared >= 100, "only {compared} names");
    }
}
