CREATE TABLE notification (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    owner INTEGER NOT NULL REFERENCES auth_user (id),
    sender TEXT NOT NULL REFERENCES auth_user (username),
    text TEXT NOT NULL,
    at TEXT NOT NULL DEFAULT (strftime('%Y-%m-%dT%H:%M:%fZ')),
    is_read INTEGER NOT NULL DEFAULT FALSE
) STRICT;

CREATE INDEX notification_owner ON notification (owner, id);

-- as Django makes it: sessions are read and written by its rules
CREATE TABLE django_session (
    session_key varchar(40) NOT NULL PRIMARY KEY,
    session_data text NOT NULL,
    expire_date datetime NOT NULL
);

CREATE INDEX django_session_expire_date ON django_session (expire_date);
