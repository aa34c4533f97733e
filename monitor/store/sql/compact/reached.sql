-- How far is judged (epoch seconds), up to which mark counts are judged, and up to which they are compacted (microseconds).
SELECT (SELECT epoch_us(reached) // 1000000 FROM progress WHERE name = 'judged') AS judged,
       (SELECT epoch_us(reached) FROM progress WHERE name = 'folded') AS folded,
       (SELECT coalesce(max(epoch_us(reached)), 0) FROM progress WHERE name = 'compacted') AS compacted
