"""Starts the actors, watches them, and gives every partition an owner."""
