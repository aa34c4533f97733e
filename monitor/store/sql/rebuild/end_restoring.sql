-- Says that everything has come back from the exports.
DELETE FROM meta WHERE key = 'restoring'
