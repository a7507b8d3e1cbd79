//! Which of a cluster's slots a topic is in.

/// How many slots there are, in every Redis Cluster.
pub(in super::super) const SLOTS: usize = 16_384;

/// The slot of a topic, as the specification of Redis Cluster says: the CRC16 of its name, or of what is between
/// its first `{` and the next `}`, if there is anything.
pub(in super::super) fn slot_of(topic: &str) -> usize {
    let tag = topic.split_once('{').and_then(|(_, rest)| rest.split_once('}')).map(|(tag, _)| tag);
    let hashed = tag.filter(|tag| !tag.is_empty()).unwrap_or(topic);
    usize::from(crc16(hashed.as_bytes())) % SLOTS
}

/// The variant called XMODEM: polynomial 0x1021, from zero, nothing reflected.
fn crc16(bytes: &[u8]) -> u16 {
    bytes.iter().fold(0, |crc, &byte| {
        (0..8).fold(crc ^ (u16::from(byte) << 8), |crc: u16, _| {
            if crc & 0x8000 == 0 { crc << 1 } else { (crc << 1) ^ 0x1021 }
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// From the specification, and from `CLUSTER KEYSLOT`.
    #[test]
    fn names_are_in_the_slots_where_redis_has_them() {
        assert_eq!(crc16(b"123456789"), 0x31c3);
        assert_eq!([slot_of("somekey"), slot_of("foo{hash_tag}"), slot_of("")], [11_058, 2_515, 0]);
        assert_eq!(slot_of("{user1000}.following"), slot_of("{user1000}.followers"));
        assert_eq!(slot_of("foo{bar}{zap}"), slot_of("bar"));
        assert_eq!(slot_of("foo{{bar}}zap"), slot_of("{bar"));
        for whole in ["foo{}{bar}", "foo{bar", "foo}bar{"] {
            assert_eq!(slot_of(whole), usize::from(crc16(whole.as_bytes())) % SLOTS, "{whole}");
        }
    }
}
