"""The language model: the decoder, what its tokens see and where they stand, their keys and values."""
