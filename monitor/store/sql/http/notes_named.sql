-- Which of these ids are notes already.
SELECT id FROM notes WHERE id IN (SELECT unnest($ids::VARCHAR[]))
