-- Whether events are being brought back from exports into this file, or were until that was broken off: a row, or none.
SELECT value FROM meta WHERE key = 'restoring' AND value = 'events'
