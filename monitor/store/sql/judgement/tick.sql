-- By ticks of how many seconds was judged last; no row before the first time.
SELECT CAST(value AS BIGINT) AS seconds FROM meta WHERE key = 'tick'
