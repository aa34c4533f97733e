-- Notes the worst severity of a storm, and in which version of its digest it rose.
UPDATE storms SET severity = $severity, raised = $number WHERE id = $storm
