-- When, on each day, the interactions that are shown as `touched` have events (microseconds); unless the whole of them is asked for, only within a span.
SELECT epoch_us(min(e.ts)) AS since, epoch_us(max(e.ts)) AS until
FROM events_raw AS e
JOIN touched AS t ON t.interaction_id = e.interaction_id AND t.workflow = e.workflow
WHERE $whole OR (e.ts >= make_timestamp(CAST($since_us AS BIGINT)) AND e.ts <= make_timestamp(CAST($until_us AS BIGINT)))
GROUP BY date_trunc('day', e.ts)
ORDER BY since
