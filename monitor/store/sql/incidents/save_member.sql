-- Writes one member of an incident.
INSERT INTO incident_members VALUES (
    $incident, $place, $detector, $signal, $workflow, $step, $segment, $direction,
    make_timestamp(CAST($joined_at AS BIGINT) * 1000000), make_timestamp(CAST($resolved_at AS BIGINT) * 1000000), CAST($verdict AS JSON)
)
