-- Moves positions, each provided that it is where this process left it; as many rows change, or something is wrong.
UPDATE streams
SET next = moved.next, received = moved.received, newest = make_timestamp(moved.newest), updated_at = make_timestamp(moved.arrived)
FROM (
    SELECT unnest(CAST($ids AS INTEGER[])) AS id, unnest(CAST($expected AS BIGINT[])) AS expected,
           unnest(CAST($nexts AS BIGINT[])) AS next, unnest(CAST($received AS BIGINT[])) AS received,
           unnest(CAST($newest AS BIGINT[])) AS newest, unnest(CAST($arrived AS BIGINT[])) AS arrived
) AS moved
WHERE streams.id = moved.id AND streams.next = moved.expected
