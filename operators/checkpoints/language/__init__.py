"""A language model as Hugging Face or llama.cpp writes it."""
