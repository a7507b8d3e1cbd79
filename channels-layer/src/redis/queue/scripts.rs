//! What is done in Redis at one stroke.

use std::sync::LazyLock;

use redis::Script;

/// Adds a message to each of several queues that has room, as channels_redis' `group_send` does, and takes out
/// what is too old. Answers which were full, counted from 1.
///
/// `KEYS` are the queues. `ARGV` are a message for each, a capacity for each, the score, the score up to which
/// messages are too old, and the expiry in seconds.
///
/// Redis looks whether its memory is full at the first write of a script alone: so the one that needs memory
/// comes first.
pub(super) static SEND: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local full = {}
        local score, stale, expiry = ARGV[#ARGV - 2], ARGV[#ARGV - 1], ARGV[#ARGV]
        for i, queue in ipairs(KEYS) do
            if redis.call('ZCOUNT', queue, '(' .. stale, '+inf') < tonumber(ARGV[#KEYS + i]) then
                redis.call('ZADD', queue, score, ARGV[i])
                redis.call('EXPIRE', queue, expiry)
            else
                full[#full + 1] = i
            end
            redis.call('ZREMRANGEBYSCORE', queue, 0, stale)
        end
        return full
        ",
    )
});

/// Puts messages back into the queue from the copies channels_redis keeps of what it hands out. What is no
/// longer there was received meanwhile, and is left alone.
///
/// `KEYS` are the copies and the queue. `ARGV` are the expiry in seconds, and a score and a message for each.
pub(super) static RECOVER: LazyLock<Script> = LazyLock::new(|| {
    Script::new(
        r"
        local back = 0
        for i = 2, #ARGV, 2 do
            if redis.call('ZREM', KEYS[1], ARGV[i + 1]) == 1 then
                redis.call('ZADD', KEYS[2], ARGV[i], ARGV[i + 1])
                back = back + 1
            end
        end
        if back > 0 then
            redis.call('EXPIRE', KEYS[2], ARGV[1])
        end
        return back
        ",
    )
});
