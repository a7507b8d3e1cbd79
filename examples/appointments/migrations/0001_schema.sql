CREATE TABLE practitioner (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL UNIQUE,
    specialty TEXT NOT NULL
) STRICT;

INSERT INTO practitioner (id, name, specialty) VALUES
    (1, 'Dr Okafor', 'General practice'),
    (2, 'Dr Brandt', 'Cardiology'),
    (3, 'Nurse Reyes', 'Vaccinations');

-- AUTOINCREMENT: an id is never used again, so that who has missed a cancellation does not take another for it
CREATE TABLE appointment (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    practitioner INTEGER NOT NULL REFERENCES practitioner (id),
    day TEXT NOT NULL,
    slot TEXT NOT NULL,
    patient TEXT NOT NULL,
    reason TEXT NOT NULL,
    -- counts its changes: who changes it names the version they have seen
    version INTEGER NOT NULL DEFAULT 1,
    changed_by TEXT NOT NULL REFERENCES auth_user (username),
    UNIQUE (day, practitioner, slot)
) STRICT;
