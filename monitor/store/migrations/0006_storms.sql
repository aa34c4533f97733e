-- Many new incidents at once are one message.

-- Storms: many new incidents of one sink in a short time, told in one digest. The outbox names it by its id as if it were an
-- incident. `raised` is the version of the digest in which the worst severity rose last.
CREATE TABLE storms (
    id VARCHAR NOT NULL,
    sink VARCHAR NOT NULL,
    began_at TIMESTAMP NOT NULL,
    ended_at TIMESTAMP,
    severity VARCHAR NOT NULL,
    raised INTEGER NOT NULL
);

-- What a storm holds, how bad it was when it came into it, and whether it has a message of its own meanwhile.
CREATE TABLE storm_members (
    storm VARCHAR NOT NULL,
    incident VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    apart BOOLEAN NOT NULL
);
