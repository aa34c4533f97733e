"""The door for a person's SQL: what may be asked, how many at once, within which limits."""
