-- Says that all that has come back from the exports is counted.
DELETE FROM meta WHERE key = 'restoring'
