"""From counts to incidents: what is watched, what is normal, what is wrong, and whom it is told."""
