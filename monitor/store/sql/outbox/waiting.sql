-- How many pages wait for each sink and how old the oldest is (epoch seconds of the change that it tells).
SELECT sink, count(*) AS pages, CAST(epoch(min(wanted_at)) AS BIGINT) AS oldest FROM outbox WHERE state = 'due' GROUP BY sink
