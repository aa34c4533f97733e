-- The mark up to which rows of counts are judged, microseconds; no row before the first judging.
SELECT epoch_us(reached) AS mark FROM progress WHERE name = 'folded'
