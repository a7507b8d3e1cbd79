CREATE TABLE task (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner INTEGER NOT NULL REFERENCES auth_user (id),
    -- primes below this are counted
    below INTEGER NOT NULL,
    state TEXT NOT NULL DEFAULT 'waiting' CHECK (state IN ('waiting', 'running', 'done', 'cancelled', 'failed')),
    -- which attempt works on it: an earlier one that comes back finds that it is not its any more
    attempt INTEGER NOT NULL DEFAULT 0,
    -- how many parts are done, and how many primes were found in them: where the next attempt goes on
    parts INTEGER NOT NULL DEFAULT 0,
    found INTEGER NOT NULL DEFAULT 0,
    -- seconds since 1970 of the last sign of life
    at INTEGER NOT NULL DEFAULT (unixepoch())
) STRICT;

CREATE INDEX task_owner ON task (owner, id);
