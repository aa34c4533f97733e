-- The ends that the store made of the interactions that are shown as `amending`.
SELECT c.*
FROM events_closed AS c
SEMI JOIN amending AS e ON e.workflow = c.workflow AND e.interaction_id = c.interaction_id
