"""A survey of a log: what runs in it, in which order, what it lacks; and the configuration that follows."""
