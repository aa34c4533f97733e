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

CREATE VIEW calibrations AS
SELECT detector, valid_from, calibrated, mu, beta, series_weeks, judges
FROM calibrations_raw;
