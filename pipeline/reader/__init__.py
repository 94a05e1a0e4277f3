"""From frame records to decoded frames, in order, each admitted once."""
