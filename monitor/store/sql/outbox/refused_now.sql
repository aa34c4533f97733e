-- How many pages each sink refused and did not show since, with the newest reason.
SELECT sink, count(*) AS pages, max(reason) AS reason FROM outbox WHERE state = 'refused' GROUP BY sink ORDER BY sink
