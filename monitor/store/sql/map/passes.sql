-- For each step of a workflow in a span, over every $every-th interaction: how many ran it, how often, and what became of them.
WITH runs AS (
    SELECT interaction_id, step,
           count(*) FILTER (outcome <> 'skipped') AS events,
           count(*) FILTER (outcome <> 'skipped' AND attempt = 1) AS runs,
           bool_or(outcome = 'skipped') AS skipped,
           coalesce(bool_or(failure_branch = 'handoff' OR handoff."to" IN ('human', 'queue')), false) AS handed
    FROM events
    WHERE type = 'step' AND workflow = $workflow AND counted
      AND ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
      AND hash(interaction_id) % CAST($every AS UBIGINT) = 0
    GROUP BY interaction_id, step
)
SELECT r.step,
       count(*) FILTER (r.events > 0) AS entered,
       count(*) FILTER (r.events > 0 AND e.outcome = 'success') AS well,
       CAST(coalesce(sum(greatest(r.runs, 1)) FILTER (r.events > 0), 0) AS BIGINT) AS runs,
       count(*) FILTER (r.runs > 1) AS looped,
       count(*) FILTER (r.skipped AND r.events = 0) AS skipped,
       count(*) FILTER (r.handed) AS handed
FROM runs AS r
LEFT JOIN ({map/ended}) AS e ON e.interaction_id = r.interaction_id
GROUP BY r.step
ORDER BY entered DESC, r.step
