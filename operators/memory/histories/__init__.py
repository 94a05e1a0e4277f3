"""The visual histories: what a stream may remember, one file each, behind `operators.memory.history`."""
