//! What is done with a queue at one stroke.
//!
//! `KEYS` are the stream of jobs, the sorted set of those that are to be tried later, and the stream of dead letters.
//! An entry holds, in this order, `key`, `event`, and `attempt`, the number of attempts before. Where the group of the
//! workers is gone because somebody emptied the database, nobody has a job any more: `pcall` answers no list then.

use std::sync::LazyLock;

use redis::Script;

macro_rules! scripts {
    ($($(#[$about:meta])* $name:ident = $code:literal;)*) => {$(
        $(#[$about])*
        pub(super) static $name: LazyLock<Script> = LazyLock::new(|| Script::new($code));
    )*};
}

scripts! {
    /// Adds a job, unless the queue is full: capacity, key, event.
    SEND = r"
        if redis.call('XLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[1]) then return 0 end
        redis.call('XADD', KEYS[1], '*', 'key', ARGV[2], 'event', ARGV[3], 'attempt', '0')
        return 1
    ";

    /// Puts jobs whose time has come back into the stream, by the server's clock.
    DUE = r"
        local time = redis.call('TIME')
        local now = time[1] * 1000 + math.floor(time[2] / 1000)
        local due = redis.call('ZRANGEBYSCORE', KEYS[2], '-inf', now, 'LIMIT', 0, 100)
        for _, member in ipairs(due) do
            local key, event, attempt = cmsgpack.unpack(member)
            redis.call('XADD', KEYS[1], '*', 'key', key or '', 'event', event or '', 'attempt', attempt or '0')
            redis.call('ZREM', KEYS[2], member)
        end
        return #due
    ";

    /// Takes over a job whose worker has given no sign of life: group, worker, for how many milliseconds. Answers its
    /// id, how often it was handed out, and its fields.
    TAKE_OVER = r"
        local idle = redis.call('XPENDING', KEYS[1], ARGV[1], 'IDLE', ARGV[3], '-', '+', 1)[1]
        if not idle then return {} end
        local entry = redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], ARGV[3], idle[1])[1]
        if not entry then
            -- somebody deleted it
            redis.call('XACK', KEYS[1], ARGV[1], idle[1])
            return {}
        end
        return { { idle[1], idle[4] + 1, entry[2] } }
    ";

    /// A worker's sign of life for jobs it has: group, worker, ids. Answers those it has no more.
    RENEW = r"
        local lost = {}
        for i = 3, #ARGV do
            if #redis.pcall('XPENDING', KEYS[1], ARGV[1], ARGV[i], ARGV[i], 1, ARGV[2]) == 1 then
                redis.call('XCLAIM', KEYS[1], ARGV[1], ARGV[2], 0, ARGV[i], 'JUSTID')
            else
                lost[#lost + 1] = ARGV[i]
            end
        end
        return lost
    ";

    /// A job is done, whoever has it by now: group, id.
    DONE = r"
        redis.call('XACK', KEYS[1], ARGV[1], ARGV[2])
        return redis.call('XDEL', KEYS[1], ARGV[2])
    ";

    /// Puts a job back, if the worker still has it: group, worker, id, the number of attempts, and in how many
    /// milliseconds it is to be tried.
    AGAIN = r"
        if #redis.pcall('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2]) == 0 then return 0 end
        local entry = redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3])[1]
        if entry then
            -- by name: another program's entry may have them in another order, or lack one
            local fields, wait = {}, tonumber(ARGV[5])
            for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
            local key, event = fields.key or '', fields.event or ''
            if wait == 0 then
                redis.call('XADD', KEYS[1], '*', 'key', key, 'event', event, 'attempt', ARGV[4])
            else
                local time = redis.call('TIME')
                local due = time[1] * 1000 + math.floor(time[2] / 1000) + wait
                redis.call('ZADD', KEYS[2], due, cmsgpack.pack(key, event, ARGV[4]))
            end
        end
        redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
        redis.call('XDEL', KEYS[1], ARGV[3])
        return 1
    ";

    /// Makes a dead letter of a job, if the worker still has it: group, worker, id, the number of attempts, why, and
    /// how many letters are kept. Answers whether it did, and how many gave way.
    BURY = r"
        if #redis.pcall('XPENDING', KEYS[1], ARGV[1], ARGV[3], ARGV[3], 1, ARGV[2]) == 0 then return { 0, 0 } end
        local entry, trimmed = redis.call('XRANGE', KEYS[1], ARGV[3], ARGV[3])[1], 0
        if entry then
            local fields = entry[2]
            redis.call('XADD', KEYS[3], '*', 'attempts', ARGV[4], 'reason', ARGV[5], unpack(fields))
            trimmed = redis.call('XTRIM', KEYS[3], 'MAXLEN', ARGV[6])
        end
        redis.call('XACK', KEYS[1], ARGV[1], ARGV[3])
        redis.call('XDEL', KEYS[1], ARGV[3])
        return { 1, trimmed }
    ";

    /// Makes a job of a dead letter: capacity, id. Answers 0 if there is none, 2 if the queue is full.
    REQUEUE = r"
        local entry = redis.call('XRANGE', KEYS[3], ARGV[2], ARGV[2])[1]
        if not entry then return 0 end
        if redis.call('XLEN', KEYS[1]) + redis.call('ZCARD', KEYS[2]) >= tonumber(ARGV[1]) then return 2 end
        local fields = {}
        for i = 1, #entry[2], 2 do fields[entry[2][i]] = entry[2][i + 1] end
        redis.call('XADD', KEYS[1], '*', 'key', fields.key or '', 'event', fields.event or '', 'attempt', '0')
        redis.call('XDEL', KEYS[3], ARGV[2])
        return 1
    ";

    /// How many wait, are under way, are to be tried later, are dead letters: group.
    STATS = r"
        local pending, running = redis.pcall('XPENDING', KEYS[1], ARGV[1]), 0
        if not pending.err then running = pending[1] end
        local all = redis.call('XLEN', KEYS[1])
        return { all - running, running, redis.call('ZCARD', KEYS[2]), redis.call('XLEN', KEYS[3]) }
    ";

    /// Forgets a worker, if it has no job: group, worker.
    LEAVE = r"
        if #redis.call('XPENDING', KEYS[1], ARGV[1], '-', '+', 1, ARGV[2]) == 0 then
            redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], ARGV[2])
        end
    ";

    /// Forgets workers that have no job and were not seen for so many milliseconds: group, milliseconds. A living one
    /// is back with its next question.
    TIDY = r"
        for _, worker in ipairs(redis.call('XINFO', 'CONSUMERS', KEYS[1], ARGV[1])) do
            local facts = {}
            for i = 1, #worker, 2 do facts[worker[i]] = worker[i + 1] end
            if facts.pending == 0 and facts.idle > tonumber(ARGV[2]) then
                redis.call('XGROUP', 'DELCONSUMER', KEYS[1], ARGV[1], facts.name)
            end
        end
    ";
}
