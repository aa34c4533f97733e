-- The sinks that show an incident, each with its handle: where the message is.
SELECT sink, CAST(handle AS VARCHAR) AS handle FROM outbox WHERE incident = $incident AND handle IS NOT NULL ORDER BY sink
