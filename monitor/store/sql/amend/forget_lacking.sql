-- Forgets which steps are lacking of events that have left: those of a span, by their own time.
DELETE FROM lacking
WHERE ts >= make_timestamp(CAST($since AS BIGINT) * 1000000) AND ts < make_timestamp(CAST($until AS BIGINT) * 1000000)
