"""Comparison with numbers recorded from the method's authors' code, file by file."""
