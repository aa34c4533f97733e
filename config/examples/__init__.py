"""Example configurations, each checked by a test."""
