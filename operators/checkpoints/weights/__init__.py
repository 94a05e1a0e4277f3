"""Weight files, and what their tensors must be."""
