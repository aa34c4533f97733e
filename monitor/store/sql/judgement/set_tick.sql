-- Remembers by ticks of how many seconds is judged.
INSERT INTO meta VALUES ('tick', $seconds)
ON CONFLICT (key) DO UPDATE SET value = excluded.value
