"""Reading what was committed, as services and people do."""
