-- What is judged, what is wrong, and who is told: baselines, detector state, verdicts, incidents, changes, deliveries.

CREATE TABLE progress (
    name VARCHAR PRIMARY KEY,
    reached TIMESTAMP NOT NULL
);

-- A fitted baseline of one series; the newest valid_from of (name, series) is in force.
CREATE TABLE baselines (
    name VARCHAR NOT NULL,
    signal VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    step VARCHAR,
    segment VARCHAR,
    valid_from TIMESTAMP NOT NULL,
    rate DOUBLE[] NOT NULL,
    volume DOUBLE[] NOT NULL,
    mean DOUBLE NOT NULL,
    trials DOUBLE NOT NULL,
    bad DOUBLE NOT NULL,
    per_tick DOUBLE NOT NULL,
    dispersion DOUBLE[] NOT NULL,
    volume_dispersion DOUBLE[] NOT NULL,
    since DOUBLE NOT NULL,
    until DOUBLE NOT NULL,
    armed DOUBLE NOT NULL,
    margin DOUBLE NOT NULL
);

-- A detector's memory of one series in one direction: named rows of numbers, thrown away and folded again at will.
CREATE TABLE detector_state (
    detector VARCHAR NOT NULL,
    signal VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    step VARCHAR,
    segment VARCHAR,
    direction INTEGER NOT NULL,
    version INTEGER NOT NULL,
    state MAP(VARCHAR, DOUBLE[]) NOT NULL
);

CREATE TABLE verdicts_raw (
    judged_at TIMESTAMP NOT NULL,
    detector VARCHAR NOT NULL,
    signal VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    step VARCHAR,
    segment VARCHAR,
    direction INTEGER NOT NULL,
    state VARCHAR NOT NULL,
    onset TIMESTAMP,
    baseline_rate DOUBLE,
    current_rate DOUBLE,
    change_low DOUBLE,
    change_high DOUBLE,
    n BIGINT,
    bad BIGINT,
    evidence DOUBLE,
    threshold DOUBLE,
    why VARCHAR NOT NULL
);

CREATE TABLE incidents_raw (
    id VARCHAR NOT NULL,
    about VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    state VARCHAR NOT NULL,
    severity VARCHAR NOT NULL,
    opened_at TIMESTAMP NOT NULL,
    onset TIMESTAMP,
    acknowledged_at TIMESTAMP,
    acknowledged_by VARCHAR,
    resolved_at TIMESTAMP,
    number INTEGER NOT NULL
);

-- The verdicts that share the incident's cause, each as last seen.
CREATE TABLE incident_members (
    incident VARCHAR NOT NULL,
    place INTEGER NOT NULL,
    detector VARCHAR NOT NULL,
    signal VARCHAR NOT NULL,
    workflow VARCHAR NOT NULL,
    step VARCHAR,
    segment VARCHAR,
    direction INTEGER NOT NULL,
    joined_at TIMESTAMP NOT NULL,
    resolved_at TIMESTAMP,
    verdict JSON NOT NULL
);

CREATE TABLE changes_raw (
    incident VARCHAR NOT NULL,
    number INTEGER NOT NULL,
    changed_at TIMESTAMP NOT NULL,
    change VARCHAR NOT NULL,
    state_before VARCHAR,
    state VARCHAR NOT NULL,
    severity_before VARCHAR,
    severity VARCHAR NOT NULL,
    raised BOOLEAN NOT NULL,
    reason VARCHAR NOT NULL,
    page JSON NOT NULL
);

-- The outbox: one row for each incident and sink, holding the newest change wanted there and the newest one sent.
CREATE TABLE outbox (
    incident VARCHAR NOT NULL,
    sink VARCHAR NOT NULL,
    wanted INTEGER NOT NULL,
    sent INTEGER NOT NULL,
    state VARCHAR NOT NULL,
    due_at TIMESTAMP NOT NULL,
    wanted_at TIMESTAMP NOT NULL,
    tries INTEGER NOT NULL,
    attempt INTEGER NOT NULL,
    sending BOOLEAN NOT NULL,
    handle JSON,
    reason VARCHAR
);

CREATE VIEW verdicts AS
SELECT judged_at, detector, signal, workflow, step, segment, direction, state, onset, baseline_rate, current_rate,
       change_low, change_high, n, bad, evidence, threshold, why
FROM verdicts_raw;

CREATE VIEW incidents AS
SELECT i.id, i.about, i.workflow, m.step, m.segment, m.signal, m.detector, i.state, i.severity, i.onset, i.opened_at,
       i.acknowledged_at, i.acknowledged_by, i.resolved_at, i.number AS changes,
       CAST(m.verdict ->> 'baseline_rate' AS DOUBLE) AS baseline_rate,
       CAST(m.verdict ->> 'current_rate' AS DOUBLE) AS current_rate,
       m.verdict ->> 'why' AS why
FROM incidents_raw AS i
LEFT JOIN incident_members AS m ON m.incident = i.id AND m.place = 0;

CREATE VIEW changes AS
SELECT incident, number, changed_at, change, state_before, state, severity_before, severity, reason,
       page ->> 'headline' AS headline
FROM changes_raw;

CREATE VIEW deliveries AS
SELECT incident, sink, wanted, sent, state, due_at, tries, reason
FROM outbox;
