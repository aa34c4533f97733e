-- Asks a sink to show an incident for the first time.
INSERT INTO outbox VALUES (
    $incident, $sink, $number, 0, 'due', make_timestamp(CAST($at AS BIGINT) * 1000000),
    make_timestamp(CAST($at AS BIGINT) * 1000000), 0, 0, false, NULL, NULL
)
