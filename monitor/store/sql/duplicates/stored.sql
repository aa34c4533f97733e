-- The identities of the stored events that arrived since an instant, with their arrival (microseconds).
SELECT hash(event_id) AS key, epoch_us(received_at) AS at
FROM events_raw
WHERE received_at >= make_timestamp(CAST($since_us AS BIGINT))
