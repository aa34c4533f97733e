"""What would have been told, and when: recorded counts or events judged by the daemon's own code, in a store of their own."""
