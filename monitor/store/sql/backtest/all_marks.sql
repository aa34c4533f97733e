-- What people decided of what is normal, whole, to be copied; what no tick has taken yet is left out.
SELECT * FROM baseline_marks WHERE taken_at IS NOT NULL ORDER BY taken_at, known_at, id
