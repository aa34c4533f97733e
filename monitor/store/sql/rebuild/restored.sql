-- Says that all events have come back from the exports, and are to be counted.
UPDATE meta SET value = 'counts' WHERE key = 'restoring'
