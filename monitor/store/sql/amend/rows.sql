-- The events of a span (microseconds) of the interactions that are shown as `touched`, and those ends that the store made: with what is
-- amended of each so far (`a`), and which steps it lacks (`l`); unless the whole of an interaction is asked for, those between two instants.
SELECT e.*, CASE WHEN a.stream IS NOT NULL THEN struct_pack({said}) END AS a,
       CASE WHEN l.stream IS NOT NULL THEN struct_pack(steps := l.steps) END AS l
FROM (
    SELECT * FROM events_held
    WHERE ts >= make_timestamp(CAST($since AS BIGINT)) AND ts <= make_timestamp(CAST($until AS BIGINT))
) AS e
JOIN touched AS t ON t.interaction_id = e.interaction_id AND t.workflow = e.workflow
LEFT JOIN amended AS a ON a.stream = e.stream AND a."offset" = e."offset" AND a.idx = e.idx
LEFT JOIN lacking AS l ON l.stream = e.stream AND l."offset" = e."offset" AND l.idx = e.idx
WHERE t.whole OR (epoch_us(e.ts) >= $since_us AND epoch_us(e.ts) <= $until_us)
