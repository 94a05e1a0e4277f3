"""A camera becomes a stream of frame records."""
