"""One narrator: puts records in order, steps the engine, commits."""
