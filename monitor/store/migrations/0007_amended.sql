-- What later events say of earlier ones.

-- What is amended of an event: by a late label, by a further attempt, by what the rest of its interaction says. NULL: as it was sent.
CREATE TABLE amended (
    stream INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    idx INTEGER NOT NULL,
    ts TIMESTAMP NOT NULL,
    outcome VARCHAR,
    outcome_source VARCHAR,
    reask BOOLEAN,
    retried BOOLEAN,
    route_expected VARCHAR,
    handoff_accepted BOOLEAN,
    branch_target_met BOOLEAN,
    handed_off BOOLEAN,
    attributes MAP(VARCHAR, VARCHAR)
);

-- How far each stream was looked through for what amends: the offset of the next record.
CREATE TABLE amended_to (
    stream INTEGER NOT NULL,
    next BIGINT NOT NULL
);
