-- Which of these identities are events already.
SELECT DISTINCT event_id FROM events_raw WHERE event_id IN (SELECT unnest(CAST($ids AS VARCHAR[])))
