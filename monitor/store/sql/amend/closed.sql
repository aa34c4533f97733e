-- The interactions whose ends the store made.
SELECT workflow, interaction_id, true AS whole FROM events_closed ORDER BY workflow, interaction_id
