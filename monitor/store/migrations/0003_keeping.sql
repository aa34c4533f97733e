-- Latencies, exports, notes on the time line, answered HTTP requests, and the positions that a person decided.

-- How many steps (step NULL: interactions) fell into each latency bucket of a minute; append-only, summed by readers.
CREATE TABLE latency (
    minute TIMESTAMP NOT NULL,
    workflow VARCHAR NOT NULL,
    step VARCHAR,
    bucket INTEGER NOT NULL,
    n INTEGER NOT NULL,
    sum_us BIGINT NOT NULL
);

-- Bucket 0 is below 16.384 ms, bucket 47 from 50.3 s on; those between are four equal parts of an octave.
CREATE VIEW latencies AS
SELECT minute, workflow, step,
       CASE bucket WHEN 0 THEN 0 ELSE ((4 + (bucket - 1) % 4) << (12 + (bucket - 1) // 4)) / 1000 END AS from_ms,
       CASE bucket WHEN 47 THEN NULL ELSE ((4 + bucket % 4) << (12 + bucket // 4)) / 1000 END AS below_ms,
       CAST(sum(n) AS BIGINT) AS n, sum(sum_us) / 1000 AS total_ms
FROM latency
GROUP BY minute, workflow, step, bucket;

-- What is in Parquet. `mark` says what of a day the file holds: of `events` how many rows of the file are still in the
-- store (they are its last ones), m of them as -1 - m where some left the store as repeats and are in the file still; of `minutes` the newest known_at in microseconds. `day` is NULL for tables in one file.
CREATE TABLE exports_raw (
    day DATE,
    kind VARCHAR NOT NULL,
    file VARCHAR NOT NULL,
    rows BIGINT NOT NULL,
    mark BIGINT NOT NULL,
    size BIGINT NOT NULL,
    sha256 VARCHAR NOT NULL,
    written_at TIMESTAMP NOT NULL
);

-- A day of events is dirty when some came after it was written: it is written again.
CREATE VIEW exports AS
SELECT e.day, e.kind, e.file, e.rows, e.size, e.sha256, e.written_at, coalesce(h.held, 0) <> e.mark AND e.kind = 'events' AS dirty
FROM exports_raw AS e
LEFT JOIN (SELECT CAST(ts AS DATE) AS day, count(*) AS held FROM events_raw GROUP BY 1) AS h ON h.day = e.day;

-- When each version, model and prompt of a workflow was first seen; the least of several rows counts. What came since the
-- progress `firsts` is read from the events themselves.
CREATE TABLE firsts (
    workflow VARCHAR NOT NULL,
    what VARCHAR NOT NULL,
    value VARCHAR NOT NULL,
    seen_at TIMESTAMP NOT NULL
);

-- Deploys, campaigns and whatever else people say happened: candidates for "just before" in a page.
CREATE TABLE notes (
    id VARCHAR NOT NULL,
    noted_at TIMESTAMP NOT NULL,
    received_at TIMESTAMP NOT NULL,
    kind VARCHAR NOT NULL,
    title VARCHAR NOT NULL,
    workflow VARCHAR,
    step VARCHAR,
    version VARCHAR,
    url VARCHAR,
    who VARCHAR
);

-- Answers of HTTP requests that named themselves by a key, so that a repeat gets the same answer and stores nothing.
-- `key` and `body` are hashes: of the path and the key, and of the request's body.
CREATE TABLE idempotency (
    key VARCHAR NOT NULL,
    body VARCHAR NOT NULL,
    answered_at TIMESTAMP NOT NULL,
    status INTEGER NOT NULL,
    answer JSON NOT NULL
);

-- Where a person told a stream to go on. `taken_at` is when that was answered; `answer` is `taken`, or why it was not.
CREATE TABLE skips (
    id INTEGER NOT NULL,
    source VARCHAR NOT NULL,
    path VARCHAR NOT NULL,
    partition INTEGER NOT NULL,
    target VARCHAR NOT NULL,
    why VARCHAR NOT NULL,
    asked_at TIMESTAMP NOT NULL,
    taken_at TIMESTAMP,
    answer VARCHAR,
    from_offset BIGINT,
    to_offset BIGINT,
    lost BIGINT
);
