-- Whether some stored event says something of others: one row, or none.
SELECT 1 FROM events_raw WHERE {trigger} LIMIT 1
