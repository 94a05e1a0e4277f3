"""The wire contract: what the bytes in Kafka mean. Pure functions, no clients."""
