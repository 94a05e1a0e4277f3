"""The Ray cluster: a local one, or the one that the settings name."""
