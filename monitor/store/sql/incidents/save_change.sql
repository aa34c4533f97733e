-- Writes one change of an incident with the page that tells it.
INSERT INTO changes_raw VALUES (
    $incident, $number, make_timestamp(CAST($at AS BIGINT) * 1000000), $change, $state_before, $state,
    $severity_before, $severity, $raised, $reason, CAST($page AS JSON)
)
