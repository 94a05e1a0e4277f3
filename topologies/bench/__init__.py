"""Benchmarks: commands that measure and print JSON."""
