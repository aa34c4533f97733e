-- The 64-bit identities of the events of the batch that is shown as `arriving`, in its order.
SELECT hash(event_id) AS key FROM arriving
