-- What is to be amended of the events that are shown as `amending`: whole interactions, each with all its events.
-- A label beats what was said before by its rank, then by its time, then by its identity: so the order of arrival does not matter.
WITH said AS (
    SELECT *, coalesce(step_index, -1) AS place,
           CASE outcome_source WHEN 'human' THEN 4 WHEN 'system' THEN 3 WHEN 'evaluator' THEN 2 WHEN 'stated' THEN 1 ELSE 0 END AS rank
    FROM amending
), run AS (
    SELECT * FROM said WHERE type <> 'outcome'
), aimed AS (
    SELECT t.stream AS of_stream, t."offset" AS of_offset, t.idx AS of_idx, l.*
    FROM said AS l
    JOIN run AS t
      ON t.workflow = l.workflow AND t.interaction_id = l.interaction_id
     AND CASE WHEN l.of_event_id IS NOT NULL THEN t.event_id = l.of_event_id
              WHEN l.step IS NULL THEN t.type = 'interaction'
              ELSE t.type = 'step' AND t.step = l.step AND (l.attempt IS NULL OR t.attempt = l.attempt) END
    WHERE l.type = 'outcome'
    QUALIFY row_number() OVER (
        PARTITION BY l.stream, l."offset", l.idx ORDER BY t.ts DESC, t.place DESC, t.attempt DESC, t.event_id DESC
    ) = 1
), best AS (
    SELECT of_stream, of_offset, of_idx,
           max({'rank': rank, 'ts': ts, 'id': event_id, 'value': outcome, 'source': outcome_source}) FILTER (outcome IS NOT NULL) AS outcome,
           max({'rank': rank, 'ts': ts, 'id': event_id, 'value': reask}) FILTER (reask IS NOT NULL) AS reask,
           max({'rank': rank, 'ts': ts, 'id': event_id, 'value': route_expected}) FILTER (route_expected IS NOT NULL) AS expected,
           max({'rank': rank, 'ts': ts, 'id': event_id, 'value': handoff_accepted}) FILTER (handoff_accepted IS NOT NULL) AS accepted,
           max({'rank': rank, 'ts': ts, 'id': event_id, 'value': branch_target_met}) FILTER (branch_target_met IS NOT NULL) AS met
    FROM aimed
    GROUP BY ALL
), keys AS (
    SELECT of_stream, of_offset, of_idx, entry.key AS key, max({'rank': rank, 'ts': ts, 'id': event_id, 'value': entry.value}) AS best
    FROM (SELECT of_stream, of_offset, of_idx, rank, ts, event_id, unnest(map_entries(attributes)) AS entry FROM aimed)
    GROUP BY ALL
), laid AS (
    SELECT of_stream, of_offset, of_idx, map(list(key ORDER BY key), list(best.value ORDER BY key)) AS attributes
    FROM keys
    GROUP BY ALL
), retries AS (
    SELECT DISTINCT stream, "offset", idx
    FROM (
        SELECT t.stream, t."offset", t.idx
        FROM run AS later
        JOIN run AS t
          ON t.workflow = later.workflow AND t.interaction_id = later.interaction_id AND t.step = later.step
         AND t.attempt = later.attempt - 1
         AND (t.ts, t.place, t.attempt, t.event_id) < (later.ts, later.place, later.attempt, later.event_id)
        WHERE later.attempt > 1
        QUALIFY row_number() OVER (
            PARTITION BY later.stream, later."offset", later.idx ORDER BY t.ts DESC, t.place DESC, t.event_id DESC
        ) = 1
    )
), filled AS (
    SELECT DISTINCT workflow, interaction_id, ts, place, unnest(slots_filled) AS slot FROM run
), asked AS (
    SELECT a.stream, a."offset", a.idx, bool_or(f.slot IS NOT NULL) AS again
    FROM (
        SELECT stream, "offset", idx, workflow, interaction_id, ts, place, unnest(slots_asked) AS slot FROM run WHERE reask IS NULL
    ) AS a
    LEFT JOIN filled AS f
      ON f.workflow = a.workflow AND f.interaction_id = a.interaction_id AND f.slot = a.slot AND (f.ts, f.place) < (a.ts, a.place)
    GROUP BY ALL
), handed AS (
    SELECT DISTINCT workflow, interaction_id
    FROM run
    WHERE type = 'step' AND (failure_branch = 'handoff' OR handoff."to" IN ('human', 'queue'))
), found AS (
    SELECT e.stream, e."offset", e.idx, e.ts,
           CASE WHEN (b.outcome.rank, b.outcome.ts, b.outcome.id) > (e.rank, e.ts, e.event_id) THEN b.outcome.value END AS outcome,
           CASE WHEN (b.outcome.rank, b.outcome.ts, b.outcome.id) > (e.rank, e.ts, e.event_id) THEN b.outcome.source END AS outcome_source,
           CASE WHEN e.reask IS NULL OR (b.reask.rank, b.reask.ts, b.reask.id) > (1, e.ts, e.event_id)
                THEN coalesce(b.reask.value, a.again) END AS reask,
           CASE WHEN r.stream IS NOT NULL AND NOT coalesce(e.retried, false) THEN true END AS retried,
           CASE WHEN e.route IS NOT NULL AND (e.route.expected IS NULL OR (b.expected.rank, b.expected.ts, b.expected.id) > (1, e.ts, e.event_id))
                THEN b.expected.value END AS route_expected,
           CASE WHEN e.handoff IS NOT NULL AND (e.handoff.accepted IS NULL OR (b.accepted.rank, b.accepted.ts, b.accepted.id) > (1, e.ts, e.event_id))
                THEN b.accepted.value END AS handoff_accepted,
           CASE WHEN e.branch_target_met IS NULL OR (b.met.rank, b.met.ts, b.met.id) > (1, e.ts, e.event_id)
                THEN b.met.value END AS branch_target_met,
           CASE WHEN h.interaction_id IS NOT NULL AND e.type = 'interaction' AND coalesce(e.handoff."to", '') NOT IN ('human', 'queue')
                THEN true END AS handed_off,
           l.attributes
    FROM run AS e
    LEFT JOIN best AS b ON b.of_stream = e.stream AND b.of_offset = e."offset" AND b.of_idx = e.idx
    LEFT JOIN laid AS l ON l.of_stream = e.stream AND l.of_offset = e."offset" AND l.of_idx = e.idx
    LEFT JOIN retries AS r ON r.stream = e.stream AND r."offset" = e."offset" AND r.idx = e.idx
    LEFT JOIN asked AS a ON a.stream = e.stream AND a."offset" = e."offset" AND a.idx = e.idx
    LEFT JOIN handed AS h ON h.workflow = e.workflow AND h.interaction_id = e.interaction_id
)
SELECT *
FROM found
WHERE coalesce(outcome, route_expected) IS NOT NULL OR coalesce(reask, retried, handoff_accepted, branch_target_met, handed_off) IS NOT NULL
   OR attributes IS NOT NULL
