-- The greatest instant (microseconds) at which counts became known, or up to which they were folded in; 0 in a new store.
SELECT greatest(
    (SELECT coalesce(epoch_us(max(known_at)), 0) FROM counts),
    (SELECT coalesce(epoch_us(max(reached)), 0) FROM progress WHERE name = 'folded')
) AS at
