-- The steps that did not run in the interactions that are shown as `amending`, each with all its events, and without which they do not
-- end well, by the events that say that they did; `wanted` has what those are known to say by now.
WITH needs AS (
    SELECT e.stream, e."offset", e.idx, e.ts, e.workflow, e.interaction_id,
           unnest(e.required_steps) AS step, generate_subscripts(e.required_steps, 1) AS place
    FROM amending AS e
    LEFT JOIN wanted AS w ON w.stream = e.stream AND w."offset" = e."offset" AND w.idx = e.idx
    WHERE e.type = 'interaction' AND coalesce(w.outcome, e.outcome) = 'success'
)
SELECT n.stream, n."offset", n.idx, n.ts, n.workflow, n.interaction_id, list(n.step ORDER BY n.place) AS steps
FROM needs AS n
ANTI JOIN (SELECT * FROM amending WHERE type = 'step' AND outcome <> 'skipped') AS r
  ON r.workflow = n.workflow AND r.interaction_id = n.interaction_id AND r.step = n.step
GROUP BY n.stream, n."offset", n.idx, n.ts, n.workflow, n.interaction_id
