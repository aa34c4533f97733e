-- What people do with incidents: they acknowledge them, and silence what they know of.

-- Acknowledgements as people asked for them. `number` is the change that one became when the judging took it on, 0 where there was
-- nothing to acknowledge any more; NULL waits.
CREATE TABLE acknowledgements (
    id VARCHAR NOT NULL,
    incident VARCHAR NOT NULL,
    asked_at TIMESTAMP NOT NULL,
    who VARCHAR NOT NULL,
    why VARCHAR,
    number INTEGER
);

-- Mutes put on by people. `until` is when one ends by itself, `ended_at` when somebody ended it before that.
CREATE TABLE silences_raw (
    id VARCHAR NOT NULL,
    selector VARCHAR NOT NULL,
    began_at TIMESTAMP NOT NULL,
    until TIMESTAMP NOT NULL,
    who VARCHAR NOT NULL,
    why VARCHAR NOT NULL,
    ended_at TIMESTAMP,
    ended_by VARCHAR
);

CREATE VIEW silences AS
SELECT id, selector, began_at, until, who, why, ended_at, ended_by
FROM silences_raw;

-- The newest change that a sink shows without having told it: its message was edited while the incident was muted.
CREATE TABLE outbox_edited (
    incident VARCHAR NOT NULL,
    sink VARCHAR NOT NULL,
    number INTEGER NOT NULL
);
