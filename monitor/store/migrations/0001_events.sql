-- The streams and their positions, minute counts, dead letters. The table of events is made from the event definition.

CREATE TABLE meta (
    key VARCHAR PRIMARY KEY,
    value VARCHAR
);

-- One row for each epoch of a stream; `next` is the offset of the record after the last one stored.
-- `newest` is the greatest of least(ts, received_at) over its events: what the watermark is made of.
CREATE TABLE streams (
    id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    epoch VARCHAR NOT NULL,
    next BIGINT NOT NULL,
    received BIGINT NOT NULL,
    newest TIMESTAMP,
    updated_at TIMESTAMP
);

CREATE TABLE dead_letters_raw (
    id BIGINT NOT NULL,
    stream INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    received_at TIMESTAMP NOT NULL,
    class VARCHAR NOT NULL,
    reason VARCHAR NOT NULL,
    size BIGINT NOT NULL,
    sha256 VARCHAR,
    raw BLOB,
    key BLOB,
    headers STRUCT(name VARCHAR, value BLOB)[]
);

CREATE TABLE series (
    id INTEGER NOT NULL,
    signal VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    step VARCHAR,
    segment VARCHAR,
    first_minute TIMESTAMP NOT NULL,
    last_minute TIMESTAMP NOT NULL
);

-- Differences, append-only: the counts of a minute are their sums. `writer` 0 is this daemon.
CREATE TABLE counts (
    minute TIMESTAMP NOT NULL,
    series INTEGER NOT NULL,
    n INTEGER NOT NULL,
    bad INTEGER NOT NULL,
    known_at TIMESTAMP NOT NULL,
    writer INTEGER NOT NULL DEFAULT 0
);

-- Latency, in ms, above which a step counts as slow, for each quarter of the day (band 0: 00-06 local time), from valid_from on.
CREATE TABLE latency_limits (
    workflow VARCHAR NOT NULL,
    step VARCHAR NOT NULL,
    band INTEGER NOT NULL,
    limit_ms DOUBLE NOT NULL,
    valid_from TIMESTAMP NOT NULL
);

CREATE TABLE unknown_fields (
    name VARCHAR PRIMARY KEY,
    n BIGINT NOT NULL,
    last_at TIMESTAMP NOT NULL
);

CREATE VIEW minutes AS
SELECT c.minute, s.signal, s.workflow, s.step, s.segment,
       CAST(sum(c.n) AS BIGINT) AS n, CAST(sum(c.bad) AS BIGINT) AS bad
FROM counts AS c
JOIN series AS s ON s.id = c.series
GROUP BY ALL;

CREATE VIEW rates AS
SELECT date_trunc('hour', c.minute) AS hour, s.signal, s.workflow, s.step, s.segment,
       CAST(sum(c.n) AS BIGINT) AS n, CAST(sum(c.bad) AS BIGINT) AS bad, sum(c.bad) / nullif(sum(c.n), 0) AS rate
FROM counts AS c
JOIN series AS s ON s.id = c.series
GROUP BY ALL;

CREATE VIEW dead_letters AS
SELECT d.id, s.source, s.path, s.partition, d."offset", d.received_at, d.class, d.reason, d.size
FROM dead_letters_raw AS d
LEFT JOIN streams AS s ON s.id = d.stream;
