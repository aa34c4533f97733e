-- What the store says of interactions as a whole. Ends that nobody sent stand in `events_closed`, whose columns follow from what an event is.

-- Steps that an interaction needs and that did not run in it, by the event that is its end.
CREATE TABLE lacking (
    stream INTEGER NOT NULL,
    "offset" BIGINT NOT NULL,
    idx INTEGER NOT NULL,
    ts TIMESTAMP NOT NULL,
    workflow VARCHAR NOT NULL,
    interaction_id VARCHAR NOT NULL,
    steps VARCHAR[] NOT NULL
);

-- How far the interactions of each workflow were closed: those whose last step came before `next`; none from before `first`, when the
-- workflow sent no end yet.
CREATE TABLE closed_to (
    workflow VARCHAR NOT NULL,
    first TIMESTAMP NOT NULL,
    next TIMESTAMP NOT NULL
);
