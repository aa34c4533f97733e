-- The interactions of new events that say something of others, or of which others that are stored do; `label`: a late label is among them.
-- With them a day around the new events, in which an interaction without a label is looked for (microseconds).
WITH new AS (
    SELECT workflow, interaction_id, ts, type = 'outcome' AS label, {trigger} AS says
    FROM events_raw
    WHERE stream = $stream AND "offset" >= $since AND "offset" < $until
), known AS (
    SELECT workflow, interaction_id, false AS label
    FROM events_raw
    WHERE {trigger} AND ts >= (SELECT min(ts) - INTERVAL 1 DAY FROM new) AND ts <= (SELECT max(ts) + INTERVAL 1 DAY FROM new)
    UNION ALL
    SELECT workflow, interaction_id, true AS label FROM events_raw WHERE type = 'outcome'
)
SELECT workflow, interaction_id, bool_or(label) AS label,
       epoch_us((SELECT min(ts) - INTERVAL 1 DAY FROM new)) AS since_us, epoch_us((SELECT max(ts) + INTERVAL 1 DAY FROM new)) AS until_us
FROM (
    SELECT workflow, interaction_id, label FROM new WHERE says
    UNION ALL
    SELECT k.workflow, k.interaction_id, k.label
    FROM known AS k
    WHERE (k.workflow, k.interaction_id) IN (SELECT workflow, interaction_id FROM new)
)
GROUP BY workflow, interaction_id
