"""Where raw records come from: Kafka and files, through one port. Nothing is imported here: Kafka costs its time."""
