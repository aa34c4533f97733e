"""What one append does: events, counts, dead letters and positions in one transaction."""
