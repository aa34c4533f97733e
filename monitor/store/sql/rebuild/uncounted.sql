-- Whether events have come back from exports into this file and are not counted yet: a row, or none.
SELECT value FROM meta WHERE key = 'restoring' AND value = 'counts'
