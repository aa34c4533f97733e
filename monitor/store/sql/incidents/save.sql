-- Writes the state of an incident.
INSERT INTO incidents_raw VALUES (
    $id, $about, $workflow, $state, $severity,
    make_timestamp(CAST($opened_at AS BIGINT) * 1000000), make_timestamp(CAST($onset AS BIGINT) * 1000000),
    make_timestamp(CAST($acknowledged_at AS BIGINT) * 1000000), $acknowledged_by,
    make_timestamp(CAST($resolved_at AS BIGINT) * 1000000), $number
)
