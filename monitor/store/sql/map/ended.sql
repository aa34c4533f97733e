-- How every $every-th interaction of a workflow ended in a span, as its producer or a label says (NULL: nobody says).
SELECT interaction_id, arg_max(outcome, ts) AS outcome
FROM events
WHERE type = 'interaction' AND workflow = $workflow AND counted
  AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
  AND hash(interaction_id) % CAST($every AS UBIGINT) = 0
GROUP BY interaction_id
