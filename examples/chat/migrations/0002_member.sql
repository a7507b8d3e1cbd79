-- who has said or read something in a room, and up to which message
CREATE TABLE member (
    room TEXT NOT NULL,
    username TEXT NOT NULL REFERENCES auth_user (username),
    last_read INTEGER NOT NULL DEFAULT 0,
    PRIMARY KEY (room, username)
) STRICT, WITHOUT ROWID;

-- who says something has read what stands before it
CREATE TRIGGER message_said AFTER INSERT ON message BEGIN
    INSERT INTO member (room, username, last_read) VALUES (new.room, new.sender, new.id)
    ON CONFLICT (room, username) DO UPDATE SET last_read = new.id;
END;

INSERT INTO member (room, username, last_read)
SELECT room, sender, max(id) FROM message GROUP BY room, sender;
