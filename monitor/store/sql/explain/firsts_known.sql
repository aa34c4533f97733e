-- The arrival (microseconds) up to which first sights are kept in `firsts`; 0 before the first time.
SELECT coalesce(max(epoch_us(reached)), 0) AS after FROM progress WHERE name = 'firsts'
