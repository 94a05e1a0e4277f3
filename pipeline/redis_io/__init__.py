"""All that talks to Redis: one way to connect, whatever stands behind the URL."""
