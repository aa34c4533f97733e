-- The interactions of new events that say something of others, or of which others that are stored do; `label`: a late label is among them.
WITH new AS (
    SELECT workflow, interaction_id, ts, type = 'outcome' AS label, {trigger} AS says
    FROM events_raw
    WHERE stream = $stream AND "offset" >= $since AND "offset" < $until
), near AS (
    SELECT min(ts) - INTERVAL 1 DAY AS since, max(ts) + INTERVAL 1 DAY AS until FROM new
), known AS (
    SELECT workflow, interaction_id, type = 'outcome' AS label
    FROM events_raw
    WHERE {trigger} AND interaction_id IN (SELECT interaction_id FROM new)
      AND (type = 'outcome' OR (ts >= (SELECT since FROM near) AND ts <= (SELECT until FROM near)))
)
SELECT workflow, interaction_id, bool_or(label) AS label,
       (SELECT epoch_us(since) FROM near) AS since_us, (SELECT epoch_us(until) FROM near) AS until_us
FROM (
    SELECT workflow, interaction_id, label FROM new WHERE says
    UNION ALL
    SELECT n.workflow, n.interaction_id, k.label
    FROM new AS n JOIN known AS k ON k.workflow = n.workflow AND k.interaction_id = n.interaction_id
)
GROUP BY ALL
