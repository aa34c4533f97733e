-- For each stream of the events: where it goes on, how many of it are stored, and its newest event (microseconds).
SELECT stream, max("offset") + 1 AS next, count(*) AS received, epoch_us(max(least(ts, received_at))) AS newest_us,
       epoch_us(max(received_at)) AS arrived_us
FROM events_raw
GROUP BY stream
ORDER BY stream
