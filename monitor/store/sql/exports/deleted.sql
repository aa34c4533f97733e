-- So many of a day's rows have left the store: the file holds them.
UPDATE exports_raw SET mark = mark - $gone
WHERE kind = 'events' AND day = CAST(make_timestamp(CAST($day AS BIGINT) * 1000000) AS DATE)
