"""The daemon: sources, store, ticks, incidents, notifying, web, commands."""
