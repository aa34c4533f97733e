-- The ends that nobody sent, of the interactions that are shown as `amending`, each with all its events: of those that have steps and no
-- end, and no step from `until_us` on. One comes `after_us` after the last step; how the interaction ended is not known where that step
-- handed it over. `closes` has these instants by workflow (microseconds).
WITH said AS (
    SELECT e.*, c.first_us, c.after_us, c.until_us,
           {'ts': e.ts, 'place': coalesce(e.step_index, -1), 'attempt': e.attempt, 'id': e.event_id,
            'stream': e.stream, 'offset': e."offset", 'idx': e.idx} AS moment,
           coalesce(e.failure_branch = 'handoff' OR e.handoff."to" IN ('human', 'queue'), false) AS handed
    FROM amending AS e
    JOIN closes AS c ON c.workflow = e.workflow
    WHERE e.type <> 'outcome'
)
SELECT arg_max(stream, moment) AS stream, arg_max("offset", moment) AS "offset", -1 - arg_max(idx, moment) AS idx,
       arg_max(received_at, moment) AS received_at, arg_max(counted, moment) AS counted,
       'interaction' AS type, arg_max(event_id, moment) || ' closed' AS event_id,
       max(ts) + to_microseconds(after_us) AS ts, interaction_id, workflow,
       CASE WHEN arg_max(handed, moment) THEN 'unknown' ELSE 'abandoned' END AS outcome, 'inferred' AS outcome_source,
       CASE WHEN arg_max(handed, moment) THEN 'handoff' ELSE 'silence' END AS end_reason,
       {carried}
FROM said
GROUP BY workflow, interaction_id, first_us, after_us, until_us
HAVING bool_and(type = 'step') AND epoch_us(max(ts)) >= first_us AND epoch_us(max(ts)) < until_us
