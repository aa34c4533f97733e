-- Carries the trials that baselines expect in a tick over to ticks of another length.
UPDATE baselines SET per_tick = per_tick * $ratio, volume = [one * $ratio FOR one IN volume]
