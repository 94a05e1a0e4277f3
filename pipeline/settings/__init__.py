"""How settings are modelled, read and resolved; import them from `pipeline.config`."""
