-- When, on each day, the interactions that are shown as `touched` have events (microseconds); unless the whole of one is asked for, only
-- between two instants.
SELECT epoch_us(min(e.ts)) AS since, epoch_us(max(e.ts)) AS until
FROM (
    SELECT ts, workflow, interaction_id FROM events_brief UNION ALL SELECT ts, workflow, interaction_id FROM events_closed
) AS e
JOIN touched AS t ON t.interaction_id = e.interaction_id AND t.workflow = e.workflow
WHERE t.whole OR (epoch_us(e.ts) >= $since_us AND epoch_us(e.ts) <= $until_us)
GROUP BY date_trunc('day', e.ts)
ORDER BY since
