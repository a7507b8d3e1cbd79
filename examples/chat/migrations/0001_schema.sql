-- AUTOINCREMENT: an id is never used again, for clients ask for what is before one
CREATE TABLE message (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    room TEXT NOT NULL,
    sender TEXT NOT NULL REFERENCES auth_user (username),
    text TEXT NOT NULL,
    at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ'))
) STRICT;

CREATE INDEX message_room ON message (room, id);
