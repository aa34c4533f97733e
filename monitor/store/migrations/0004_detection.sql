-- What is known of an incident beside its state.

-- The largest proven change of a member, as a share, when a change of the incident was last told.
CREATE TABLE incident_told (
    incident VARCHAR NOT NULL,
    size DOUBLE NOT NULL
);

-- How high the evidence of a detector entry climbs in a week in which nothing happened; the newest valid_from is in force.
CREATE TABLE calibrations_raw (
    detector VARCHAR NOT NULL,
    judges VARCHAR NOT NULL,
    valid_from TIMESTAMP NOT NULL,
    mu DOUBLE NOT NULL,
    beta DOUBLE NOT NULL,
    series_weeks INTEGER NOT NULL,
    calibrated BOOLEAN NOT NULL,
    nats BOOLEAN NOT NULL,
    slack DOUBLE NOT NULL
);

-- What was counted after its tick was judged, by minute, with the beginning of the tick at which it was taken in.
CREATE TABLE late_counts (
    minute TIMESTAMP NOT NULL,
    series INTEGER NOT NULL,
    n INTEGER NOT NULL,
    bad INTEGER NOT NULL,
    taken_at TIMESTAMP NOT NULL
);

-- What people decided of what is normal for a series, or of a named baseline (series NULL): it is learned from `since` on, or from
-- the pinned span alone. The newest counts, from the tick that began at `taken_at` on; NULL waits for the next one.
CREATE TABLE baseline_marks (
    id VARCHAR NOT NULL,
    known_at TIMESTAMP NOT NULL,
    kind VARCHAR NOT NULL,
    name VARCHAR,
    signal VARCHAR,
    workflow VARCHAR,
    step VARCHAR,
    segment VARCHAR,
    since TIMESTAMP NOT NULL,
    until TIMESTAMP,
    incident VARCHAR,
    who VARCHAR,
    why VARCHAR,
    taken_at TIMESTAMP
);

CREATE VIEW calibrations AS
SELECT detector, valid_from, calibrated, mu, beta, series_weeks, judges
FROM calibrations_raw;
