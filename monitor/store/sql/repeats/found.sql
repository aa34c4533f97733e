-- Where the events of a span stand that an earlier event of the same identity stands before; one part of several.
WITH late AS (
    SELECT part, place, event_id, stream, "offset", idx
    FROM events_places
    WHERE received_at >= make_timestamp(CAST($since_us AS BIGINT)) AND received_at < make_timestamp(CAST($until_us AS BIGINT))
      AND hash(event_id) % CAST($parts AS UBIGINT) = CAST($part AS UBIGINT)
)
SELECT DISTINCT l.stream, l."offset", l.idx
FROM late AS l
JOIN events_places AS e ON e.event_id = l.event_id AND (e.part < l.part OR (e.part = l.part AND e.place < l.place))
ORDER BY ALL
