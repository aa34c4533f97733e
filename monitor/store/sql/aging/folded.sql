-- How far is judged (epoch seconds), and the newest known_at that the judge has taken in (microseconds); NULL before the first.
SELECT (SELECT CAST(epoch(reached) AS BIGINT) FROM progress WHERE name = 'judged') AS judged,
       (SELECT epoch_us(reached) FROM progress WHERE name = 'folded') AS folded
